/* Plays Windows' Telephony service for one service provider, strictly, and by commands.
 *
 *   tapi_host.exe PROVIDER NAME=VALUE...   with these settings in the registry
 *   tapi_host.exe THING                    as browser or editor: writes down what to open
 *
 * Commands come on standard input, one a line; what happens is told on standard output. `FAULT`
 * says what the provider did against the rules; the last line is `closed` or there is none.
 *
 *   open DEVICE VERSION          line DEVICE is open
 *   close DEVICE
 *   call DEVICE NUMBER|-         call CALL request REQUEST, or: error 0x...
 *   dial|transfer|redirect CALL NUMBER, drop CALL, release CALL
 *   info CALL, at CALL           what LINECALLINFO and LINECALLSTATUS say of it
 *   status DEVICE, caps DEVICE VERSION EXTRA
 *   row DEVICE COUNT NUMBER SEED a row of calls, each while the line is there, most of them
 *                                dropped after a while; other commands go on meanwhile
 *   memory                       memory HANDLES BLOCKS BYTES of this process
 *   configure DEVICE             have the dialogs opened
 *   set NAME=VALUE               another setting
 *   quit
 *
 * Handles given to the provider have more than 32 bits, and those of calls are given again soon;
 * every buffer ends at a page that cannot be touched; every call of the provider is measured. */
#include <winsock2.h>
#include <tspi.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 4096
#define SLOWEST 2000 /* milliseconds */
#define BASE 7       /* of our device ids: other providers have lines too */

#define HIGH_CALL ((DWORD_PTR)0x5A5A00000000ull)
#define HIGH_LINE ((DWORD_PTR)0x3C3C00000000ull)

struct request {
    bool makes_call, done;
    LONG result;
    int call;
};

struct call {
    bool made, closing, closed, idle;
    int device, slot;
    HDRVCALL handle;
    DWORD state;
};

static struct line {
    bool there, open, away;
    HDRVLINE handle;
    DWORD version;
} lines[256];
static struct request requests[MOST];
static struct call calls[MOST];
static int last_request, last_call, devices, rows;
static int slots[64]; /* the call that has a handle now; 0: none */
static CRITICAL_SECTION lock;
static HMODULE provider;
static bool faulty;

static void say(const char *format, ...) __attribute__((format(__printf__, 1, 2)));
static void say(const char *format, ...) {
    va_list arguments;
    EnterCriticalSection(&lock);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
    LeaveCriticalSection(&lock);
}

#define fault(...)           \
    do {                     \
        faulty = true;       \
        say("FAULT " __VA_ARGS__); \
    } while (0)

#define FUNCTION(name) static __typeof__(&TSPI_##name) tsp_##name
FUNCTION(lineNegotiateTSPIVersion);
FUNCTION(providerEnumDevices);
FUNCTION(providerInit);
FUNCTION(providerShutdown);
FUNCTION(providerCreateLineDevice);
FUNCTION(lineOpen);
FUNCTION(lineClose);
FUNCTION(lineSetStatusMessages);
FUNCTION(lineSetDefaultMediaDetection);
FUNCTION(lineGetDevCaps);
FUNCTION(lineGetAddressCaps);
FUNCTION(lineGetLineDevStatus);
FUNCTION(lineGetAddressStatus);
FUNCTION(lineMakeCall);
FUNCTION(lineDial);
FUNCTION(lineDrop);
FUNCTION(lineCloseCall);
FUNCTION(lineBlindTransfer);
FUNCTION(lineRedirect);
FUNCTION(lineGetCallInfo);
FUNCTION(lineGetCallStatus);
FUNCTION(lineGetID);
FUNCTION(lineGetCallAddressID);
FUNCTION(lineGetNumAddressIDs);
FUNCTION(lineConditionalMediaDetection);
FUNCTION(providerGenericDialogData);

