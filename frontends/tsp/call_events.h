/* What the service tells of a call, and what TAPI is told of it in turn.
 *
 *   service                              TAPI
 *   the answer to `dial`                 the completion, then DIALING
 *   phone answered, REFER, 100           PROCEEDING
 *   callee rings                         RINGBACK
 *   callee answers                       CONNECTED
 *   call ended, incoming ended           (BUSY,) DISCONNECTED with its mode, IDLE
 *
 * A state never goes back, whichever party is called first. After `call ended: answered` the call
 * stays CONNECTED: nobody sees the conversation any more, unless a dialog watch does. */
#ifndef SIPTAPI_CALL_EVENTS_H
#define SIPTAPI_CALL_EVENTS_H

#include <tspi.h>

#include <stdbool.h>

#include "json.h"

enum call_event_kind {
    EVENT_OTHER,
    EVENT_PHONE_ANSWERED,
    EVENT_REFER_ACCEPTED,
    EVENT_CALLEE_TRYING,
    EVENT_CALLEE_RINGING,
    EVENT_CALLEE_ANSWERED,
    EVENT_HANDED_OVER,
    EVENT_CALL_FAILED,
    EVENT_CALL_ENDED,
    EVENT_CALL_CORRECTED,
    EVENT_CONVERSATION_ENDED,
    EVENT_INCOMING_RINGING,
    EVENT_INCOMING_ANSWERED_ELSEWHERE,
    EVENT_INCOMING_ENDED,
};

enum call_outcome {
    OUTCOME_UNKNOWN,
    OUTCOME_ANSWERED,
    OUTCOME_BUSY,
    OUTCOME_NO_ANSWER,
    OUTCOME_REJECTED,
    OUTCOME_NOT_FOUND,
    OUTCOME_FAILED,
    OUTCOME_CANCELLED,
};

struct call_event {
    enum call_event_kind kind;
    enum call_outcome outcome;
    int status; /* the SIP status, 0: none */
};

struct call_event call_event_read(struct json_value event);

/* How far a call is, for TAPI. */
struct call_progress {
    DWORD state;           /* the LINECALLSTATE that was last reported; 0: none */
    bool phone_is_there;   /* the phone answered or took the REFER */
    bool callee_waits;     /* the callee answered before the phone did */
    bool referred;         /* the phone was told whom to call, and has not said that it failed */
    bool left;             /* the service holds nothing of it any more */
    int status;            /* the last SIP status that told of a failure */
};

struct call_report {
    DWORD state;
    DWORD mode;
};

#define MOST_REPORTS 3

/* What to report of an event, in order; the result is how many. `version` is the line's. */
int call_progress_hear(struct call_progress *progress, struct call_event event, DWORD version,
                       struct call_report reports[MOST_REPORTS]);
/* The same of an end that the service does not tell: DISCONNECTED with this mode, IDLE. */
int call_progress_end(struct call_progress *progress, DWORD mode, DWORD version,
                      struct call_report reports[MOST_REPORTS]);

#endif
