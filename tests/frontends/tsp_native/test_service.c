/* Plays what is around the provider's logic, TAPI above it and the wire below, by commands; run
 * under the address and undefined behaviour sanitizers. What happens is told on standard output.
 *
 *   up, down                         the connection
 *   {...}                            a line from the service
 *   tick MILLISECONDS                time goes by
 *   open DEVICE                      TAPI opens line 0, 1, ...
 *   make DEVICE NUMBER COUNTRY       call HANDLE, the next after the last
 *   dial|transfer|redirect HANDLE NUMBER, drop HANDLE, close HANDLE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "callbacks.h"
#include "lines_and_calls.h"
#include "service.h"
#include "unicode.h"
#include "wire.h"

struct provider provider;

static const struct wire_listener *listener;
static void (*on_tick)(void);
static ULONGLONG now = 1000000;
static bool up;
static DWORD first_call, requests;
static DWORD failed[16]; /* calls that are none, once TAPI has been told */
static unsigned failures;

/* ---------------------------------------------------------------------------------- Windows */

ULONGLONG GetTickCount64(void) { return now; }

void GetSystemTime(SYSTEMTIME *time) { memset(time, 0, sizeof *time); }

void WakeAllConditionVariable(CONDITION_VARIABLE *condition) { (void)condition; }

size_t utf16_length(const uint16_t *text) {
    size_t length = 0;
    while (text[length]) length++;
    return length;
}

uint16_t *utf16_copy(uint16_t *to, const uint16_t *from) {
    return memcpy(to, from, (utf16_length(from) + 1) * sizeof *from);
}

int utf16_compare(const uint16_t *one, const uint16_t *other) {
    while (*one && *one == *other) one++, other++;
    return *one - *other;
}

/* --------------------------------------------------------------- the provider's other parts */

void provider_lock(void) {}
void provider_unlock(void) {}
void provider_sleep(CONDITION_VARIABLE *condition, DWORD milliseconds) {
    (void)condition, (void)milliseconds;
}
DWORD provider_new_handle(void) { return ++provider.last_handle; }

void log_line(const char *format, ...) { (void)format; }
DWORD registry_number(const wchar_t *name, DWORD usual) {
    (void)name;
    return usual;
}

bool wire_start(const struct wire_listener *heard) {
    listener = heard;
    return true;
}
void wire_stop(void) {}
bool wire_is_up(void) { return up; }
bool wire_send(struct json_writer *line) {
    if (!up || !json_end(line)) return false;
    printf("sent %.*s", (int)line->length, line->text);
    return true;
}

/* --------------------------------------------------------------------- what TAPI is told of */

static DWORD number_of(const struct call *call) { return call->handle - first_call; }

static void tell_text(const char *name, const uint16_t *text) {
    if (*text) printf(" %s=", name);
    while (*text) {
        char bytes[4];
        const uint16_t *end = text + 1 + (text[1] != 0);
        uint32_t code = utf16_decode(&text, end);
        fwrite(bytes, 1, utf8_encode(code, bytes), stdout);
    }
}

bool callbacks_start(void (*tick)(void)) {
    on_tick = tick;
    return true;
}
void callbacks_stop(void) {}
void queue_completion(struct call *call, DRV_REQUESTID request, LONG result) {
    (void)call;
    printf("complete %u 0x%x\n", request, (unsigned)result);
}
void queue_failed_call(struct call *call, DRV_REQUESTID request, LONG result) {
    queue_completion(call, request, result);
    failed[failures++ % 16] = call->handle;
}
void queue_reports(struct call *call, const struct call_report *reports, int count) {
    for (int index = 0; index < count; index++) {
        printf("call %u 0x%x:0x%x\n", number_of(call), reports[index].state, reports[index].mode);
        call->state = reports[index].state;
        call->mode = reports[index].mode;
    }
}
void queue_call_info(struct call *call, DWORD what) {
    printf("call %u info 0x%x", number_of(call), what);
    struct call_facts facts = facts_of_call(call);
    tell_text("called", facts.called);
    tell_text("redirection", facts.redirection);
    printf("\n");
}
void queue_new_call(struct call *call) {
    printf("new call %u on %s", number_of(call), call->line->name);
    tell_text("caller", call->caller);
    tell_text("caller_name", call->caller_name);
    tell_text("called", call->called);
    tell_text("diverted_by", call->diverted_by);
    printf("\n");
}
void queue_line_state(struct line *line, DWORD state) {
    printf("line %s 0x%x\n", line->name, state);
}
void queue_line_create(struct line *line) {
    static DWORD next;
    printf("create %s 0x%08x\n", line->name, line->permanent_id);
    number_line(line, next++);
}
void queue_line_remove(struct line *line) { printf("remove %s\n", line->name); }
void withdraw_call(struct call *call) { (void)call; }
void withdraw_line(struct line *line) { (void)line; }