#define FIND(name)                                                              \
    do {                                                                        \
        tsp_##name = (__typeof__(tsp_##name))(void *)GetProcAddress(provider, "TSPI_" #name); \
        if (!tsp_##name) fault("TSPI_" #name " is not exported");                     \
    } while (0)

/* A provider's function, which must return in time. */
#define TIMED(result, expression)                                                  \
    do {                                                                           \
        ULONGLONG began_ = GetTickCount64();                                       \
        result = (LONG)(expression);                                               \
        ULONGLONG took_ = GetTickCount64() - began_;                               \
        if (took_ > SLOWEST) fault("%s took %lu ms", #expression, (unsigned long)took_); \
    } while (0)

/* ------------------------------------------------------------------- buffers with guard pages */

/* With 0xCC in it, which is also what TAPI has put where only TAPI writes. */
static void *guarded(DWORD size) {
    DWORD pages = (size + 4095) / 4096 * 4096;
    char *region = VirtualAlloc(NULL, pages + 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    DWORD before;
    if (!region || !VirtualProtect(region + pages, 4096, PAGE_NOACCESS, &before)) abort();
    memset(region, 0xCC, pages);
    DWORD *structure = (DWORD *)(void *)(region + pages - size);
    memcpy(structure, &size, sizeof size);
    return structure;
}

#define TAPIS 0xCCCCCCCC

static void release(void *structure) {
    MEMORY_BASIC_INFORMATION information;
    VirtualQuery(structure, &information, sizeof information);
    VirtualFree(information.AllocationBase, 0, MEM_RELEASE);
}

static void check_sizes(const void *structure, const char *name) {
    DWORD sizes[3];
    memcpy(sizes, structure, sizeof sizes);
    if (sizes[2] > sizes[0] || sizes[2] > sizes[1])
        fault("%s: total %lu, needed %lu, used %lu", name, (unsigned long)sizes[0],
              (unsigned long)sizes[1], (unsigned long)sizes[2]);
}

/* ----------------------------------------------------------------------------------- the calls */

/* A new call, the lock held; its handle is the lowest that no open call has. */
static int add_call(int device) {
    int slot = 1;
    int call = ++last_call;
    while (slots[slot]) slot++;
    if (call >= MOST || slot == 63) abort();
    slots[slot] = call;
    calls[call] = (struct call){.device = device, .slot = slot};
    return call;
}

static HTAPICALL tapi_handle(int call) {
    return (HTAPICALL)(HIGH_CALL | (DWORD_PTR)calls[call].slot);
}

static void note_closed(int call) {
    calls[call].closed = true;
    slots[calls[call].slot] = 0;
}

/* ---------------------------------------------------------------------------------- callbacks */

static const char *state_name(DWORD state) {
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

static void CALLBACK on_completion(DRV_REQUESTID id, LONG result) {
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

static void CALLBACK on_event(HTAPILINE line, HTAPICALL tapi_call, DWORD message, DWORD_PTR first,
                              DWORD_PTR second, DWORD_PTR third) {
    int device = (int)((DWORD_PTR)line & 0xFF);
    int number = slots[(DWORD_PTR)tapi_call & 63];
    struct call *call = &calls[number];
    if (message == LINE_CREATE) {
        LONG result;
        int created = BASE + devices++;
        say("created %d", created);
        lines[created].there = true;
        TIMED(result, tsp_providerCreateLineDevice(second, (DWORD)created));
        if (result) fault("TSPI_providerCreateLineDevice: 0x%lx", (unsigned long)result);
        return;
    }
    if (message == LINE_REMOVE) {
        say("removed %lu", (unsigned long)first);
        lines[first].there = false;
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
    if (message == LINE_CALLSTATE) check_answers(call, number, (DWORD)first);
}

/* ----------------------------------------------------------------------------------- commands */

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

static int make_call(int device, const char *number, DWORD country_code, int *request) {
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

static int ask(const char *what, int call, const char *number) {
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

static void close_call(int call) {
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

/* What belongs to the line and its one address, and what does not. */
static void check_ids(int device) {
    HDRVLINE handle = lines[device].handle;
    DWORD number = 0;
    for (DWORD size = sizeof(VARSTRING); size <= sizeof(VARSTRING) + sizeof number; size++) {
        VARSTRING *id = guarded(size);
        LONG result = tsp_lineGetID(handle, 0, NULL, LINECALLSELECT_LINE, id, L"tapi/line", NULL);
        bool fits = size >= id->dwNeededSize;
        if (fits) memcpy(&number, (char *)id + id->dwStringOffset, sizeof number);
        if (result || (fits && number != (DWORD)device)) fault("TSPI_lineGetID, %lu bytes", size);
        check_sizes(id, "VARSTRING");
        release(id);
    }
    VARSTRING *id = guarded(sizeof *id);
    if (tsp_lineGetID(handle, 0, NULL, LINECALLSELECT_LINE, id, L"wave/in", NULL) !=
        (LONG)LINEERR_NODEVICE)
        fault("a line with sound");
    release(id);
    if (tsp_lineGetNumAddressIDs(handle, &number) || number != 1) fault("%lu addresses", number);
    if (tsp_lineConditionalMediaDetection(handle, LINEMEDIAMODE_G3FAX, NULL) !=
        (LONG)LINEERR_INVALMEDIAMODE)
        fault("a line for fax");
    if (tsp_lineConditionalMediaDetection(handle, LINEMEDIAMODE_INTERACTIVEVOICE, NULL))
        fault("a line without voice");
}

static void open_line(int device, DWORD version) {
    LONG result;
    HTAPILINE handle = (HTAPILINE)(HIGH_LINE | (DWORD_PTR)device);
    lines[device].open = true;
    lines[device].version = version;
    TIMED(result, tsp_lineOpen((DWORD)device, handle, &lines[device].handle, version, on_event));
    if (result) {
        lines[device].open = false;
        say("error 0x%08lx", (unsigned long)result);
        return;
    }
    TIMED(result, tsp_lineSetStatusMessages(lines[device].handle, 0xFFFFFFFF, 0));
    if (result) fault("TSPI_lineSetStatusMessages: 0x%lx", (unsigned long)result);
    TIMED(result, tsp_lineSetDefaultMediaDetection(lines[device].handle, LINEMEDIAMODE_INTERACTIVEVOICE));
    if (result) fault("TSPI_lineSetDefaultMediaDetection: 0x%lx", (unsigned long)result);
    check_ids(device);
    say("open %d", device);
}

static void close_line(int device) {
    LONG result;
    for (int call = 1; call <= last_call; call++) {
        if (calls[call].device == device) close_call(call);
    }
    TIMED(result, tsp_lineClose(lines[device].handle));
    if (result) fault("TSPI_lineClose: 0x%lx", (unsigned long)result);
    lines[device].open = false;
    say("closed line %d", device);
}

static void say_text(const char *name, const void *structure, DWORD size, DWORD offset) {
    char text[1024];
    if (!size) return;
    WideCharToMultiByte(CP_UTF8, 0, (const WCHAR *)((const char *)structure + offset), -1, text,
                        sizeof text, NULL, NULL);
    say("  %s %s", name, text);
}

/* The call's status, whose buffer is too small by one byte first. */
static void show_call_status(int call) {
    LONG result;
    LINECALLSTATUS *status;
    SYSTEMTIME now;
    FILETIME then_, now_;
    DWORD fixed = lines[calls[call].device].version < 0x20000 ? 36 : 56;
    status = guarded(fixed - 1);
    TIMED(result, tsp_lineGetCallStatus(calls[call].handle, status));
    if (result != (LONG)LINEERR_STRUCTURETOOSMALL) fault("a buffer of %lu bytes", fixed - 1);
    release(status);
    status = guarded(fixed);
    TIMED(result, tsp_lineGetCallStatus(calls[call].handle, status));
    if (result) fault("TSPI_lineGetCallStatus of %d: 0x%lx", call, (unsigned long)result);
    if (status->dwCallPrivilege != TAPIS) fault("dwCallPrivilege was written");
    if (fixed == 56) { /* since when it is in this state, as UTC */
        GetSystemTime(&now);
        if (!SystemTimeToFileTime(&status->tStateEntryTime, &then_)) fault("no time");
        SystemTimeToFileTime(&now, &now_);
        ULONGLONG age = (((ULONGLONG)now_.dwHighDateTime << 32 | now_.dwLowDateTime) -
                         ((ULONGLONG)then_.dwHighDateTime << 32 | then_.dwLowDateTime)) / 10000000;
        if (age > 60) fault("call %d is in its state since %lu s", call, (unsigned long)age);
    }
    DWORD address = 9;
    if (tsp_lineGetCallAddressID(calls[call].handle, &address) || address) fault("another address");
    say("at %d %s features 0x%lx", call, state_name(status->dwCallState),
        (unsigned long)status->dwCallFeatures);
    release(status);
}

static void show_info(int call) {
    LONG result;
    DWORD size = lines[calls[call].device].version < 0x20000 ? 296 : 324;
    LINECALLINFO *info;
    for (;;) {
        info = guarded(size);
        TIMED(result, tsp_lineGetCallInfo(calls[call].handle, info));
        if (result) break;
        check_sizes(info, "LINECALLINFO");
        if (info->dwNeededSize <= size) break;
        size = info->dwNeededSize;
        release(info);
    }
    say("info %d 0x%08lx", call, (unsigned long)result);
    if (!result) {
        say_text("caller", info, info->dwCallerIDSize, info->dwCallerIDOffset);
        say_text("caller-name", info, info->dwCallerIDNameSize, info->dwCallerIDNameOffset);
        say_text("called", info, info->dwCalledIDSize, info->dwCalledIDOffset);
        say_text("connected", info, info->dwConnectedIDSize, info->dwConnectedIDOffset);
        say_text("redirection", info, info->dwRedirectionIDSize, info->dwRedirectionIDOffset);
        say_text("redirecting", info, info->dwRedirectingIDSize, info->dwRedirectingIDOffset);
        say("  origin 0x%lx country %lu", (unsigned long)info->dwOrigin,
            (unsigned long)info->dwCountryCode);
        if ((DWORD)(DWORD_PTR)info->hLine != TAPIS || info->dwMonitorMediaModes != TAPIS ||
            info->dwNumOwners != TAPIS || info->dwCommentOffset != TAPIS)
            fault("LINECALLINFO: what TAPI wrote was written");
    }
    say("told");
    release(info);
}

/* What a feature is called by; without such a function it must not be said to be there. */
struct feature {
    DWORD bit;
    const char *function;
};

static const struct feature call_features[] = {{LINECALLFEATURE_DROP, "TSPI_lineDrop"},
                                               {LINECALLFEATURE_DIAL, "TSPI_lineDial"},
                                               {LINECALLFEATURE_BLINDTRANSFER,
                                                "TSPI_lineBlindTransfer"},
                                               {LINECALLFEATURE_REDIRECT, "TSPI_lineRedirect"},
                                               {0, NULL}};
static const struct feature line_features[] = {{LINEFEATURE_MAKECALL, "TSPI_lineMakeCall"},
                                               {0, NULL}};
static const struct feature address_features[] = {{LINEADDRFEATURE_MAKECALL, "TSPI_lineMakeCall"},
                                                  {0, NULL}};

static void check_features(DWORD told, const struct feature *features) {
    for (; features->bit; features++) {
        if (told & features->bit && !GetProcAddress(provider, features->function))
            fault("%s is advertised, and not there", features->function);
        told &= ~features->bit;
    }
    if (told) fault("features 0x%lx are advertised", (unsigned long)told);
}

static void show_caps(int device, DWORD version, DWORD extra) {
    LONG result;
    static const DWORD sizes[] = {240, 252, 252, 268};
    DWORD size = sizes[version == 0x10004 ? 0 : version - 0x20000 + 1] + extra;
    LINEDEVCAPS *caps = guarded(size);
    TIMED(result, tsp_lineGetDevCaps((DWORD)device, version, 0, caps));
    say("caps 0x%08lx total %lu needed %lu used %lu", (unsigned long)result, (unsigned long)size,
        (unsigned long)caps->dwNeededSize, (unsigned long)caps->dwUsedSize);
    if (caps->dwTotalSize != size) fault("dwTotalSize was written");
    if (!result) {
        check_sizes(caps, "LINEDEVCAPS");
        say("  permanent 0x%08lx", (unsigned long)caps->dwPermanentLineID);
        say_text("name", caps, caps->dwLineNameSize, caps->dwLineNameOffset);
        check_features(caps->dwLineFeatures, line_features);
    }
    release(caps);
    LINEADDRESSCAPS *address = guarded(version < 0x20000 ? 180 : sizeof *address);
    TIMED(result, tsp_lineGetAddressCaps((DWORD)device, 0, version, 0, address));
    if (result) fault("TSPI_lineGetAddressCaps: 0x%lx", (unsigned long)result);
    check_sizes(address, "LINEADDRESSCAPS");
    check_features(address->dwCallFeatures, call_features);
    check_features(address->dwAddressFeatures, address_features);
    release(address);
    say("told");
}

static void show_status(int device) {
    LONG result;
    LINEDEVSTATUS *status = guarded(sizeof *status);
    LINEADDRESSSTATUS *address = guarded(sizeof *address);
    TIMED(result, tsp_lineGetLineDevStatus(lines[device].handle, status));
    if (result) fault("TSPI_lineGetLineDevStatus: 0x%lx", (unsigned long)result);
    if (status->dwNumOpens != TAPIS || status->dwOpenMediaModes != TAPIS)
        fault("LINEDEVSTATUS: what TAPI wrote was written");
    TIMED(result, tsp_lineGetAddressStatus(lines[device].handle, 0, address));
    if (result) fault("TSPI_lineGetAddressStatus: 0x%lx", (unsigned long)result);
    say("status %d flags 0x%lx features 0x%lx in-use %lu calls %lu", device,
        (unsigned long)status->dwDevStatusFlags, (unsigned long)address->dwAddressFeatures,
        (unsigned long)address->dwNumInUse, (unsigned long)status->dwNumActiveCalls);
    release(status);
    release(address);
}

static bool await_request(int id) {
    for (int turn = 0; turn < 500 && !requests[id].done; turn++) Sleep(5);
    if (!requests[id].done) fault("request %d is not completed within 2.5 s", id);
    return requests[id].done && requests[id].result == 0;
}

struct row {
    int device, count;
    unsigned seed;
    char number[256];
};

static DWORD WINAPI run_row(void *argument) {
    struct row *row = argument;
    int made = 0;
    srand(row->seed); /* of this thread */
    for (int turn = 0; turn < row->count; turn++) {
        int request;
        for (int wait = 0; wait < 4000 && lines[row->device].away; wait++) Sleep(5);
        int call = make_call(row->device, row->number, 0, &request);
        int pause = rand() % 60;
        if (rand() % 4) { /* else it is dropped or released at once */
            if (!await_request(request)) continue;
            made++;
        }
        Sleep((DWORD)pause);
        if (rand() % 8 && !calls[call].closed) {
            int drop = ask("drop", call, "");
            await_request(drop);
            for (int wait = 0; wait < 1000 && !calls[call].idle && !calls[call].closed; wait++)
                Sleep(5);
            if (!calls[call].idle && !calls[call].closed) fault("call %d is never IDLE", call);
        }
        close_call(call);
    }
    say("row %d of %d, %d made", row->device, row->count, made);
    free(row);
    EnterCriticalSection(&lock);
    rows--;
    LeaveCriticalSection(&lock);
    return 0;
}

static void begin_row(int device, int count, const char *number, unsigned seed) {
    struct row *row = malloc(sizeof *row);
    if (!row) abort();
    *row = (struct row){.device = device, .count = count, .seed = seed};
    strcpy(row->number, number);
    EnterCriticalSection(&lock);
    rows++;
    LeaveCriticalSection(&lock);
    CloseHandle(CreateThread(NULL, 0, run_row, row, 0, NULL));
}

/* ------------------------------------------------------------------------------ what is used */

static void show_memory(void) {
    HANDLE heaps[32];
    DWORD handles = 0;
    unsigned long blocks = 0, bytes = 0;
    DWORD count = GetProcessHeaps(32, heaps);
    GetProcessHandleCount(GetCurrentProcess(), &handles);
    for (DWORD index = 0; index < count && index < 32; index++) {
        PROCESS_HEAP_ENTRY entry = {0};
        HeapLock(heaps[index]);
        while (HeapWalk(heaps[index], &entry)) {
            if (!(entry.wFlags & PROCESS_HEAP_ENTRY_BUSY)) continue;
            blocks++;
            bytes += entry.cbData;
        }
        HeapUnlock(heaps[index]);
    }
    say("memory %lu %lu %lu", (unsigned long)handles, blocks, bytes);
}

/* ---------------------------------------------------------------------------------- registry */

#define SETTINGS L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Telephony\\SIPTAPI"

static void write_registry(const WCHAR *key, const WCHAR *name, const WCHAR *text) {
    HKEY handle;
    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, key, 0, NULL, 0, KEY_WRITE, NULL, &handle, NULL) ||
        RegSetValueExW(handle, name, 0, REG_SZ, (const BYTE *)text,
                       (DWORD)((wcslen(text) + 1) * sizeof *text)))
        abort();
    RegCloseKey(handle);
}

/* NAME=VALUE of the provider's settings; a value of digits only is a number. */
static void set(const char *assignment) {
    WCHAR name[512];
    HKEY key;
    MultiByteToWideChar(CP_UTF8, 0, assignment, -1, name, 512);
    WCHAR *value = wcschr(name, L'=');
    if (!value) abort();
    *value++ = 0;
    value[wcscspn(value, L"\r\n")] = 0;
    if (!*value || wcsspn(value, L"0123456789") != wcslen(value)) {
        write_registry(SETTINGS, name, value);
        return;
    }
    DWORD number = wcstoul(value, NULL, 10);
    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, SETTINGS, 0, NULL, 0, KEY_WRITE, NULL, &key, NULL) ||
        RegSetValueExW(key, name, 0, REG_DWORD, (BYTE *)&number, sizeof number))
        abort();
    RegCloseKey(key);
}

/* Let this program be the browser. */
static void become_browser(void) {
    WCHAR self[MAX_PATH], command[MAX_PATH + 10];
    GetModuleFileNameW(NULL, self, MAX_PATH);
    swprintf(command, MAX_PATH + 10, L"\"%ls\" \"%%1\"", self);
    write_registry(L"SOFTWARE\\Classes\\http\\shell\\open\\command", NULL, command);
}

static int note_opened(const char *what) {
    char name[MAX_PATH + 8];
    GetModuleFileNameA(NULL, name, MAX_PATH);
    FILE *file = fopen(strcat(name, ".opened"), "a");
    if (!file) return 1;
    fprintf(file, "%s\n", what);
    return fclose(file);
}

/* ------------------------------------------------------------------------------- the dialogs */

/* What the dialogs, in an application, ask the provider, in the Telephony service. */
static LONG CALLBACK on_question(DWORD_PTR object, DWORD type, LPVOID parameters, DWORD size) {
    LONG result;
    if (type != TUISPIDLL_OBJECT_LINEID && type != TUISPIDLL_OBJECT_PROVIDERID)
        fault("a question of object type %lu", (unsigned long)type);
    void *copy = guarded(size);
    memcpy(copy, parameters, size);
    TIMED(result, tsp_providerGenericDialogData(object, type, copy, size));
    memcpy(parameters, copy, size);
    release(copy);
    return result;
}

static void configure(int device) {
    LONG result;
    WCHAR name[MAX_PATH];
    __typeof__(&TSPI_providerUIIdentify) identify =
        (__typeof__(identify))(void *)GetProcAddress(provider, "TSPI_providerUIIdentify");
    if (identify(name)) fault("TSPI_providerUIIdentify");
    HMODULE dialogs = LoadLibraryW(name);
    if (!dialogs) fault("the DLL of the dialogs does not load");
    __typeof__(&TUISPI_providerConfig) of_provider =
        (__typeof__(of_provider))(void *)GetProcAddress(dialogs, "TUISPI_providerConfig");
    __typeof__(&TUISPI_lineConfigDialog) of_line =
        (__typeof__(of_line))(void *)GetProcAddress(dialogs, "TUISPI_lineConfigDialog");
    __typeof__(&TUISPI_providerInstall) install =
        (__typeof__(install))(void *)GetProcAddress(dialogs, "TUISPI_providerInstall");
    __typeof__(&TUISPI_providerRemove) removal =
        (__typeof__(removal))(void *)GetProcAddress(dialogs, "TUISPI_providerRemove");
    TIMED(result, install(on_question, NULL, 3));
    if (result) fault("TUISPI_providerInstall: 0x%lx", (unsigned long)result);
    TIMED(result, removal(on_question, NULL, 3));
    if (result) fault("TUISPI_providerRemove: 0x%lx", (unsigned long)result);
    result = of_provider(on_question, NULL, 3);
    say("provider-config 0x%08lx", (unsigned long)result);
    result = of_line(on_question, (DWORD)device, NULL, L"tapi/line");
    say("line-config 0x%08lx", (unsigned long)result);
    FreeLibrary(dialogs);
}

static void obey(char *line) {
    char word[32], number[256] = "";
    int first = 0, second = 0, third = 0, request;
    unsigned version = 0;
    if (sscanf(line, "%31s", word) != 1) return;
    if (sscanf(line, "open %d %x", &first, &version) == 2) open_line(first, version);
    else if (sscanf(line, "close %d", &first) == 1) close_line(first);
    else if (sscanf(line, "call %d %255s %d", &first, number, &second) >= 2)
        make_call(first, number, (DWORD)second, &request);
    else if (sscanf(line, "release %d", &first) == 1) close_call(first);
    else if (sscanf(line, "info %d", &first) == 1) show_info(first);
    else if (sscanf(line, "at %d", &first) == 1) show_call_status(first);
    else if (sscanf(line, "status %d", &first) == 1) show_status(first);
    else if (strcmp(word, "memory") == 0) show_memory();
    else if (sscanf(line, "set %255s", number) == 1) set(number);
    else if (sscanf(line, "configure %d", &first) == 1) configure(first);
    else if (sscanf(line, "caps %d %x %d", &first, &version, &second) == 3)
        show_caps(first, version, (DWORD)second);
    else if (sscanf(line, "row %d %d %255s %d", &first, &second, number, &third) == 4)
        begin_row(first, second, number, (unsigned)third);
    else if (sscanf(line, "%31s %d %255s", word, &first, number) >= 2) ask(word, first, number);
    else fault("what is '%s'?", line);
}

int main(int count, char **arguments) {
    char line[512];
    DWORD version = 0, number = 0, phones = 0, options = 0;
    LONG result;
    InitializeCriticalSection(&lock);
    if (count == 2) return note_opened(arguments[1]);
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, SETTINGS);
    for (int argument = 2; argument < count; argument++) set(arguments[argument]);
    become_browser();
    provider = LoadLibraryA(arguments[1]);
    if (!provider) {
        say("FAULT the provider does not load: %lu", (unsigned long)GetLastError());
        return 1;
    }
    FIND(lineNegotiateTSPIVersion);
    FIND(providerEnumDevices);
    FIND(providerInit);
    FIND(providerShutdown);
    FIND(providerCreateLineDevice);
    FIND(lineOpen);
    FIND(lineClose);
    FIND(lineSetStatusMessages);
    FIND(lineSetDefaultMediaDetection);
    FIND(lineGetDevCaps);
    FIND(lineGetAddressCaps);
    FIND(lineGetLineDevStatus);
    FIND(lineGetAddressStatus);
    FIND(lineMakeCall);
    FIND(lineDial);
    FIND(lineDrop);
    FIND(lineCloseCall);
    FIND(lineBlindTransfer);
    FIND(lineRedirect);
    FIND(lineGetCallInfo);
    FIND(lineGetCallStatus);
    FIND(lineGetID);
    FIND(lineGetCallAddressID);
    FIND(lineGetNumAddressIDs);
    FIND(lineConditionalMediaDetection);
    FIND(providerGenericDialogData);
    TIMED(result, tsp_lineNegotiateTSPIVersion(INITIALIZE_NEGOTIATION, 0x10003, 0x30001, &version));
    say("version 0x%lx", (unsigned long)version);
    TIMED(result, tsp_providerEnumDevices(3, &number, &phones, (HPROVIDER)HIGH_LINE, on_event, NULL));
    if (result) fault("TSPI_providerEnumDevices: 0x%lx", (unsigned long)result);
    devices = (int)number;
    for (int device = BASE; device < BASE + devices; device++) lines[device].there = true;
    TIMED(result, tsp_providerInit(version, 3, BASE, 0, number, phones, on_completion, &options));
    if (result) fault("TSPI_providerInit: 0x%lx", (unsigned long)result);
    say("lines %lu from %d", (unsigned long)number, BASE);
    while (fgets(line, sizeof line, stdin) && strncmp(line, "quit", 4) != 0) obey(line);
    while (rows) Sleep(10);
    for (int device = 0; device < 256; device++) {
        if (lines[device].open) close_line(device);
    }
    TIMED(result, tsp_providerShutdown(version, 3));
    if (result) fault("TSPI_providerShutdown: 0x%lx", (unsigned long)result);
    FreeLibrary(provider);
    for (int id = 1; id <= last_request; id++) {
        if (!requests[id].done) fault("request %d was never completed", id);
    }
    say("closed");
    return faulty;
}
