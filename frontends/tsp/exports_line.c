/* The functions of a line and its one address. */
#include <string.h>
#include <wchar.h>

#include "callbacks.h"
#include "lines_and_calls.h"
#include "log.h"
#include "service.h"

static struct line *line_of(HDRVLINE handle) {
    struct line *line = find_line((DWORD)(DWORD_PTR)handle);
    return line && line->open ? line : NULL;
}

LONG TSPIAPI TSPI_lineGetDevCaps(DWORD device_id, DWORD version, DWORD extension_version,
                                 LPLINEDEVCAPS out) {
    (void)extension_version;
    provider_lock();
    struct line *line = find_line_by_device(device_id);
    struct line_facts facts;
    LONG result = LINEERR_BADDEVICEID;
    if (line) {
        facts = facts_of_line(line);
        result = fill_device_capabilities(out, &facts, version);
    }
    provider_unlock();
    return result;
}

LONG TSPIAPI TSPI_lineGetAddressCaps(DWORD device_id, DWORD address_id, DWORD version,
                                     DWORD extension_version, LPLINEADDRESSCAPS out) {
    (void)extension_version;
    if (address_id) return LINEERR_INVALADDRESSID;
    provider_lock();
    struct line *line = find_line_by_device(device_id);
    struct line_facts facts;
    LONG result = LINEERR_BADDEVICEID;
    if (line) {
        facts = facts_of_line(line);
        result = fill_address_capabilities(out, &facts, version);
    }
    provider_unlock();
    return result;
}

LONG TSPIAPI TSPI_lineGetLineDevStatus(HDRVLINE handle, LPLINEDEVSTATUS out) {
    LONG result = LINEERR_INVALLINEHANDLE;
    provider_lock();
    struct line *line = line_of(handle);
    if (line) {
        struct line_facts facts = facts_of_line(line);
        result = fill_device_status(out, &facts, line->version);
    }
    provider_unlock();
    return result;
}

LONG TSPIAPI TSPI_lineGetAddressStatus(HDRVLINE handle, DWORD address_id, LPLINEADDRESSSTATUS out) {
    LONG result = LINEERR_INVALLINEHANDLE;
    if (address_id) return LINEERR_INVALADDRESSID;
    provider_lock();
    struct line *line = line_of(handle);
    if (line) {
        struct line_facts facts = facts_of_line(line);
        result = fill_address_status(out, &facts);
    }
    provider_unlock();
    return result;
}

LONG TSPIAPI TSPI_lineGetNumAddressIDs(HDRVLINE handle, LPDWORD count) {
    provider_lock();
    LONG result = line_of(handle) ? 0 : LINEERR_INVALLINEHANDLE;
    provider_unlock();
    if (!result) *count = 1;
    return result;
}

LONG TSPIAPI TSPI_lineGetExtensionID(DWORD device_id, DWORD version, LPLINEEXTENSIONID out) {
    (void)device_id, (void)version;
    memset(out, 0, sizeof *out); /* there are no extensions */
    return 0;
}

/* The only device class that a line belongs to is itself. */
LONG TSPIAPI TSPI_lineGetID(HDRVLINE handle, DWORD address_id, HDRVCALL call_handle, DWORD select,
                            LPVARSTRING out, LPCWSTR device_class, HANDLE process) {
    LONG result = LINEERR_INVALLINEHANDLE;
    (void)process;
    if (!device_class || _wcsicmp(device_class, L"tapi/line") != 0) return LINEERR_NODEVICE;
    if (select == LINECALLSELECT_ADDRESS && address_id) return LINEERR_INVALADDRESSID;
    if (out->dwTotalSize < sizeof *out) return LINEERR_STRUCTURETOOSMALL;
    provider_lock();
    struct line *line;
    if (select == LINECALLSELECT_CALL) {
        struct call *call = find_call((DWORD)(DWORD_PTR)call_handle);
        line = call ? call->line : NULL;
        result = LINEERR_INVALCALLHANDLE;
    } else {
        line = line_of(handle);
    }
    if (line) {
        out->dwNeededSize = sizeof *out + sizeof(DWORD);
        out->dwUsedSize = sizeof *out;
        out->dwStringFormat = STRINGFORMAT_BINARY;
        out->dwStringSize = out->dwStringOffset = 0;
        if (out->dwTotalSize >= out->dwNeededSize) {
            memcpy((char *)out + sizeof *out, &line->device_id, sizeof(DWORD));
            out->dwUsedSize = out->dwNeededSize;
            out->dwStringSize = sizeof(DWORD);
            out->dwStringOffset = sizeof *out;
        }
        result = 0;
    }
    provider_unlock();
    return result;
}