/* -------------------------------------------------------------------------------- commands */

static void on_event(HTAPILINE line, HTAPICALL call, DWORD message, DWORD_PTR first,
                     DWORD_PTR second, DWORD_PTR third) {
    (void)line, (void)call, (void)message, (void)first, (void)second, (void)third;
}

static void take_line(const char *line, size_t length) {
    char *copy = malloc(length); /* without a NUL: nothing may be read behind it */
    memcpy(copy, line, length);
    if (json_check(copy, length)) listener->on_line((struct json_value){copy, length});
    free(copy);
}

static void begun(const char *what, LONG result) {
    if (result != (LONG)requests) printf("%s 0x%x\n", what, (unsigned)result);
}

static void forget_failed(void) {
    for (int index = 0; index < 16; index++) {
        struct call *call = find_call(failed[index]);
        failed[index] = 0;
        if (call) free_call(call);
    }
}

static void obey(char *line) {
    char word[16] = "", text[512] = "";
    unsigned first = 0, country = 0;
    uint16_t number[512];
    HDRVLINE handle;
    HDRVCALL call;
    sscanf(line, "%15s %u %511s %u", word, &first, text, &country);
    utf16_from_utf8(text, number, 512);
    call = (HDRVCALL)(DWORD_PTR)(first_call + first);
    if (strcmp(word, "up") == 0) {
        up = true;
        listener->on_up();
    } else if (strcmp(word, "down") == 0) {
        up = false;
        listener->on_down();
    } else if (strcmp(word, "tick") == 0) {
        now += first;
        on_tick();
    } else if (strcmp(word, "open") == 0) {
        begun("open", TSPI_lineOpen(first, NULL, &handle, 0x20002, on_event) + (LONG)requests);
        TSPI_lineSetDefaultMediaDetection(handle, LINEMEDIAMODE_INTERACTIVEVOICE);
        first_call = provider.last_handle; /* the first call will be number 1 */
    } else if (strcmp(word, "make") == 0) {
        struct line *on = find_line_by_device(first);
        if (!on) abort();
        begun(word, TSPI_lineMakeCall(++requests, (HDRVLINE)(DWORD_PTR)on->handle, NULL, &call,
                                      number, country, NULL));
    } else if (strcmp(word, "dial") == 0) {
        begun(word, TSPI_lineDial(++requests, call, number, 0));
    } else if (strcmp(word, "transfer") == 0) {
        begun(word, TSPI_lineBlindTransfer(++requests, call, number, 0));
    } else if (strcmp(word, "redirect") == 0) {
        begun(word, TSPI_lineRedirect(++requests, call, number, 0));
    } else if (strcmp(word, "drop") == 0) {
        begun(word, TSPI_lineDrop(++requests, call, NULL, 0));
    } else if (strcmp(word, "close") == 0) {
        LONG result = TSPI_lineCloseCall(call);
        if (result) printf("close 0x%x\n", (unsigned)result);
    } else {
        abort();
    }
}

int main(void) {
    static char line[1 << 20];
    service_start();
    provider.running = true;
    while (fgets(line, sizeof line, stdin)) {
        size_t length = strcspn(line, "\n");
        line[length] = 0;
        if (*line == '{') {
            take_line(line, length);
        } else {
            obey(line);
        }
        forget_failed();
        printf(".\n");
    }
    service_stop();
    return 0;
}
