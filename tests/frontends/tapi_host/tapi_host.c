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
 *   restart                      the provider is removed and added
 *   stall MILLISECONDS           the next state of a call is pondered on so long
 *   quit
 *
 * Handles given to the provider have more than 32 bits, and those of calls are given again soon;
 * every buffer ends at a page that cannot be touched; every call of the provider is measured. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

struct line lines[256];
struct request requests[MOST];
struct call calls[MOST];
int last_request, last_call, devices;
int slots[64];
CRITICAL_SECTION lock;
HMODULE provider;
bool faulty;
volatile DWORD stall;

#define DEFINE(name) __typeof__(&TSPI_##name) tsp_##name;
FUNCTIONS(DEFINE)

#define FIND(name)                                                                        \
    tsp_##name = (__typeof__(tsp_##name))(void *)GetProcAddress(provider, "TSPI_" #name); \
    if (!tsp_##name) fault("TSPI_" #name " is not exported");

void say(const char *format, ...) {
    va_list arguments;
    EnterCriticalSection(&lock);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
    LeaveCriticalSection(&lock);
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
    else if (sscanf(line, "stall %d", &first) == 1) stall = (DWORD)first;
    else if (sscanf(line, "caps %d %x %d", &first, &version, &second) == 3)
        show_caps(first, version, (DWORD)second);
    else if (sscanf(line, "row %d %d %255s %d", &first, &second, number, &third) == 4)
        begin_row(first, second, number, (unsigned)third);
    else if (sscanf(line, "%31s %d %255s", word, &first, number) >= 2) ask(word, first, number);
    else fault("what is '%s'?", line);
}

/* The provider is taken into service, as when Windows starts or an administrator adds it. */
static void begin(void) {
    DWORD version = 0, number = 0, phones = 0, options = 0;
    LONG result;
    TIMED(result, tsp_lineNegotiateTSPIVersion(INITIALIZE_NEGOTIATION, 0x10003, 0x30001, &version));
    say("version 0x%lx", (unsigned long)version);
    TIMED(result, tsp_providerEnumDevices(3, &number, &phones, (HPROVIDER)HIGH_LINE, on_event, NULL));
    if (result) fault("TSPI_providerEnumDevices: 0x%lx", (unsigned long)result);
    devices = (int)number;
    TIMED(result, tsp_providerInit(version, 3, BASE, 0, number, phones, on_completion, &options));
    if (result) fault("TSPI_providerInit: 0x%lx", (unsigned long)result);
    say("lines %lu from %d", (unsigned long)number, BASE);
}

static void end(void) {
    LONG result;
    for (int device = 0; device < 256; device++) {
        if (lines[device].open) close_line(device);
    }
    TIMED(result, tsp_providerShutdown(0x20002, 3));
    if (result) fault("TSPI_providerShutdown: 0x%lx", (unsigned long)result);
    for (int id = 1; id <= last_request; id++) {
        if (!requests[id].done) fault("request %d was never completed", id);
    }
}

int main(int count, char **arguments) {
    char line[512];
    InitializeCriticalSection(&lock);
    if (count == 2) return note_opened(arguments[1]);
    forget_settings();
    for (int argument = 2; argument < count; argument++) set(arguments[argument]);
    become_browser();
    provider = LoadLibraryA(arguments[1]);
    if (!provider) {
        say("FAULT the provider does not load: %lu", (unsigned long)GetLastError());
        return 1;
    }
    FUNCTIONS(FIND)
    begin();
    while (fgets(line, sizeof line, stdin) && strncmp(line, "quit", 4) != 0) {
        if (strncmp(line, "restart", 7) == 0) {
            end();
            begin();
        } else {
            obey(line);
        }
    }
    await_rows();
    end();
    FreeLibrary(provider);
    say("closed");
    return faulty;
}
