#include "call_events.h"

#include <string.h>

#define TAPI_2_0 0x00020000

static const struct {
    const char *name;
    enum call_event_kind kind;
} kinds[] = {
    {"phone_answered", EVENT_PHONE_ANSWERED},
    {"refer_accepted", EVENT_REFER_ACCEPTED},
    {"callee_trying", EVENT_CALLEE_TRYING},
    {"callee_ringing", EVENT_CALLEE_RINGING},
    {"callee_answered", EVENT_CALLEE_ANSWERED},
    {"handed_over", EVENT_HANDED_OVER},
    {"call_failed", EVENT_CALL_FAILED},
    {"call_ended", EVENT_CALL_ENDED},
    {"call_corrected", EVENT_CALL_CORRECTED},
    {"conversation_ended", EVENT_CONVERSATION_ENDED},
    {"incoming_ringing", EVENT_INCOMING_RINGING},
    {"incoming_answered_elsewhere", EVENT_INCOMING_ANSWERED_ELSEWHERE},
    {"incoming_ended", EVENT_INCOMING_ENDED},
};

static const struct {
    const char *name;
    enum call_outcome outcome;
} outcomes[] = {
    {"answered", OUTCOME_ANSWERED},   {"busy", OUTCOME_BUSY},
    {"no-answer", OUTCOME_NO_ANSWER}, {"rejected", OUTCOME_REJECTED},
    {"not-found", OUTCOME_NOT_FOUND}, {"failed", OUTCOME_FAILED},
    {"cancelled", OUTCOME_CANCELLED},
};

struct call_event call_event_read(struct json_value event) {
    struct call_event read = {EVENT_OTHER, OUTCOME_UNKNOWN, 0};
    char word[40];
    int64_t status;
    json_text(json_member(event, "event"), word, sizeof word);
    for (size_t index = 0; index < sizeof kinds / sizeof *kinds; index++) {
        if (strcmp(word, kinds[index].name) == 0) read.kind = kinds[index].kind;
    }
    json_text(json_member(event, "outcome"), word, sizeof word);
    for (size_t index = 0; index < sizeof outcomes / sizeof *outcomes; index++) {
        if (strcmp(word, outcomes[index].name) == 0) read.outcome = outcomes[index].outcome;
    }
    if (json_whole(json_member(event, "status"), &status) && status >= 100 && status < 700)
        read.status = (int)status;
    return read;
}

static DWORD disconnect_mode(enum call_outcome outcome, int status) {
    switch (outcome) {
    case OUTCOME_BUSY: return LINEDISCONNECTMODE_BUSY;
    case OUTCOME_NO_ANSWER:
        return status == 480 ? LINEDISCONNECTMODE_UNREACHABLE : LINEDISCONNECTMODE_NOANSWER;
    case OUTCOME_REJECTED: return LINEDISCONNECTMODE_REJECT;
    case OUTCOME_NOT_FOUND: return LINEDISCONNECTMODE_BADADDRESS;
    case OUTCOME_FAILED: return LINEDISCONNECTMODE_CONGESTION;
    case OUTCOME_CANCELLED: return LINEDISCONNECTMODE_CANCELLED;
    case OUTCOME_ANSWERED: return LINEDISCONNECTMODE_NORMAL;
    case OUTCOME_UNKNOWN: break;
    }
    return LINEDISCONNECTMODE_UNKNOWN;
}

static int rank(DWORD state) {
    switch (state) {
    case LINECALLSTATE_DIALING: return 1;
    case LINECALLSTATE_PROCEEDING: return 2;
    case LINECALLSTATE_RINGBACK: return 3;
    case LINECALLSTATE_CONNECTED: return 4;
    default: return 0;
    }
}

static int advance(struct call_progress *progress, DWORD state, struct call_report *report) {
    if (rank(state) <= rank(progress->state)) return 0;
    progress->state = state;
    *report = (struct call_report){state, state == LINECALLSTATE_CONNECTED ? LINECONNECTEDMODE_ACTIVE
                                                                           : 0};
    return 1;
}

int call_progress_end(struct call_progress *progress, DWORD mode, DWORD version,
                      struct call_report reports[MOST_REPORTS]) {
    int count = 0;
    if (progress->state == LINECALLSTATE_IDLE) return 0;
    if (version < TAPI_2_0 && mode == LINEDISCONNECTMODE_CANCELLED)
        mode = LINEDISCONNECTMODE_UNKNOWN;
    if (mode == LINEDISCONNECTMODE_BUSY)
        reports[count++] = (struct call_report){LINECALLSTATE_BUSY, LINEBUSYMODE_UNKNOWN};
    reports[count++] = (struct call_report){LINECALLSTATE_DISCONNECTED, mode};
    reports[count++] = (struct call_report){LINECALLSTATE_IDLE, 0};
    progress->state = LINECALLSTATE_IDLE;
    progress->left = true;
    return count;
}

int call_progress_hear(struct call_progress *progress, struct call_event event, DWORD version,
                       struct call_report reports[MOST_REPORTS]) {
    if (progress->state == LINECALLSTATE_IDLE) return 0;
    if (event.kind >= EVENT_PHONE_ANSWERED && event.kind <= EVENT_CALLEE_ANSWERED)
        progress->referred = true;
    switch (event.kind) {
    case EVENT_PHONE_ANSWERED:
        progress->phone_is_there = true;
        if (progress->callee_waits) return advance(progress, LINECALLSTATE_CONNECTED, reports);
        return advance(progress, LINECALLSTATE_PROCEEDING, reports);
    case EVENT_REFER_ACCEPTED:
        progress->phone_is_there = true;
        return advance(progress, LINECALLSTATE_PROCEEDING, reports);
    case EVENT_CALLEE_TRYING: return advance(progress, LINECALLSTATE_PROCEEDING, reports);
    case EVENT_CALLEE_RINGING: return advance(progress, LINECALLSTATE_RINGBACK, reports);
    case EVENT_CALLEE_ANSWERED:
        if (progress->phone_is_there) return advance(progress, LINECALLSTATE_CONNECTED, reports);
        progress->callee_waits = true;
        return 0;
    case EVENT_HANDED_OVER: progress->left = true; return 0;
    case EVENT_CALL_FAILED:
        progress->referred = false;
        progress->status = event.status;
        return 0;
    case EVENT_CALL_ENDED:
        progress->left = true;
        if (event.outcome == OUTCOME_ANSWERED)
            return advance(progress, LINECALLSTATE_CONNECTED, reports);
        break;
    case EVENT_CALL_CORRECTED:
        if (event.outcome == OUTCOME_ANSWERED) return 0;
        break;
    case EVENT_CONVERSATION_ENDED:
    case EVENT_INCOMING_ENDED:
        return call_progress_end(progress, LINEDISCONNECTMODE_NORMAL, version, reports);
    case EVENT_INCOMING_ANSWERED_ELSEWHERE:
        return call_progress_end(progress, LINEDISCONNECTMODE_PICKUP, version, reports);
    case EVENT_INCOMING_RINGING:
    case EVENT_OTHER: return 0;
    }
    DWORD mode = disconnect_mode(event.outcome, progress->status);
    return call_progress_end(progress, mode, version, reports);
}
