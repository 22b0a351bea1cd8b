#include "service.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "callbacks.h"
#include "lines_and_calls.h"
#include "log.h"
#include "registry.h"
#include "unicode.h"
#include "wire.h"

#define PATIENCE 2000   /* milliseconds for an answer */
#define FORGOTTEN 60000 /* a late answer is understood so long */
#define MOST_EARLY 1000
#define LONGEST_COMMAND 4096

enum asked { ASKED_EVENTS, ASKED_LINES, ASKED_DIAL, ASKED_DROP, ASKED_OTHER };

struct request {
    struct request *next;
    DWORD id;
    enum asked asked;
    DWORD call; /* handle, 0: none */
    DRV_REQUESTID tapi_request;
    bool completes; /* TAPI waits for it */
    bool makes_call;
    ULONGLONG since;
};

/* An event of a call whose `dial` is not answered yet. */
struct early {
    struct early *next;
    char id[LONGEST_CALL_ID];
    struct call_event event;
};

static struct request *requests;
static struct early *early;
static DWORD last_id;

/* ------------------------------------------------------------------------------- requests */

static struct request *add_request(enum asked asked, struct call *call) {
    struct request *request = calloc(1, sizeof *request);
    if (!request) return NULL;
    request->asked = asked;
    request->call = call ? call->handle : 0;
    request->id = ++last_id;
    request->since = GetTickCount64();
    request->next = requests;
    requests = request;
    return request;
}

static void remove_request(struct request *request) {
    struct request **at = &requests;
    while (*at != request) at = &(*at)->next;
    *at = request->next;
    free(request);
}

static bool dial_is_pending(void) {
    for (struct request *request = requests; request; request = request->next) {
        if (request->asked == ASKED_DIAL) return true;
    }
    return false;
}

static void forget_early(const char *id) {
    for (struct early **at = &early; *at;) {
        struct early *one = *at;
        if (id && strcmp(one->id, id) != 0) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        free(one);
    }
}

static void begin_command(struct json_writer *line, char *text, DWORD id, const char *command) {
    json_begin(line, text, LONGEST_COMMAND);
    json_put_whole(line, "id", id);
    json_put_text(line, "command", command);
}

static bool ask_of_call(const char *command, DWORD id, const char *call, const WCHAR *number) {
    char text[LONGEST_COMMAND];
    struct json_writer line;
    begin_command(&line, text, id, command);
    json_put_text(&line, "call", call);
    if (number) json_put_utf16(&line, "number", number, wcslen(number));
    return wire_send(&line);
}

/* Ask without anyone waiting for the answer. */
static void ask_aside(const char *command, const char *call) {
    ask_of_call(command, ++last_id, call, NULL);
}

static LONG ask(struct call *call, enum asked asked, DRV_REQUESTID tapi_request,
                const char *command, const WCHAR *number) {
    struct request *request = add_request(asked, call);
    if (!request) return LINEERR_NOMEM;
    if (!ask_of_call(command, request->id, call->id, number)) {
        remove_request(request);
        return LINEERR_OPERATIONFAILED;
    }
    request->completes = true;
    request->tapi_request = tapi_request;
    return 0;
}

/* ------------------------------------------------------------------------------- the calls */

static void report(struct call *call, const struct call_report *reports, int count) {
    queue_reports(call, reports, count);
    for (int index = 0; index < count; index++) {
        if (reports[index].state == LINECALLSTATE_CONNECTED)
            queue_call_info(call, LINECALLINFOSTATE_CONNECTEDID);
        if (reports[index].state == LINECALLSTATE_IDLE) call->hold_until = 0;
    }
}

static void end_call(struct call *call, DWORD mode) {
    struct call_report reports[MOST_REPORTS];
    int count = call_progress_end(&call->progress, mode, call->line->version, reports);
    report(call, reports, count);
}

static void hear(struct call *call, struct call_event event) {
    struct call_report reports[MOST_REPORTS];
    int count = call_progress_hear(&call->progress, event, call->line->version, reports);
    report(call, reports, count);
    if (event.kind == EVENT_CALL_ENDED && call->progress.state == LINECALLSTATE_CONNECTED &&
        !call->line->watched)
        call->hold_until = GetTickCount64() + provider.connected_hold;
}

