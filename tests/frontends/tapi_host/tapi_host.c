/* Plays Windows' Telephony service for one service provider, strictly, and by commands.
 *
 *   tapi_host.exe PROVIDER ADDRESS TOKEN
 *
 * Commands come on standard input, one a line; what happens is told on standard output. `FAULT`
 * says what the provider did against the rules; the last line is `closed` or there is none.
 *
 *   open DEVICE VERSION          line DEVICE is open
 *   close DEVICE
 *   call DEVICE NUMBER|-         call CALL request REQUEST, or: error 0x...
 *   dial|transfer|redirect CALL NUMBER, drop CALL, release CALL
 *   info CALL, status CALL, caps DEVICE VERSION EXTRA
 *   row DEVICE COUNT NUMBER SEED a row of calls, each dropped after a while
 *   quit
 *
 * Handles given to the provider have more than 32 bits; every buffer ends at a page that cannot be
 * touched; every call of the provider is measured. */
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
    bool pending, done;
    LONG result;
    int call;
};

struct call {
    bool used, made, closing, closed, idle;
    int device;
    HDRVCALL handle;
    DWORD state;
};

static struct line {
    bool there, open;
    HDRVLINE handle;
    DWORD version;
} lines[256];
static struct request requests[MOST];
static struct call calls[MOST];
static int last_request, last_call, devices;
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
        if (!call->made) {
            call->made = result == 0;
            call->closed = result != 0;
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
    release(status);
}

static void CALLBACK on_event(HTAPILINE line, HTAPICALL tapi_call, DWORD message, DWORD_PTR first,
                              DWORD_PTR second, DWORD_PTR third) {
    int device = (int)((DWORD_PTR)line & 0xFFFFFFFF);
    int number = (int)((DWORD_PTR)tapi_call & 0xFFFFFFFF);
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
    if (((DWORD_PTR)line & ~(DWORD_PTR)0xFFFFFFFF) != HIGH_LINE) fault("a handle lost bits");
    if (!lines[device].open) fault("an event of line %d, which is not open", device);
    LeaveCriticalSection(&lock);
    if (message == LINE_LINEDEVSTATE) {
        say("line %d state 0x%lx", device, (unsigned long)first);
        return;
    }
    if (message == LINE_NEWCALL) {
        EnterCriticalSection(&lock);
        number = ++last_call;
        call = &calls[number];
        *call = (struct call){.used = true, .made = true, .device = device};
        call->handle = (HDRVCALL)first;
        *(HTAPICALL *)second = (HTAPICALL)(HIGH_CALL | (DWORD_PTR)number);
        say("new call %d line %d", number, device);
        LeaveCriticalSection(&lock);
        return;
    }
    EnterCriticalSection(&lock);
    if (((DWORD_PTR)tapi_call & ~(DWORD_PTR)0xFFFFFFFF) != HIGH_CALL || !call->used)
        fault("an event of a call that is none");
    if (!call->made) fault("an event of call %d before its completion", number);
    if (call->closed) fault("an event of call %d after it was closed", number);
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

static int new_request(int call) {
    EnterCriticalSection(&lock);
    int id = ++last_request;
    if (id >= MOST) abort();
    requests[id] = (struct request){.pending = true, .call = call};
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

static int make_call(int device, const char *number) {
    WCHAR wide[512];
    LONG result;
    MultiByteToWideChar(CP_UTF8, 0, number, -1, wide, 512);
    EnterCriticalSection(&lock);
    int call = ++last_call;
    if (call >= MOST) abort();
    calls[call] = (struct call){.used = true, .device = device};
    LeaveCriticalSection(&lock);
    int id = new_request(call);
    say("call %d request %d", call, id);
    TIMED(result, tsp_lineMakeCall((DWORD)id, lines[device].handle,
                               (HTAPICALL)(HIGH_CALL | (DWORD_PTR)call), &calls[call].handle,
                               strcmp(number, "-") ? wide : NULL, 0, NULL));
    if (!begun(id, result)) calls[call].closed = true;
    return call;
}

static int ask(const char *what, int call, const char *number) {
    WCHAR wide[512];
    LONG result;
    HDRVCALL handle = calls[call].handle;
    int id = new_request(call);
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
    if (calls[call].closed) return;
    calls[call].closing = true;
    TIMED(result, tsp_lineCloseCall(calls[call].handle));
    EnterCriticalSection(&lock);
    if (result && !calls[call].closed)
        fault("TSPI_lineCloseCall of %d: 0x%lx", call, (unsigned long)result);
    calls[call].closed = true;
    LeaveCriticalSection(&lock);
    check_completed(call);
    say("released %d", call);
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
        say("  origin 0x%lx", (unsigned long)info->dwOrigin);
    }
    say("told");
    release(info);
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
    }
    release(caps);
    LINEADDRESSCAPS *address = guarded(version < 0x20000 ? 180 : sizeof *address);
    TIMED(result, tsp_lineGetAddressCaps((DWORD)device, 0, version, 0, address));
    if (result) fault("TSPI_lineGetAddressCaps: 0x%lx", (unsigned long)result);
    check_sizes(address, "LINEADDRESSCAPS");
    release(address);
    say("told");
}

