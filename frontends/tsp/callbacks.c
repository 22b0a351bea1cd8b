#include "callbacks.h"

#include <stdlib.h>

#include "lines_and_calls.h"
#include "log.h"

#define TICK 100
#define LONGEST_WAIT 1500

enum kind { COMPLETION, FAILED_CALL, CALL_MESSAGE, NEW_CALL, LINE_MESSAGE, CREATE, REMOVE };

struct item {
    struct item *next;
    enum kind kind;
    DWORD line, call; /* handles, 0: none */
    DRV_REQUESTID request;
    LONG result;
    DWORD message;
    DWORD_PTR first, second, third;
};

static struct {
    HANDLE thread;
    DWORD thread_id;
    bool stop;
    struct item *head;
    struct item **tail;
    CONDITION_VARIABLE filled;
    CONDITION_VARIABLE told;
    DWORD telling_line, telling_call;
    void (*on_tick)(void);
} queue;

static void push(struct item item) {
    struct item *copy = malloc(sizeof *copy);
    if (!copy) {
        log_line("no memory: TAPI is not told of message %lu", (unsigned long)item.message);
        return;
    }
    *copy = item;
    copy->next = NULL;
    *queue.tail = copy;
    queue.tail = &copy->next;
    WakeConditionVariable(&queue.filled);
}

static struct item *pop(void) {
    struct item *item = queue.head;
    queue.head = item->next;
    if (!queue.head) queue.tail = &queue.head;
    return item;
}

void queue_completion(struct call *call, DRV_REQUESTID request, LONG result) {
    push((struct item){.kind = COMPLETION,
                       .call = call ? call->handle : 0,
                       .request = request,
                       .result = result});
}

void queue_failed_call(struct call *call, DRV_REQUESTID request, LONG result) {
    push((struct item){
        .kind = FAILED_CALL, .call = call->handle, .request = request, .result = result});
}

static void push_call(struct call *call, enum kind kind, DWORD message, DWORD first, DWORD second,
                      DWORD third) {
    push((struct item){.kind = kind,
                       .line = call->line->handle,
                       .call = call->handle,
                       .message = message,
                       .first = first,
                       .second = second,
                       .third = third});
}

void queue_reports(struct call *call, const struct call_report *reports, int count) {
    for (int index = 0; index < count; index++) {
        push_call(call, CALL_MESSAGE, LINE_CALLSTATE, reports[index].state, reports[index].mode,
                  LINEMEDIAMODE_INTERACTIVEVOICE);
    }
}

void queue_call_info(struct call *call, DWORD what) {
    push_call(call, CALL_MESSAGE, LINE_CALLINFO, what, 0, 0);
}

void queue_new_call(struct call *call) {
    push_call(call, NEW_CALL, LINE_NEWCALL, call->handle, 0, 0);
}

void queue_line_state(struct line *line, DWORD state) {
    if (!line->open || !(line->wanted_states & state)) return;
    push((struct item){
        .kind = LINE_MESSAGE, .line = line->handle, .message = LINE_LINEDEVSTATE, .first = state});
}

void queue_line_create(struct line *line) {
    push((struct item){.kind = CREATE, .message = LINE_CREATE, .second = line->handle});
}

void queue_line_remove(struct line *line) {
    push((struct item){.kind = REMOVE, .message = LINE_REMOVE, .first = line->device_id});
}

/* The state that TAPI is about to be told is what the functions answer from now on. */
static void note_state(struct call *call, const struct item *item) {
    if (item->message != LINE_CALLSTATE) return;
    call->state = (DWORD)item->first;
    call->mode = (DWORD)item->second;
    GetSystemTime(&call->since);
}

static void tell_of_line(const struct item *item) {
    struct line *line = find_line(item->line);
    struct call *call = item->call ? find_call(item->call) : NULL;
    if (!line || !line->open || (item->call && !call)) return;
    HTAPILINE tapi_line = line->tapi_line;
    HTAPICALL tapi_call = call ? call->tapi_call : NULL;
    LINEEVENT tell = line->event_procedure;
    if (item->kind == CALL_MESSAGE && !tapi_call) return;
    if (call) note_state(call, item);
    queue.telling_line = item->line;
    queue.telling_call = item->call;
    provider_unlock();
    if (item->kind == NEW_CALL) {
        tell(tapi_line, NULL, LINE_NEWCALL, item->first, (DWORD_PTR)&tapi_call, 0);
    } else {
        tell(tapi_line, tapi_call, item->message, item->first, item->second, item->third);
    }
    provider_lock();
    queue.telling_line = queue.telling_call = 0;
    WakeAllConditionVariable(&queue.told);
    if (item->kind != NEW_CALL) return;
    call = find_call(item->call);
    if (!call) return;
    call->tapi_call = tapi_call;
    if (!tapi_call) free_call(call); /* TAPI does not want it */
}

