/* Many calls, and what is used meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

static int rows; /* that go on */

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

void begin_row(int device, int count, const char *number, unsigned seed) {
    struct row *row = malloc(sizeof *row);
    if (!row) abort();
    *row = (struct row){.device = device, .count = count, .seed = seed};
    strcpy(row->number, number);
    EnterCriticalSection(&lock);
    rows++;
    LeaveCriticalSection(&lock);
    CloseHandle(CreateThread(NULL, 0, run_row, row, 0, NULL));
}


void await_rows(void) {
    while (rows) Sleep(10);
}

void show_memory(void) {
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
