/* What the host's parts share: see tapi_host.c. */
#ifndef SIPTAPI_TEST_HOST_H
#define SIPTAPI_TEST_HOST_H

#include <winsock2.h>
#include <tspi.h>

#include <stdbool.h>

#define MOST 4096
#define SLOWEST 2000 /* milliseconds */
#define BASE 7       /* of our device ids: other providers have lines too */

#define HIGH_CALL ((DWORD_PTR)0x5A5A00000000ull)
#define HIGH_LINE ((DWORD_PTR)0x3C3C00000000ull)
#define TAPIS 0xCCCCCCCC /* what TAPI has put where only TAPI writes */

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

struct line {
    bool open, away;
    HDRVLINE handle;
    DWORD version;
};

extern struct line lines[256];
extern struct request requests[MOST];
extern struct call calls[MOST];
extern int last_request, last_call, devices;
extern int slots[64]; /* the call that has a handle now; 0: none */
extern CRITICAL_SECTION lock;
extern HMODULE provider;
extern bool faulty;
extern volatile DWORD stall; /* milliseconds that the next state of a call is pondered on */

void say(const char *format, ...) __attribute__((format(__printf__, 1, 2)));

#define fault(...)                 \
    do {                           \
        faulty = true;             \
        say("FAULT " __VA_ARGS__); \
    } while (0)

#define FUNCTIONS(X) \
    X(lineNegotiateTSPIVersion) X(providerEnumDevices) X(providerInit) X(providerShutdown) \
    X(providerCreateLineDevice) X(lineOpen) X(lineClose) X(lineSetStatusMessages) \
    X(lineSetDefaultMediaDetection) X(lineGetDevCaps) X(lineGetAddressCaps) \
    X(lineGetLineDevStatus) X(lineGetAddressStatus) X(lineMakeCall) X(lineDial) X(lineDrop) \
    X(lineCloseCall) X(lineBlindTransfer) X(lineRedirect) X(lineGetCallInfo) \
    X(lineGetCallStatus) X(lineGetID) X(lineGetCallAddressID) X(lineGetNumAddressIDs) \
    X(lineConditionalMediaDetection) X(providerGenericDialogData)

#define DECLARE(name) extern __typeof__(&TSPI_##name) tsp_##name;
FUNCTIONS(DECLARE)

/* A provider's function, which must return in time. */
#define TIMED(result, expression)                                                        \
    do {                                                                                 \
        ULONGLONG began_ = GetTickCount64();                                             \
        result = (LONG)(expression);                                                     \
        ULONGLONG took_ = GetTickCount64() - began_;                                     \
        if (took_ > SLOWEST) fault("%s took %lu ms", #expression, (unsigned long)took_); \
    } while (0)

/* buffers.c: a structure before a page that cannot be touched, with TAPIS all over. */
void *guarded(DWORD size);
void release(void *structure);
void check_sizes(const void *structure, const char *name);

/* calls.c: a new call, the lock held; its handle is the lowest that no open call has. */
int add_call(int device);
HTAPICALL tapi_handle(int call);
void note_closed(int call);
int make_call(int device, const char *number, DWORD country_code, int *request);
int ask(const char *what, int call, const char *number);
void close_call(int call);

/* callbacks.c */
const char *state_name(DWORD state);
void CALLBACK on_completion(DRV_REQUESTID id, LONG result);
void CALLBACK on_event(HTAPILINE line, HTAPICALL call, DWORD message, DWORD_PTR first,
                       DWORD_PTR second, DWORD_PTR third);

/* lines.c */
void open_line(int device, DWORD version);
void close_line(int device);

/* structures.c */
void show_call_status(int call);
void show_info(int call);
void show_caps(int device, DWORD version, DWORD extra);
void show_status(int device);

/* rows.c */
void begin_row(int device, int count, const char *number, unsigned seed);
void await_rows(void);
void show_memory(void);

/* dialogs.c */
void set(const char *assignment); /* NAME=VALUE of the provider's settings */
void forget_settings(void);
void become_browser(void);
int note_opened(const char *what);
void configure(int device);

#endif