static void complete(const struct item *item) {
    queue.telling_call = item->call;
    log_line("request %lu: 0x%08lx", (unsigned long)item->request, (unsigned long)item->result);
    provider_unlock();
    provider.complete(item->request, item->result);
    provider_lock();
    queue.telling_call = 0;
    WakeAllConditionVariable(&queue.told);
}

static void tell(const struct item *item) {
    struct call *failed;
    switch (item->kind) {
    case COMPLETION: complete(item); break;
    case FAILED_CALL:
        complete(item);
        failed = find_call(item->call);
        if (failed) free_call(failed);
        break;
    case CALL_MESSAGE:
    case NEW_CALL:
    case LINE_MESSAGE: tell_of_line(item); break;
    case CREATE:
    case REMOVE:
        provider_unlock();
        provider.line_create(NULL, NULL, item->message,
                             item->kind == CREATE ? (DWORD_PTR)provider.handle : item->first,
                             item->second, 0);
        provider_lock();
        break;
    }
}

/* Whether this thread is the one that tells: one that TAPI kept in a callback for longer than
 * `callbacks_stop` waits may find another in its place. */
static bool is_teller(void) { return GetCurrentThreadId() == queue.thread_id; }

static DWORD WINAPI run(void *module) {
    provider_lock();
    queue.thread_id = GetCurrentThreadId();
    for (;;) {
        while (queue.head && is_teller()) {
            struct item *item = pop();
            if (!queue.stop || item->kind == COMPLETION || item->kind == FAILED_CALL) tell(item);
            free(item);
        }
        if (queue.stop || !is_teller()) break;
        provider_sleep(&queue.filled, TICK);
        queue.on_tick();
    }
    provider_unlock();
    FreeLibraryAndExitThread(module, 0);
}

bool callbacks_start(void (*on_tick)(void)) {
    queue.head = NULL;
    queue.tail = &queue.head;
    queue.stop = false;
    queue.on_tick = on_tick;
    queue.thread = provider_thread(run);
    return queue.thread != NULL;
}

void callbacks_stop(void) {
    provider_lock();
    queue.stop = true;
    WakeConditionVariable(&queue.filled);
    provider_unlock();
    if (!queue.thread) return;
    WaitForSingleObject(queue.thread, LONGEST_WAIT);
    CloseHandle(queue.thread);
    queue.thread = NULL;
}

/* Take out what is queued for a call or, with `call` 0, for a line. */
static struct item *take_out(DWORD line, DWORD call) {
    struct item *completions = NULL;
    struct item **last = &completions;
    struct item **at = &queue.head;
    while (*at) {
        struct item *item = *at;
        if (call ? item->call != call : item->line != line) {
            at = &item->next;
            continue;
        }
        *at = item->next;
        item->next = NULL;
        if (item->kind == COMPLETION || item->kind == FAILED_CALL) {
            *last = item;
            last = &item->next;
        } else {
            free(item);
        }
    }
    queue.tail = at;
    return completions;
}

static void await_told(DWORD line, DWORD call) {
    ULONGLONG until = GetTickCount64() + LONGEST_WAIT;
    if (is_teller()) return; /* we are in that callback */
    while (call ? queue.telling_call == call : queue.telling_line == line) {
        ULONGLONG now = GetTickCount64();
        if (now >= until) break;
        provider_sleep(&queue.told, (DWORD)(until - now));
    }
}

void withdraw_call(struct call *call) {
    struct item *completions = take_out(0, call->handle);
    await_told(0, call->handle);
    provider_unlock();
    while (completions) {
        struct item *next = completions->next;
        provider.complete(completions->request, completions->result);
        free(completions);
        completions = next;
    }
    provider_lock();
}

void withdraw_line(struct line *line) {
    take_out(line->handle, 0); /* completions name no line */
    await_told(line->handle, 0);
}
