#include "service.h"

#include <stdlib.h>
#include <string.h>

#include "callbacks.h"
#include "early_events.h"
#include "lines_and_calls.h"
#include "log.h"
#include "registry.h"
#include "service_calls.h"
#include "service_lines.h"
#include "wire.h"

#define PATIENCE 1900   /* milliseconds for an answer; it is looked at every 100 */
#define FORGOTTEN 60000 /* a late answer is understood so long */

static LONG result_of(struct json_value error) {
    static const struct {
        const char *code;
        LONG result;
    } results[] = {
        {"number", LINEERR_INVALADDRESS},
        {"denied", LINEERR_ADDRESSBLOCKED},
        {"refused", LINEERR_INVALCALLSTATE},
        {"busy", LINEERR_RESOURCEUNAVAIL},
        {"not-supported", LINEERR_OPERATIONUNAVAIL},
    };
    char code[40];
    json_text(json_member(error, "code"), code, sizeof code);
    for (size_t index = 0; index < sizeof results / sizeof *results; index++) {
        if (strcmp(code, results[index].code) == 0) return results[index].result;
    }
    return LINEERR_OPERATIONFAILED;
}

static void on_answer(struct request *request, struct json_value line) {
    struct json_value error = json_member(line, "error");
    if (json_present(error)) {
        char message[512];
        json_text(json_member(error, "message"), message, sizeof message);
        log_line("%lu is refused: %s", (unsigned long)request->id, message);
        calls_on_failure(request, result_of(error));
    } else if (request->asked == ASKED_LINES) {
        lines_on_answer(line);
    } else {
        calls_on_answer(request, line);
    }
    remove_request(request);
}

static void on_line(struct json_value line) {
    int64_t id;
    if (json_present(json_member(line, "event"))) {
        if (json_present(json_member(line, "call"))) {
            calls_on_event(line);
        } else {
            lines_on_event(line);
        }
    } else if (json_whole(json_member(line, "id"), &id)) {
        struct request *request = id == (DWORD)id ? find_request((DWORD)id) : NULL;
        if (request) on_answer(request, line);
    }
}

static void on_up(void) {
    char text[LONGEST_COMMAND];
    struct json_writer line;
    struct request *events = add_request(ASKED_EVENTS, NULL);
    if (!events) return;
    json_begin(&line, text, sizeof text);
    json_put_whole(&line, "id", events->id);
    json_put_text(&line, "subscribe", "events");
    wire_send(&line);
    lines_ask();
}

static void on_down(void) {
    struct request *request;
    while ((request = first_request())) {
        calls_on_failure(request, LINEERR_OPERATIONFAILED);
        remove_request(request);
    }
    calls_on_down();
    lines_on_down();
}

static void on_tick(void) {
    ULONGLONG now = GetTickCount64();
    for (struct request *request = first_request(), *next; request; request = next) {
        next = request->next;
        if (now - request->since > PATIENCE) calls_on_failure(request, LINEERR_OPERATIONFAILED);
        if (now - request->since > FORGOTTEN) {
            if (request->asked == ASKED_LINES) lines_ask();
            remove_request(request);
        }
    }
    calls_on_tick(now);
    lines_on_tick();
}

bool service_start(void) {
    static const struct wire_listener listener = {on_up, on_line, on_down};
    provider.connected_hold = registry_number(L"ConnectedHold", 5000);
    if (!callbacks_start(on_tick)) return false;
    if (wire_start(&listener)) return true;
    callbacks_stop();
    return false;
}

void service_stop(void) {
    wire_stop();
    callbacks_stop();
    provider_lock();
    struct request *request;
    while ((request = first_request())) remove_request(request);
    forget_early();
    while (provider.calls) free_call(provider.calls);
    while (provider.lines) {
        struct line *next = provider.lines->next;
        free(provider.lines);
        provider.lines = next;
    }
    provider.lines_known = false;
    provider_unlock();
}
