/* The functions of a call. */
#include <string.h>
#include <wchar.h>

#include "callbacks.h"
#include "lines_and_calls.h"
#include "log.h"
#include "service.h"

static struct call *call_of(HDRVCALL handle) { return find_call((DWORD)(DWORD_PTR)handle); }

static LONG check_parameters(const LINECALLPARAMS *parameters) {
    if (!parameters) return 0;
    if (parameters->dwBearerMode & ~(DWORD)(LINEBEARERMODE_VOICE | LINEBEARERMODE_SPEECH))
        return LINEERR_INVALBEARERMODE;
    if (parameters->dwMediaMode & ~(DWORD)(LINEMEDIAMODE_INTERACTIVEVOICE | LINEMEDIAMODE_UNKNOWN))
        return LINEERR_INVALMEDIAMODE;
    if (parameters->dwAddressMode == LINEADDRESSMODE_ADDRESSID && parameters->dwAddressID)
        return LINEERR_INVALADDRESSID;
    return 0;
}

/* Add digits to the call's number; a `;` at their end says that more will come by lineDial. */
static bool add_digits(struct call *call, const WCHAR *digits, bool *more) {
    size_t there = wcslen(call->called);
    size_t length = wcslen(digits);
    *more = length > 0 && digits[length - 1] == L';';
    if (*more) length--;
    if (there + length >= LONGEST_NUMBER) return false;
    memcpy(call->called + there, digits, length * sizeof *digits);
    call->called[there + length] = 0;
    return true;
}

LONG TSPIAPI TSPI_lineMakeCall(DRV_REQUESTID request, HDRVLINE line_handle, HTAPICALL tapi_call,
                               LPHDRVCALL handle, LPCWSTR number, DWORD country_code,
                               LPLINECALLPARAMS const parameters) {
    LONG result = check_parameters(parameters);
    bool more;
    if (result) return result;
    provider_lock();
    struct line *line = find_line((DWORD)(DWORD_PTR)line_handle);
    struct call *call = NULL;
    if (!line || !line->open) {
        result = LINEERR_INVALLINEHANDLE;
    } else if (count_calls(line) >= MOST_CALLS) {
        result = LINEERR_CALLUNAVAIL;
    } else {
        call = add_call(line);
        if (!call) result = LINEERR_NOMEM;
    }
    if (call) {
        call->tapi_call = tapi_call;
        call->country_code = country_code;
        *handle = (HDRVCALL)(DWORD_PTR)call->handle; /* before any callback can come */
        if (!add_digits(call, number ? number : L"", &more)) {
            result = LINEERR_INVALADDRESS;
        } else if (more || !call->called[0]) {
            struct call_report report = {LINECALLSTATE_DIALTONE, LINEDIALTONEMODE_NORMAL};
            queue_completion(call, request, 0);
            call->progress.state = report.state;
            queue_reports(call, &report, 1);
        } else {
            result = service_dial(call, request, true);
        }
        if (result) free_call(call);
    }
    log_line("lineMakeCall, request %lu: 0x%08lx", (unsigned long)request, (unsigned long)result);
    provider_unlock();
    return result ? result : (LONG)request;
}

LONG TSPIAPI TSPI_lineDial(DRV_REQUESTID request, HDRVCALL handle, LPCWSTR number,
                           DWORD country_code) {
    LONG result = 0;
    bool more;
    provider_lock();
    struct call *call = call_of(handle);
    if (!call) {
        result = LINEERR_INVALCALLHANDLE;
    } else if (call->incoming || call->dialled || call->progress.left) {
        result = LINEERR_INVALCALLSTATE;
    } else if (!add_digits(call, number ? number : L"", &more)) {
        result = LINEERR_INVALADDRESS;
    } else {
        if (country_code) call->country_code = country_code;
        if (more || !call->called[0]) {
            queue_completion(call, request, 0);
        } else {
            result = service_dial(call, request, false);
        }
    }
    provider_unlock();
    return result ? result : (LONG)request;
}

LONG TSPIAPI TSPI_lineDrop(DRV_REQUESTID request, HDRVCALL handle, LPCSTR information,
                           DWORD information_size) {
    LONG result = LINEERR_INVALCALLHANDLE;
    (void)information, (void)information_size;
    provider_lock();
    struct call *call = call_of(handle);
    if (call) result = service_drop(call, request);
    log_line("lineDrop, request %lu: 0x%08lx", (unsigned long)request, (unsigned long)result);
    provider_unlock();
    return result ? result : (LONG)request;
}

/* Send the other party to `number`, by `send`. */
static LONG send_to(DRV_REQUESTID request, HDRVCALL handle, LPCWSTR number,
                    LONG (*send)(struct call *, DRV_REQUESTID, LPCWSTR)) {
    LONG result = LINEERR_INVALCALLHANDLE;
    if (!number || !number[0] || wcslen(number) >= LONGEST_NUMBER) return LINEERR_INVALADDRESS;
    provider_lock();
    struct call *call = call_of(handle);
    if (call) result = send(call, request, number);
    provider_unlock();
    return result ? result : (LONG)request;
}

LONG TSPIAPI TSPI_lineBlindTransfer(DRV_REQUESTID request, HDRVCALL handle, LPCWSTR number,
                                    DWORD country_code) {
    (void)country_code;
    return send_to(request, handle, number, service_transfer);
}

LONG TSPIAPI TSPI_lineRedirect(DRV_REQUESTID request, HDRVCALL handle, LPCWSTR number,
                               DWORD country_code) {
    (void)country_code;
    return send_to(request, handle, number, service_redirect);
}

LONG TSPIAPI TSPI_lineCloseCall(HDRVCALL handle) {
    provider_lock();
    struct call *call = call_of(handle);
    if (call) service_let_go(call);
    provider_unlock();
    return call ? 0 : LINEERR_INVALCALLHANDLE;
}

LONG TSPIAPI TSPI_lineGetCallInfo(HDRVCALL handle, LPLINECALLINFO out) {
    LONG result = LINEERR_INVALCALLHANDLE;
    provider_lock();
    struct call *call = call_of(handle);
    if (call) {
        struct call_facts facts = facts_of_call(call);
        result = fill_call_info(out, &facts, call->line->version);
    }
    provider_unlock();
    return result;
}

LONG TSPIAPI TSPI_lineGetCallStatus(HDRVCALL handle, LPLINECALLSTATUS out) {
    LONG result = LINEERR_INVALCALLHANDLE;
    provider_lock();
    struct call *call = call_of(handle);
    if (call) {
        struct call_facts facts = facts_of_call(call);
        result = fill_call_status(out, &facts, call->line->version);
    }
    provider_unlock();
    return result;
}

LONG TSPIAPI TSPI_lineGetCallAddressID(HDRVCALL handle, LPDWORD address_id) {
    provider_lock();
    LONG result = call_of(handle) ? 0 : LINEERR_INVALCALLHANDLE;
    provider_unlock();
    if (!result) *address_id = 0;
    return result;
}
