#include "service_lines.h"

#include <string.h>

#include "callbacks.h"
#include "lines_and_calls.h"
#include "requests.h"
#include "wire.h"

static bool stale; /* a line was added, changed or removed since they were asked for */

void lines_ask(void) {
    char text[LONGEST_COMMAND];
    struct json_writer line;
    struct request *request = add_request(ASKED_LINES, NULL);
    if (!request) return;
    stale = false;
    begin_command(&line, text, request->id, "list_lines");
    wire_send(&line);
}

static void note_registration(struct line *line, struct json_value state) {
    char word[24];
    if (!json_text(state, word, sizeof word) || strcmp(word, "registering") == 0) return;
    bool failed = strcmp(word, "failed") == 0 || strcmp(word, "unregistering") == 0;
    if (failed == line->registration_failed) return;
    line->registration_failed = failed;
    queue_line_state(line, failed ? LINEDEVSTATE_OUTOFSERVICE : LINEDEVSTATE_INSERVICE);
}

static void note_reachable(struct line *line, bool reachable) {
    if (line->reachable == reachable) return;
    line->reachable = reachable;
    queue_line_state(line, reachable ? LINEDEVSTATE_CONNECTED : LINEDEVSTATE_DISCONNECTED);
}

static struct line *learn_line(const char *name) {
    struct line *line = find_line_by_name(name);
    if (line || !name[0]) return line;
    line = add_line(name);
    if (line && provider.running) announce_line(line);
    return line;
}

static void on_line(struct json_value told) {
    char name[LONGEST_UTF8_NAME];
    if (json_is_false(json_member(told, "active"))) return;
    json_text(json_member(told, "name"), name, sizeof name);
    struct line *line = learn_line(name);
    if (!line) return;
    line->named = true;
    line->watched = json_is_true(json_member(told, "watching"));
    note_reachable(line, true);
    note_registration(line, json_member(told, "registration"));
}

void lines_on_answer(struct json_value reply) {
    struct json_value lines = json_member(reply, "lines");
    struct json_value told = json_first(lines);
    if (!json_present(lines) || *lines.text != '[') return;
    for (struct line *line = provider.lines; line; line = line->next) line->named = false;
    for (; json_present(told); told = json_next(lines, told)) on_line(told);
    for (struct line *line = provider.lines, *next; line; line = next) {
        next = line->next;
        if (!line->named && !line->removed) take_line_away(line);
    }
    provider.lines_known = true;
    WakeAllConditionVariable(&provider.lines_came);
}

void lines_on_event(struct json_value event) {
    char name[LONGEST_UTF8_NAME];
    char word[40];
    json_text(json_member(event, "line"), name, sizeof name);
    json_text(json_member(event, "event"), word, sizeof word);
    struct line *line = find_line_by_name(name);
    if (strncmp(word, "line_", 5) == 0) {
        stale = true;
    } else if (line && strcmp(word, "registration_changed") == 0) {
        note_registration(line, json_member(event, "state"));
    } else if (line && strcmp(word, "watch_changed") == 0) {
        line->watched = json_is_true(json_member(event, "watching"));
    }
}

void lines_on_down(void) {
    for (struct line *line = provider.lines; line; line = line->next) note_reachable(line, false);
}

void lines_on_tick(void) {
    if (stale && wire_is_up() && !find_asked(ASKED_LINES)) lines_ask();
}