/* The call that a lineMakeCall or lineDial began is there no more, and TAPI is told why. */
static void fail_dial(struct request *request, LONG result) {
    struct call *call = find_call(request->call);
    if (!call || !request->completes) return;
    request->completes = false;
    if (call->drop_wanted) queue_completion(call, call->drop_request, 0);
    call->drop_wanted = false;
    if (request->makes_call) {
        queue_failed_call(call, request->tapi_request, result);
        call->progress.state = LINECALLSTATE_IDLE;
    } else {
        queue_completion(call, request->tapi_request, result);
        end_call(call, LINEDISCONNECTMODE_UNKNOWN);
    }
}

static void fail(struct request *request, LONG result) {
    struct call *call = find_call(request->call);
    if (request->asked == ASKED_DIAL) {
        fail_dial(request, result);
    } else if (request->completes && call) {
        request->completes = false;
        queue_completion(call, request->tapi_request, request->asked == ASKED_DROP ? 0 : result);
        if (request->asked == ASKED_DROP) end_call(call, LINEDISCONNECTMODE_UNKNOWN);
    }
}

static LONG result_of(struct json_value error) {
    static const struct {
        const char *code;
        LONG result;
    } results[] = {
        {"number", LINEERR_INVALADDRESS},
        {"denied", LINEERR_ADDRESSBLOCKED},
        {"refused", LINEERR_INVALCALLSTATE},
        {"not-supported", LINEERR_OPERATIONUNAVAIL},
    };
    char code[40];
    json_text(json_member(error, "code"), code, sizeof code);
    for (size_t index = 0; index < sizeof results / sizeof *results; index++) {
        if (strcmp(code, results[index].code) == 0) return results[index].result;
    }
    return LINEERR_OPERATIONFAILED;
}

static void on_dialling(struct request *request, struct json_value line) {
    struct call *call = find_call(request->call);
    char id[LONGEST_CALL_ID];
    json_text(json_member(line, "call"), id, sizeof id);
    if (!call || !request->completes) { /* too late: nobody waits for this call any more */
        ask_aside("hang_up", id);
        forget_early(id);
        return;
    }
    memcpy(call->id, id, sizeof id);
    request->completes = false;
    queue_completion(call, request->tapi_request, 0);
    call->progress.state = LINECALLSTATE_DIALING;
    report(call, &(struct call_report){LINECALLSTATE_DIALING, 0}, 1);
    queue_call_info(call, LINECALLINFOSTATE_CALLEDID);
    for (struct early *one = early; one; one = one->next) {
        if (strcmp(one->id, id) == 0) hear(call, one->event);
    }
    forget_early(id);
    if (call->drop_wanted) {
        call->drop_wanted = false;
        LONG result = service_drop(call, call->drop_request);
        if (result) queue_completion(call, call->drop_request, result);
    }
}

LONG service_dial(struct call *call, DRV_REQUESTID tapi_request, bool makes_call) {
    char text[LONGEST_COMMAND];
    struct json_writer line;
    struct request *request = add_request(ASKED_DIAL, call);
    if (!request) return LINEERR_NOMEM;
    begin_command(&line, text, request->id, "dial");
    json_put_utf16(&line, "number", call->called, wcslen(call->called));
    json_put_text(&line, "line", call->line->name);
    if (!wire_send(&line)) {
        remove_request(request);
        return LINEERR_OPERATIONFAILED;
    }
    call->dialled = true;
    request->completes = true;
    request->tapi_request = tapi_request;
    request->makes_call = makes_call;
    return 0;
}

LONG service_drop(struct call *call, DRV_REQUESTID tapi_request) {
    bool nothing_to_drop = call->progress.left || (!call->incoming && !call->dialled);
    if (nothing_to_drop || call->progress.state == LINECALLSTATE_IDLE) {
        queue_completion(call, tapi_request, 0);
        end_call(call, LINEDISCONNECTMODE_NORMAL);
        return 0;
    }
    if (!call->id[0]) {
        if (call->drop_wanted) return LINEERR_OPERATIONFAILED;
        call->drop_wanted = true;
        call->drop_request = tapi_request;
        return 0;
    }
    const char *command = call->incoming ? "reject" : "hang_up";
    if (ask(call, ASKED_DROP, tapi_request, command, NULL)) { /* nobody is there who holds it */
        queue_completion(call, tapi_request, 0);
        end_call(call, LINEDISCONNECTMODE_UNKNOWN);
    }
    return 0;
}

