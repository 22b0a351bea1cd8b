#include "provider.h"

struct provider provider;

static SRWLOCK lock = SRWLOCK_INIT;

void provider_lock(void) { AcquireSRWLockExclusive(&lock); }

void provider_unlock(void) { ReleaseSRWLockExclusive(&lock); }

void provider_sleep(CONDITION_VARIABLE *condition, DWORD milliseconds) {
    SleepConditionVariableSRW(condition, &lock, milliseconds, 0);
}

HANDLE provider_thread(LPTHREAD_START_ROUTINE run) {
    HMODULE module;
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (LPCWSTR)(void *)&provider,
                            &module))
        return NULL;
    HANDLE thread = CreateThread(NULL, 0, run, module, 0, NULL);
    if (!thread) FreeLibrary(module);
    return thread;
}

DWORD provider_new_handle(void) {
    if (++provider.last_handle == 0) provider.last_handle = 1;
    return provider.last_handle;
}