LONG TSPIAPI TSPI_lineOpen(DWORD device_id, HTAPILINE tapi_line, LPHDRVLINE handle, DWORD version,
                           LINEEVENT event_procedure) {
    LONG result = LINEERR_BADDEVICEID;
    if (version < VERSION_OLDEST || version > VERSION_NEWEST) return LINEERR_INCOMPATIBLEAPIVERSION;
    provider_lock();
    struct line *line = find_line_by_device(device_id);
    if (line && line->open) {
        result = LINEERR_ALLOCATED;
    } else if (line) {
        line->open = true;
        line->tapi_line = tapi_line;
        line->event_procedure = event_procedure;
        line->version = version;
        line->wanted_states = 0;
        line->takes_calls = false;
        *handle = (HDRVLINE)(DWORD_PTR)line->handle;
        result = 0;
        log_line("line %s is opened, version 0x%lx", line->name, (unsigned long)version);
    }
    provider_unlock();
    return result;
}

LONG TSPIAPI TSPI_lineClose(HDRVLINE handle) {
    LONG result = LINEERR_INVALLINEHANDLE;
    provider_lock();
    struct line *line = line_of(handle);
    if (line) {
        struct call *call = provider.calls;
        line->takes_calls = false;
        line->wanted_states = 0;
        while (call) {
            if (call->line == line && !call->closed) {
                service_let_go(call);
                call = provider.calls; /* the lock was given up: from the beginning */
            } else {
                call = call->next;
            }
        }
        withdraw_line(line);
        line->open = false; /* not before: a removed line that is closed may be freed */
        log_line("line %s is closed", line->name);
        free_line_if_unused(line);
        result = 0;
    }
    provider_unlock();
    return result;
}

LONG TSPIAPI TSPI_lineSetStatusMessages(HDRVLINE handle, DWORD line_states, DWORD address_states) {
    LONG result = LINEERR_INVALLINEHANDLE;
    (void)address_states;
    provider_lock();
    struct line *line = line_of(handle);
    if (line) {
        line->wanted_states = line_states;
        result = 0;
    }
    provider_unlock();
    return result;
}

LONG TSPIAPI TSPI_lineSetDefaultMediaDetection(HDRVLINE handle, DWORD media_modes) {
    LONG result = LINEERR_INVALLINEHANDLE;
    if (media_modes & ~(DWORD)LINEMEDIAMODE_INTERACTIVEVOICE) return LINEERR_INVALMEDIAMODE;
    provider_lock();
    struct line *line = line_of(handle);
    if (line) {
        line->takes_calls = media_modes != 0;
        result = 0;
    }
    provider_unlock();
    return result;
}

LONG TSPIAPI TSPI_lineConditionalMediaDetection(HDRVLINE handle, DWORD media_modes,
                                                LPLINECALLPARAMS const parameters) {
    (void)parameters;
    provider_lock();
    LONG result = line_of(handle) ? 0 : LINEERR_INVALLINEHANDLE;
    provider_unlock();
    if (!result && media_modes & ~(DWORD)LINEMEDIAMODE_INTERACTIVEVOICE)
        result = LINEERR_INVALMEDIAMODE;
    return result;
}
