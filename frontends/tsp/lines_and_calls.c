#include "lines_and_calls.h"

#include <stdlib.h>
#include <string.h>

#include "callbacks.h"
#include "unicode.h"

struct line *find_line(DWORD handle) {
    struct line *line = provider.lines;
    while (line && line->handle != handle) line = line->next;
    return line;
}

struct line *find_line_by_name(const char *name) {
    struct line *line = provider.lines;
    while (line && (line->removed || strcmp(line->name, name) != 0)) line = line->next;
    return line;
}

struct line *find_line_by_device(DWORD device_id) {
    struct line *line = provider.lines;
    while (line && (line->removed || !line->has_device_id || line->device_id != device_id))
        line = line->next;
    return line;
}

static bool is_taken(DWORD permanent_id) {
    for (struct line *line = provider.lines; line; line = line->next) {
        if (!line->removed && line->permanent_id == permanent_id) return true;
    }
    return false;
}

struct line *add_line(const char *name) {
    struct line *line = calloc(1, sizeof *line);
    struct line **last = &provider.lines;
    if (!line) return NULL;
    line->handle = provider_new_handle();
    strncpy(line->name, name, sizeof line->name - 1);
    utf16_from_utf8(name, line->wide_name, LONGEST_NAME);
    line->permanent_id = permanent_line_id(name);
    while (is_taken(line->permanent_id)) line->permanent_id++; /* two names of one hash */
    while (*last) last = &(*last)->next;
    *last = line;
    return line;
}

void announce_line(struct line *line) {
    line->announced = true;
    queue_line_create(line);
}

void number_line(struct line *line, DWORD device_id) {
    line->device_id = device_id;
    line->has_device_id = true;
    if (line->removed) take_line_away(line);
}

void take_line_away(struct line *line) {
    line->removed = true;
    if (line->has_device_id) queue_line_remove(line);
    free_line_if_unused(line);
}

void free_line_if_unused(struct line *line) {
    struct line **at = &provider.lines;
    bool gets_number = line->announced && !line->has_device_id;
    if (!line->removed || line->open || gets_number || count_calls(line)) return;
    while (*at != line) at = &(*at)->next;
    *at = line->next;
    free(line);
}

struct call *find_call(DWORD handle) {
    struct call *call = provider.calls;
    while (call && (call->closed || call->handle != handle)) call = call->next;
    return call;
}

struct call *find_call_by_id(const char *id) {
    struct call *call = provider.calls;
    while (call && (call->closed || strcmp(call->id, id) != 0)) call = call->next;
    return call;
}

struct call *add_call(struct line *line) {
    struct call *call = calloc(1, sizeof *call);
    if (!call) return NULL;
    call->handle = provider_new_handle();
    call->line = line;
    call->state = LINECALLSTATE_IDLE;
    GetSystemTime(&call->since);
    call->next = provider.calls;
    provider.calls = call;
    return call;
}

void free_call(struct call *call) {
    struct call **at = &provider.calls;
    struct line *line = call->line;
    while (*at != call) at = &(*at)->next;
    *at = call->next;
    free(call);
    free_line_if_unused(line);
}

DWORD count_calls(const struct line *line) {
    DWORD count = 0;
    for (struct call *call = provider.calls; call; call = call->next) count += call->line == line;
    return count;
}

static DWORD count_active_calls(const struct line *line) {
    DWORD count = 0;
    for (struct call *call = provider.calls; call; call = call->next)
        count += call->line == line && call->state != LINECALLSTATE_IDLE;
    return count;
}

struct line_facts facts_of_line(const struct line *line) {
    bool reachable = line->reachable && !line->removed;
    return (struct line_facts){
        .device_id = line->device_id,
        .permanent_id = line->permanent_id,
        .name = line->wide_name,
        .reachable = reachable,
        .in_service = reachable && !line->registration_failed,
        .calls = count_active_calls(line),
    };
}

struct call_facts facts_of_call(const struct call *call) {
    return (struct call_facts){
        .device_id = call->line->device_id,
        .id = call->handle,
        .state = call->state,
        .mode = call->mode,
        .incoming = call->incoming,
        .transferable = !call->progress.left && !call->progress.referred,
        .connected = call->state == LINECALLSTATE_CONNECTED,
        .country_code = call->country_code,
        .since = call->since,
        .caller = call->caller,
        .caller_name = call->caller_name,
        .called = call->called,
        .diverted_by = call->diverted_by,
        .redirection = call->sent_on ? call->redirection : L"",
    };
}
