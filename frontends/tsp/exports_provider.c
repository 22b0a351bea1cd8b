/* The functions by which TAPI starts and ends us, counts lines and agrees on a version. */
#include "callbacks.h"
#include "lines_and_calls.h"
#include "log.h"
#include "registry.h"
#include "service.h"

#define PATIENCE 1500 /* milliseconds that a starting service is waited for */

/* The newest of ours that is offered: dialer.exe offers 3.x and fails where it is taken. */
LONG TSPIAPI TSPI_lineNegotiateTSPIVersion(DWORD device_id, DWORD low, DWORD high,
                                           LPDWORD version) {
    static const DWORD ours[] = {VERSION_NEWEST, VERSION_2_0 + 1, VERSION_2_0, VERSION_OLDEST};
    (void)device_id;
    for (size_t index = 0; index < sizeof ours / sizeof *ours; index++) {
        if (ours[index] < low || ours[index] > high) continue;
        *version = ours[index];
        return 0;
    }
    return LINEERR_INCOMPATIBLEAPIVERSION;
}

LONG TSPIAPI TSPI_providerEnumDevices(DWORD permanent_id, LPDWORD lines, LPDWORD phones,
                                      HPROVIDER handle, LINEEVENT line_create,
                                      PHONEEVENT phone_create) {
    ULONGLONG until = GetTickCount64() + PATIENCE;
    (void)phone_create;
    provider_lock();
    bool starts = !provider.started;
    provider.started = true;
    provider.permanent_id = permanent_id;
    provider.handle = handle;
    provider.line_create = line_create;
    provider_unlock();
    if (starts) {
        log_open();
        if (!service_start()) {
            provider_lock();
            provider.started = false;
            provider_unlock();
            return LINEERR_OPERATIONFAILED;
        }
    }
    *lines = 0;
    *phones = 0;
    provider_lock();
    for (ULONGLONG now; !provider.lines_known && (now = GetTickCount64()) < until;)
        provider_sleep(&provider.lines_came, (DWORD)(until - now));
    for (struct line *line = provider.lines; line; line = line->next) {
        line->announced = true;
        ++*lines;
    }
    provider_unlock();
    log_line("%lu lines", (unsigned long)*lines);
    return 0;
}

LONG TSPIAPI TSPI_providerInit(DWORD version, DWORD permanent_id, DWORD first_line,
                               DWORD first_phone, DWORD_PTR lines, DWORD_PTR phones,
                               ASYNC_COMPLETION complete, LPDWORD options) {
    (void)permanent_id, (void)first_phone, (void)lines, (void)phones;
    if (version < VERSION_OLDEST || version > VERSION_NEWEST) return LINEERR_INCOMPATIBLEAPIVERSION;
    if (options) *options = 0;
    provider_lock();
    provider.complete = complete;
    provider.running = true;
    for (struct line *line = provider.lines, *next; line; line = next) {
        next = line->next;
        if (line->announced) {
            number_line(line, first_line++);
        } else {
            announce_line(line);
        }
    }
    provider_unlock();
    return 0;
}

LONG TSPIAPI TSPI_providerCreateLineDevice(DWORD_PTR temporary_id, DWORD device_id) {
    LONG result = LINEERR_BADDEVICEID;
    provider_lock();
    struct line *line = find_line((DWORD)temporary_id);
    if (line) {
        number_line(line, device_id);
        result = 0;
    }
    provider_unlock();
    return result;
}

LONG TSPIAPI TSPI_providerShutdown(DWORD version, DWORD permanent_id) {
    (void)version, (void)permanent_id;
    provider_lock();
    bool started = provider.started;
    provider.running = false;
    provider_unlock();
    if (started) service_stop();
    provider_lock();
    provider.started = false;
    provider_unlock();
    log_line("ended");
    log_close();
    return 0;
}

/* The dialogs, which run in the application's process, ask for the page that they are to open: the
 * registry is not for everybody's eyes. */
LONG TSPIAPI TSPI_providerGenericDialogData(DWORD_PTR object_id, DWORD object_type, LPVOID page,
                                            DWORD size) {
    (void)object_id, (void)object_type;
    if (size && registry_text(L"SettingsPage", page, size)) return 0;
    return LINEERR_OPERATIONUNAVAIL;
}

LONG TSPIAPI TSPI_providerInstall(HWND owner, DWORD permanent_id) {
    (void)owner, (void)permanent_id;
    return 0;
}

LONG TSPIAPI TSPI_providerRemove(HWND owner, DWORD permanent_id) {
    (void)owner, (void)permanent_id;
    return 0;
}