static void show_status(int device) {
    LONG result;
    LINEDEVSTATUS *status = guarded(sizeof *status);
    LINEADDRESSSTATUS *address = guarded(sizeof *address);
    TIMED(result, tsp_lineGetLineDevStatus(lines[device].handle, status));
    if (result) fault("TSPI_lineGetLineDevStatus: 0x%lx", (unsigned long)result);
    TIMED(result, tsp_lineGetAddressStatus(lines[device].handle, 0, address));
    if (result) fault("TSPI_lineGetAddressStatus: 0x%lx", (unsigned long)result);
    say("status %d flags 0x%lx features 0x%lx in-use %lu", device,
        (unsigned long)status->dwDevStatusFlags, (unsigned long)address->dwAddressFeatures,
        (unsigned long)address->dwNumInUse);
    release(status);
    release(address);
}

static bool await_request(int id) {
    for (int turn = 0; turn < 300 && !requests[id].done; turn++) Sleep(10);
    if (!requests[id].done) fault("request %d is not completed within 3 s", id);
    return requests[id].done && requests[id].result == 0;
}

static void row(int device, int count, const char *number, unsigned seed) {
    int made = 0;
    srand(seed);
    for (int turn = 0; turn < count; turn++) {
        int call = make_call(device, number);
        int request = last_request;
        int pause = rand() % 60;
        if (rand() % 4) { /* else it is dropped or released at once */
            if (!await_request(request)) {
                Sleep(200); /* the service may be on its way back */
                continue;
            }
            made++;
        }
        Sleep((DWORD)pause);
        if (rand() % 8 && !calls[call].closed) {
            int drop = ask("drop", call, "");
            await_request(drop);
            for (int wait = 0; wait < 500 && !calls[call].idle && !calls[call].closed; wait++)
                Sleep(10);
            if (!calls[call].idle && !calls[call].closed) fault("call %d is never IDLE", call);
        }
        close_call(call);
    }
    say("row of %d, %d made", count, made);
}

static void obey(char *line) {
    char word[32], number[256] = "";
    int first = 0, second = 0, third = 0;
    unsigned version = 0;
    if (sscanf(line, "%31s", word) != 1) return;
    if (sscanf(line, "open %d %x", &first, &version) == 2) open_line(first, version);
    else if (sscanf(line, "close %d", &first) == 1) close_line(first);
    else if (sscanf(line, "call %d %255s", &first, number) == 2) make_call(first, number);
    else if (sscanf(line, "release %d", &first) == 1) close_call(first);
    else if (sscanf(line, "info %d", &first) == 1) show_info(first);
    else if (sscanf(line, "status %d", &first) == 1) show_status(first);
    else if (sscanf(line, "caps %d %x %d", &first, &version, &second) == 3)
        show_caps(first, version, (DWORD)second);
    else if (sscanf(line, "row %d %d %255s %d", &first, &second, number, &third) == 4)
        row(first, second, number, (unsigned)third);
    else if (sscanf(line, "%31s %d %255s", word, &first, number) >= 2) ask(word, first, number);
    else fault("what is '%s'?", line);
}

static void set_registry(const WCHAR *name, const char *value) {
    static const WCHAR key[] =
        L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Telephony\\SIPTAPI";
    WCHAR wide[512];
    int units = MultiByteToWideChar(CP_UTF8, 0, value, -1, wide, 512);
    HKEY handle;
    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, key, 0, NULL, 0, KEY_WRITE, NULL, &handle, NULL) ||
        RegSetValueExW(handle, name, 0, REG_SZ, (BYTE *)wide, (DWORD)units * sizeof *wide))
        abort();
    RegCloseKey(handle);
}

int main(int count, char **arguments) {
    char line[512];
    DWORD version = 0, number = 0, phones = 0, options = 0;
    LONG result;
    InitializeCriticalSection(&lock);
    if (count < 4) return 2;
    set_registry(L"Address", arguments[2]);
    set_registry(L"Token", arguments[3]);
    if (count > 4) set_registry(L"LogFile", arguments[4]);
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
