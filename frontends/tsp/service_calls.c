#include "service_calls.h"

#include <string.h>
#include <wchar.h>

#include "callbacks.h"
#include "early_events.h"
#include "lines_and_calls.h"
#include "service.h"
#include "unicode.h"
#include "wire.h"

/* ------------------------------------------------------------------------- what TAPI is told */

static void report(struct call *call, const struct call_report *reports, int count) {
    queue_reports(call, reports, count);
    for (int index = 0; index < count; index++) {
        if (reports[index].state == LINECALLSTATE_CONNECTED)
            queue_call_info(call, LINECALLINFOSTATE_CONNECTEDID);
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
}

static void complete(struct request *request, struct call *call, LONG result) {
    request->completes = false;
    queue_completion(call, request->tapi_request, result);
}

/* ------------------------------------------------------------------------- what is asked for */

static LONG ask(struct call *call, enum asked asked, DRV_REQUESTID tapi_request,
                const char *command, const WCHAR *number) {
    struct request *request = add_request(asked, call);
    if (!request) return LINEERR_NOMEM;
    if (!command_call(command, request->id, call->id, number)) {
        remove_request(request);
        return LINEERR_OPERATIONFAILED;
    }
    request->completes = true;
    request->tapi_request = tapi_request;
    return 0;
}

LONG service_dial(struct call *call, DRV_REQUESTID tapi_request, bool makes_call) {
    char text[LONGEST_COMMAND];
    struct json_writer line;
    struct request *request = add_request(ASKED_DIAL, call);
    if (!request) return LINEERR_NOMEM;
    begin_command(&line, text, request->id, "dial");
    json_put_utf16(&line, "number", call->called, wcslen(call->called));
    json_put_text(&line, "line", call->line->name);
    if (call->country_code) json_put_whole(&line, "country_code", call->country_code);
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

static LONG send_on(struct call *call, DRV_REQUESTID request, bool incoming, const WCHAR *number) {
    if (call->incoming != incoming || call->progress.left || !call->id[0])
        return LINEERR_INVALCALLSTATE;
    wcscpy(call->redirection, number);
    return ask(call, ASKED_SEND, request, incoming ? "redirect" : "transfer", number);
}

LONG service_transfer(struct call *call, DRV_REQUESTID request, const WCHAR *number) {
    return send_on(call, request, false, number);
}

LONG service_redirect(struct call *call, DRV_REQUESTID request, const WCHAR *number) {
    return send_on(call, request, true, number);
}

void service_let_go(struct call *call) {
    for (struct request *request = first_request(); request; request = request->next) {
        if (request->call != call->handle || !request->completes) continue;
        complete(request, call, request->asked == ASKED_DROP ? 0 : LINEERR_OPERATIONFAILED);
    }
    if (call->drop_wanted) queue_completion(call, call->drop_request, 0);
    call->closed = true;
    withdraw_call(call);
    if (call->id[0] && !call->incoming && !call->progress.left) command_aside("hang_up", call->id);
    free_call(call);
}

/* ----------------------------------------------------------------------- what is answered */

/* The call that a lineMakeCall or lineDial began is there no more, and TAPI is told why. */
static void fail_dial(struct request *request, struct call *call, LONG result) {
    if (call->drop_wanted) queue_completion(call, call->drop_request, 0);
    call->drop_wanted = false;
    if (request->makes_call) {
        request->completes = false;
        queue_failed_call(call, request->tapi_request, result);
        call->progress.state = LINECALLSTATE_IDLE;
    } else {
        complete(request, call, result);
        end_call(call, LINEDISCONNECTMODE_UNKNOWN);
    }
}

void calls_on_failure(struct request *request, LONG result) {
    struct call *call = find_call(request->call);
    if (!call || !request->completes) return;
    if (request->asked == ASKED_DIAL) {
        fail_dial(request, call, result);
    } else if (request->asked == ASKED_DROP) {
        complete(request, call, 0);
        end_call(call, LINEDISCONNECTMODE_UNKNOWN);
    } else {
        complete(request, call, result);
    }
}

static void on_dialling(struct request *request, struct call *call, struct json_value line) {
    char id[LONGEST_CALL_ID];
    struct call_event event;
    json_text(json_member(line, "call"), id, sizeof id);
    if (!id[0]) {
        calls_on_failure(request, LINEERR_OPERATIONFAILED);
        return;
    }
    if (!call || !request->completes) { /* too late: nobody waits for this call any more */
        command_aside("hang_up", id);
        return;
    }
    memcpy(call->id, id, sizeof id);
    complete(request, call, 0);
    call->progress.state = LINECALLSTATE_DIALING;
    report(call, &(struct call_report){LINECALLSTATE_DIALING, 0}, 1);
    queue_call_info(call, LINECALLINFOSTATE_CALLEDID);
    while (take_early(id, &event)) hear(call, event);
    if (call->drop_wanted) {
        call->drop_wanted = false;
        LONG result = service_drop(call, call->drop_request);
        if (result) queue_completion(call, call->drop_request, result);
    }
}

void calls_on_answer(struct request *request, struct json_value line) {
    struct call *call = find_call(request->call);
    if (request->asked == ASKED_DIAL) {
        on_dialling(request, call, line);
    } else if (request->completes && call) {
        complete(request, call, 0);
        if (request->asked == ASKED_SEND) {
            call->sent_on = true;
            queue_call_info(call, LINECALLINFOSTATE_REDIRECTIONID);
        }
    }
}

/* -------------------------------------------------------------------------- what happens */

static void read_text(struct json_value event, const char *name, WCHAR *out) {
    char text[3 * LONGEST_NUMBER];
    json_text(json_member(event, name), text, sizeof text);
    utf16_from_utf8(text, out, LONGEST_NUMBER);
}

static void on_incoming(const char id[LONGEST_CALL_ID], struct json_value event) {
    char name[LONGEST_UTF8_NAME];
    json_text(json_member(event, "line"), name, sizeof name);
    struct line *line = find_line_by_name(name);
    if (!line || !line->open || !line->takes_calls || count_calls(line) >= MOST_CALLS) return;
    struct call *call = add_call(line);
    if (!call) return;
    memcpy(call->id, id, sizeof call->id);
    call->incoming = true;
    read_text(event, "caller", call->caller);
    read_text(event, "caller_name", call->caller_name);
    read_text(event, "called", call->called);
    read_text(event, "diverted_by", call->diverted_by);
    call->progress.state = LINECALLSTATE_OFFERING;
    queue_new_call(call);
    report(call, &(struct call_report){LINECALLSTATE_OFFERING, LINEOFFERINGMODE_ACTIVE}, 1);
}

void calls_on_event(struct json_value line) {
    char id[LONGEST_CALL_ID];
    struct call_event event = call_event_read(line);
    if (!json_text(json_member(line, "call"), id, sizeof id) || !id[0]) return;
    struct call *call = find_call_by_id(id);
    if (call) {
        hear(call, event);
    } else if (event.kind == EVENT_INCOMING_RINGING) {
        on_incoming(id, line);
    } else if (find_asked(ASKED_DIAL)) {
        keep_early(id, event);
    } else {
        forget_early();
    }
}

void calls_on_down(void) {
    for (struct call *call = provider.calls; call; call = call->next) {
        if (call->id[0] && !call->closed) end_call(call, LINEDISCONNECTMODE_UNKNOWN);
    }
    forget_early();
}

void calls_on_tick(ULONGLONG now) {
    for (struct call *call = provider.calls; call; call = call->next) {
        bool unseen = call->progress.left && !call->line->watched &&
                      call->progress.state == LINECALLSTATE_CONNECTED;
        if (!unseen || call->closed) {
            call->hold_until = 0;
        } else if (!call->hold_until) {
            call->hold_until = now + provider.connected_hold;
        } else if (now >= call->hold_until) {
            end_call(call, LINEDISCONNECTMODE_UNKNOWN);
        }
    }
}