LONG service_transfer(struct call *call, DRV_REQUESTID request, const WCHAR *number) {
    if (call->incoming || call->progress.left || !call->id[0]) return LINEERR_INVALCALLSTATE;
    return ask(call, ASKED_OTHER, request, "transfer", number);
}

LONG service_redirect(struct call *call, DRV_REQUESTID request, const WCHAR *number) {
    if (!call->incoming || call->progress.left) return LINEERR_INVALCALLSTATE;
    return ask(call, ASKED_OTHER, request, "redirect", number);
}

void service_let_go(struct call *call) {
    for (struct request *request = requests; request; request = request->next) {
        if (request->call != call->handle || !request->completes) continue;
        request->completes = false;
        queue_completion(call, request->tapi_request,
                         request->asked == ASKED_DROP ? 0 : LINEERR_OPERATIONFAILED);
    }
    if (call->drop_wanted) queue_completion(call, call->drop_request, 0);
    call->closed = true;
    withdraw_call(call);
    if (call->id[0] && !call->incoming && !call->progress.left) ask_aside("hang_up", call->id);
    free_call(call);
}

/* ------------------------------------------------------------------------------- the lines */

static void note_registration(struct line *line, struct json_value state) {
    char word[24];
    if (!json_text(state, word, sizeof word) || strcmp(word, "registering") == 0) return;
    bool failed = strcmp(word, "failed") == 0 || strcmp(word, "unregistering") == 0;
    if (failed == line->registration_failed) return;
    line->registration_failed = failed;
    queue_line_state(line, failed ? LINEDEVSTATE_OUTOFSERVICE : LINEDEVSTATE_INSERVICE);
}

static struct line *learn_line(const char *name) {
    struct line *line = find_line_by_name(name);
    if (line || !name[0]) return line;
    line = add_line(name);
    if (line && provider.running) announce_line(line);
    return line;
}

static void on_lines(struct json_value reply) {
    struct json_value lines = json_member(reply, "lines");
    struct json_value told = json_first(lines);
    for (struct line *line = provider.lines; line; line = line->next) line->named = false;
    for (; json_present(told); told = json_next(lines, told)) {
        char name[LONGEST_UTF8_NAME];
        json_text(json_member(told, "name"), name, sizeof name);
        struct line *line = learn_line(name);
        if (!line) continue;
        line->named = true;
        line->watched = json_is_true(json_member(told, "watching"));
        note_registration(line, json_member(told, "registration"));
        queue_line_state(line, LINEDEVSTATE_CONNECTED);
    }
    for (struct line *line = provider.lines, *next; line; line = next) {
        next = line->next;
        if (!line->named && !line->removed) take_line_away(line);
    }
    provider.lines_known = true;
    WakeAllConditionVariable(&provider.lines_came);
}

/* ------------------------------------------------------------------------------- what comes */

static void read_text(struct json_value event, const char *name, WCHAR *out) {
    char text[3 * LONGEST_NUMBER];
    json_text(json_member(event, name), text, sizeof text);
    utf16_from_utf8(text, out, LONGEST_NUMBER);
}

static void on_incoming(struct line *line, const char id[LONGEST_CALL_ID], struct json_value event) {
    struct call *call = line->open && line->takes_calls ? add_call(line) : NULL;
    if (!call) return;
    memcpy(call->id, id, sizeof call->id);
    call->incoming = true;
    read_text(event, "caller", call->caller);
    read_text(event, "caller_name", call->caller_name);
    read_text(event, "called", call->called);
    call->progress.state = LINECALLSTATE_OFFERING;
    queue_new_call(call);
    report(call, &(struct call_report){LINECALLSTATE_OFFERING, LINEOFFERINGMODE_ACTIVE}, 1);
}

static void keep_early(const char id[LONGEST_CALL_ID], struct call_event event) {
    struct early **at = &early;
    int count = 0;
    if (!dial_is_pending()) {
        forget_early(NULL);
        return;
    }
    for (; *at; at = &(*at)->next) count++;
    struct early *one = count < MOST_EARLY ? calloc(1, sizeof *one) : NULL;
    if (!one) return;
    memcpy(one->id, id, sizeof one->id);
    one->event = event;
    *at = one;
}

