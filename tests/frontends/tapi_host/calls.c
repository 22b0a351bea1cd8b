/* Calls as TAPI keeps them, and what applications do with them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

int add_call(int device) {
    int slot = 1;
    int call = ++last_call;
    while (slots[slot]) slot++;
    if (call >= MOST || slot == 63) abort();
    slots[slot] = call;
    calls[call] = (struct call){.device = device, .slot = slot};
    return call;
}

HTAPICALL tapi_handle(int call) {
    return (HTAPICALL)(HIGH_CALL | (DWORD_PTR)calls[call].slot);
}

void note_closed(int call) {
    calls[call].closed = true;
    slots[calls[call].slot] = 0;
}

static int new_request(int call, bool makes_call) {
    EnterCriticalSection(&lock);
    int id = ++last_request;
    if (id >= MOST) abort();
    requests[id] = (struct request){.call = call, .makes_call = makes_call};
    LeaveCriticalSection(&lock);
    return id;
}

/* What a function that will complete later returned: its request, or an error. */
static bool begun(int id, LONG result) {
    if (result == id) return true;
    EnterCriticalSection(&lock);
    if (requests[id].done) fault("request %d is completed and refused", id);
    if (result >= 0) fault("request %d: 0x%lx is neither it nor an error", id, (unsigned long)result);
    requests[id].done = true;
    requests[id].result = result;
    say("error 0x%08lx", (unsigned long)result);
    LeaveCriticalSection(&lock);
    return false;
}

int make_call(int device, const char *number, DWORD country_code, int *request) {
    WCHAR wide[512];
    LONG result;
    MultiByteToWideChar(CP_UTF8, 0, number, -1, wide, 512);
    EnterCriticalSection(&lock);
    int call = add_call(device);
    LeaveCriticalSection(&lock);
    int id = new_request(call, true);
    say("call %d request %d", call, id);
    TIMED(result, tsp_lineMakeCall((DWORD)id, lines[device].handle, tapi_handle(call),
                                   &calls[call].handle, strcmp(number, "-") ? wide : NULL,
                                   country_code, NULL));
    EnterCriticalSection(&lock);
    if (!begun(id, result)) note_closed(call);
    LeaveCriticalSection(&lock);
    *request = id;
    return call;
}

int ask(const char *what, int call, const char *number) {
    WCHAR wide[512];
    LONG result;
    HDRVCALL handle = calls[call].handle;
    int id = new_request(call, false);
    MultiByteToWideChar(CP_UTF8, 0, number, -1, wide, 512);
    say("%s %d request %d", what, call, id);
    if (strcmp(what, "dial") == 0) {
        TIMED(result, tsp_lineDial((DWORD)id, handle, wide, 0));
    } else if (strcmp(what, "transfer") == 0) {
        TIMED(result, tsp_lineBlindTransfer((DWORD)id, handle, wide, 0));
    } else if (strcmp(what, "redirect") == 0) {
        TIMED(result, tsp_lineRedirect((DWORD)id, handle, wide, 0));
    } else {
        TIMED(result, tsp_lineDrop((DWORD)id, handle, NULL, 0));
    }
    begun(id, result);
    return id;
}

static void check_completed(int call) {
    EnterCriticalSection(&lock);
    for (int id = 1; id <= last_request; id++) {
        if (requests[id].call == call && !requests[id].done)
            fault("request %d of call %d is not completed when it is closed", id, call);
    }
    LeaveCriticalSection(&lock);
}

void close_call(int call) {
    LONG result;
    EnterCriticalSection(&lock);
    bool closed = calls[call].closed;
    calls[call].closing = true;
    LeaveCriticalSection(&lock);
    if (closed) return;
    TIMED(result, tsp_lineCloseCall(calls[call].handle));
    EnterCriticalSection(&lock);
    /* One whose lineMakeCall failed meanwhile is there no more. */
    if (result && calls[call].made)
        fault("TSPI_lineCloseCall of %d: 0x%lx", call, (unsigned long)result);
    note_closed(call);
    LeaveCriticalSection(&lock);
    check_completed(call);
    say("released %d", call);
}
