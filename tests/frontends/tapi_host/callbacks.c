/* What the provider tells, held against the rules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

const char *state_name(DWORD state) {
    switch (state) {
    case LINECALLSTATE_IDLE: return "IDLE";
    case LINECALLSTATE_OFFERING: return "OFFERING";
    case LINECALLSTATE_DIALTONE: return "DIALTONE";
    case LINECALLSTATE_DIALING: return "DIALING";
    case LINECALLSTATE_PROCEEDING: return "PROCEEDING";
    case LINECALLSTATE_RINGBACK: return "RINGBACK";
    case LINECALLSTATE_CONNECTED: return "CONNECTED";
    case LINECALLSTATE_BUSY: return "BUSY";
    case LINECALLSTATE_DISCONNECTED: return "DISCONNECTED";
    default: return "?";
    }
}

void CALLBACK on_completion(DRV_REQUESTID id, LONG result) {
    EnterCriticalSection(&lock);
    if (id == 0 || id > (DWORD)last_request) {
        fault("completion of request %lu, which was never made", (unsigned long)id);
    } else {
        struct request *request = &requests[id];
        if (request->done) fault("request %lu is completed twice", (unsigned long)id);
        request->done = true;
        request->result = result;
        say("complete %lu 0x%08lx", (unsigned long)id, (unsigned long)result);
        struct call *call = &calls[request->call];
        if (request->makes_call) {
            call->made = result == 0;
            if (result && !call->closing) note_closed(request->call);
        }
    }
    LeaveCriticalSection(&lock);
}

static void check_answers(struct call *call, int number, DWORD state) {
    LONG result;
    LINECALLSTATUS *status = guarded(sizeof *status);
    TIMED(result, tsp_lineGetCallStatus(call->handle, status));
    if (result == 0 && status->dwCallState != state)
        fault("call %d is told to be %s, and answers %s", number, state_name(state),
              state_name(status->dwCallState));
    if (result != 0 && !call->closing)
        fault("call %d: lineGetCallStatus in a callback: 0x%lx", number, (unsigned long)result);
    if (result == 0 && status->dwCallPrivilege != TAPIS) fault("dwCallPrivilege was written");
    release(status);
}

void CALLBACK on_event(HTAPILINE line, HTAPICALL tapi_call, DWORD message, DWORD_PTR first,
                              DWORD_PTR second, DWORD_PTR third) {
    int device = (int)((DWORD_PTR)line & 0xFF);
    int number = slots[(DWORD_PTR)tapi_call & 63];
    struct call *call = &calls[number];
    if (message == LINE_CREATE) {
        LONG result;
        int created = BASE + devices++;
        say("created %d", created);
        TIMED(result, tsp_providerCreateLineDevice(second, (DWORD)created));
        if (result) fault("TSPI_providerCreateLineDevice: 0x%lx", (unsigned long)result);
        return;
    }
    if (message == LINE_REMOVE) {
        say("removed %lu", (unsigned long)first);
        return;
    }
    EnterCriticalSection(&lock);
    if (((DWORD_PTR)line & ~(DWORD_PTR)0xFF) != HIGH_LINE) fault("a handle lost bits");
    if (!lines[device].open) fault("an event of line %d, which is not open", device);
    LeaveCriticalSection(&lock);
    if (message == LINE_LINEDEVSTATE) {
        if (first & (LINEDEVSTATE_CONNECTED | LINEDEVSTATE_DISCONNECTED))
            lines[device].away = first & LINEDEVSTATE_DISCONNECTED;
        say("line %d state 0x%lx", device, (unsigned long)first);
        return;
    }
    if (message == LINE_NEWCALL) {
        EnterCriticalSection(&lock);
        number = add_call(device);
        calls[number].made = true;
        calls[number].handle = (HDRVCALL)first;
        *(HTAPICALL *)second = tapi_handle(number);
        say("new call %d line %d", number, device);
        LeaveCriticalSection(&lock);
        return;
    }
    EnterCriticalSection(&lock);
    if (((DWORD_PTR)tapi_call & ~(DWORD_PTR)63) != HIGH_CALL || !number)
        fault("an event of a call that is none, or was closed");
    if (!call->made) fault("an event of call %d before its completion", number);
    if (call->idle) fault("an event of call %d after IDLE", number);
    if (message == LINE_CALLSTATE) {
        call->state = (DWORD)first;
        if (first == LINECALLSTATE_DISCONNECTED) {
            say("call %d DISCONNECTED 0x%lx", number, (unsigned long)second);
        } else {
            say("call %d %s", number, state_name((DWORD)first));
        }
        if (third != LINEMEDIAMODE_INTERACTIVEVOICE) fault("no media mode with a call state");
        call->idle = first == LINECALLSTATE_IDLE;
    } else if (message == LINE_CALLINFO) {
        say("call %d info 0x%lx", number, (unsigned long)first);
    } else {
        fault("message %lu", (unsigned long)message);
    }
    LeaveCriticalSection(&lock);
    if (message != LINE_CALLSTATE) return;
    DWORD pause = stall;
    stall = 0;
    Sleep(pause);
    check_answers(call, number, (DWORD)first);
}