static void on_call_event(struct json_value line) {
    char id[LONGEST_CALL_ID];
    char name[LONGEST_UTF8_NAME];
    struct call_event event = call_event_read(line);
    if (!json_text(json_member(line, "call"), id, sizeof id) || !id[0]) return;
    json_text(json_member(line, "line"), name, sizeof name);
    struct call *call = find_call_by_id(id);
    struct line *its = find_line_by_name(name);
    if (call) {
        hear(call, event);
    } else if (event.kind == EVENT_INCOMING_RINGING) {
        if (its) on_incoming(its, id, line);
    } else {
        keep_early(id, event);
    }
}

static void on_line_event(struct json_value event) {
    char name[LONGEST_UTF8_NAME];
    char word[40];
    json_text(json_member(event, "line"), name, sizeof name);
    json_text(json_member(event, "event"), word, sizeof word);
    struct line *line = strcmp(word, "line_added") ? find_line_by_name(name) : learn_line(name);
    if (!line) return;
    if (strcmp(word, "line_removed") == 0) take_line_away(line);
    if (strcmp(word, "registration_changed") == 0)
        note_registration(line, json_member(event, "state"));
    if (strcmp(word, "watch_changed") == 0)
        line->watched = json_is_true(json_member(event, "watching"));
}

static void on_answer(struct request *request, struct json_value line) {
    struct json_value error = json_member(line, "error");
    struct call *call = find_call(request->call);
    if (json_present(error)) {
        char message[512];
        json_text(json_member(error, "message"), message, sizeof message);
        log_line("%lu is refused: %s", (unsigned long)request->id, message);
        fail(request, result_of(error));
    } else if (request->asked == ASKED_DIAL) {
        on_dialling(request, line);
    } else if (request->asked == ASKED_LINES) {
        on_lines(line);
    } else if (request->completes && call) {
        request->completes = false;
        queue_completion(call, request->tapi_request, 0);
    }
    remove_request(request);
}

static void on_line(struct json_value line) {
    int64_t id;
    if (json_present(json_member(line, "event"))) {
        if (json_present(json_member(line, "call"))) {
            on_call_event(line);
        } else {
            on_line_event(line);
        }
    } else if (json_whole(json_member(line, "id"), &id)) {
        struct request *request = requests;
        while (request && request->id != (DWORD)id) request = request->next;
        if (request) on_answer(request, line);
    }
}

static void on_up(void) {
    char text[LONGEST_COMMAND];
    struct json_writer line;
    struct request *events = add_request(ASKED_EVENTS, NULL);
    struct request *lines = add_request(ASKED_LINES, NULL);
    if (!events || !lines) return;
    json_begin(&line, text, sizeof text);
    json_put_whole(&line, "id", events->id);
    json_put_text(&line, "subscribe", "events");
    wire_send(&line);
    begin_command(&line, text, lines->id, "list_lines");
    wire_send(&line);
}

static void on_down(void) {
    while (requests) {
        fail(requests, LINEERR_OPERATIONFAILED);
        remove_request(requests);
    }
    forget_early(NULL);
    for (struct call *call = provider.calls; call; call = call->next) {
        if (call->id[0] && !call->closed) end_call(call, LINEDISCONNECTMODE_UNKNOWN);
    }
    for (struct line *line = provider.lines; line; line = line->next)
        queue_line_state(line, LINEDEVSTATE_DISCONNECTED);
}

static void on_tick(void) {
    ULONGLONG now = GetTickCount64();
    for (struct request *request = requests, *next; request; request = next) {
        next = request->next;
        if (now - request->since > PATIENCE) fail(request, LINEERR_OPERATIONFAILED);
        if (now - request->since > FORGOTTEN) remove_request(request);
    }
    for (struct call *call = provider.calls; call; call = call->next) {
        if (call->hold_until && now >= call->hold_until && !call->closed)
            end_call(call, LINEDISCONNECTMODE_UNKNOWN);
    }
}

bool service_start(void) {
    static const struct wire_listener listener = {on_up, on_line, on_down};
    provider.connected_hold = registry_number(L"ConnectedHold", 5000);
    return callbacks_start(on_tick) && wire_start(&listener);
}

void service_stop(void) {
    wire_stop();
    callbacks_stop();
    provider_lock();
    while (requests) remove_request(requests);
    forget_early(NULL);
    while (provider.calls) free_call(provider.calls);
    while (provider.lines) {
        struct line *next = provider.lines->next;
        free(provider.lines);
        provider.lines = next;
    }
    provider.lines_known = false;
    provider_unlock();
}
