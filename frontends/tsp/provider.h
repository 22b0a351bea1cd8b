/* The state that all functions share: one lock, the lines, the calls, the requests.
 *
 * Every callback into TAPI is made by one thread (callbacks.c), in the order in which it was
 * queued and without the lock; only closing a call makes some itself, see there. Handles are
 * numbers that are never used twice, so an old one finds nothing. */
#ifndef SIPTAPI_PROVIDER_H
#define SIPTAPI_PROVIDER_H

#include <winsock2.h>
#include <tspi.h>

#include <stdbool.h>

#include "call_events.h"
#include "structures.h"

#define LONGEST_CALL_ID 64
#define LONGEST_UTF8_NAME (3 * LONGEST_NAME)

struct line {
    struct line *next;
    DWORD handle;
    char name[LONGEST_UTF8_NAME];
    WCHAR wide_name[LONGEST_NAME];
    DWORD permanent_id;
    DWORD device_id;
    bool has_device_id;
    bool announced; /* TAPI counted it, or was told by LINE_CREATE */
    bool removed;
    bool named; /* in the list of lines that is just read */
    bool reachable; /* the service is there, and has it */
    bool registration_failed;
    bool watched; /* a dialog watch tells when conversations end */
    HTAPILINE tapi_line;
    LINEEVENT event_procedure;
    bool open;
    DWORD version;
    DWORD wanted_states;
    bool takes_calls; /* somebody wants to hear of incoming ones */
};

struct call {
    struct call *next;
    DWORD handle;
    struct line *line;
    HTAPICALL tapi_call;
    char id[LONGEST_CALL_ID]; /* the service's; empty before it is known */
    bool incoming;
    bool dialled; /* the service was asked to dial */
    bool closed;
    bool drop_wanted; /* by the request below, once the id is known */
    DRV_REQUESTID drop_request;
    struct call_progress progress; /* what was queued for TAPI */
    DWORD state, mode;             /* what TAPI was told */
    SYSTEMTIME since;
    ULONGLONG hold_until; /* it is CONNECTED so long, as nobody sees its end; 0: it is seen */
    DWORD country_code;
    WCHAR called[LONGEST_NUMBER];
    WCHAR caller[LONGEST_NUMBER];
    WCHAR caller_name[LONGEST_NUMBER];
    WCHAR diverted_by[LONGEST_NUMBER];
    WCHAR redirection[LONGEST_NUMBER]; /* where the other party was, or shall be, sent */
    bool sent_on;                      /* it was */
};

extern struct provider {
    bool started; /* the threads run */
    bool running; /* TAPI initialised us: it may be told of lines */
    DWORD permanent_id;
    HPROVIDER handle;
    LINEEVENT line_create;
    ASYNC_COMPLETION complete;
    struct line *lines;
    struct call *calls;
    DWORD last_handle;
    DWORD connected_hold;
    bool lines_known;
    CONDITION_VARIABLE lines_came;
} provider;

void provider_lock(void);
void provider_unlock(void);
/* Sleep until the condition is told, the lock given up meanwhile; at most so long. */
void provider_sleep(CONDITION_VARIABLE *condition, DWORD milliseconds);
/* A thread that keeps this DLL loaded; it ends by FreeLibraryAndExitThread with its argument. */
HANDLE provider_thread(LPTHREAD_START_ROUTINE run);
DWORD provider_new_handle(void);

#endif
