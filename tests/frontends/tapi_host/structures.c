/* TAPI's structures, asked for with buffers of every size. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

static void say_text(const char *name, const void *structure, DWORD size, DWORD offset) {
    char text[1024];
    if (!size) return;
    WideCharToMultiByte(CP_UTF8, 0, (const WCHAR *)((const char *)structure + offset), -1, text,
                        sizeof text, NULL, NULL);
    say("  %s %s", name, text);
}

/* The call's status, whose buffer is too small by one byte first. */
void show_call_status(int call) {
    LONG result;
    LINECALLSTATUS *status;
    SYSTEMTIME now;
    FILETIME then_, now_;
    DWORD fixed = lines[calls[call].device].version < 0x20000 ? 36 : 56;
    status = guarded(fixed - 1);
    TIMED(result, tsp_lineGetCallStatus(calls[call].handle, status));
    if (result != (LONG)LINEERR_STRUCTURETOOSMALL) fault("a buffer of %lu bytes", fixed - 1);
    release(status);
    status = guarded(fixed);
    TIMED(result, tsp_lineGetCallStatus(calls[call].handle, status));
    if (result) fault("TSPI_lineGetCallStatus of %d: 0x%lx", call, (unsigned long)result);
    if (status->dwCallPrivilege != TAPIS) fault("dwCallPrivilege was written");
    if (fixed == 56) { /* since when it is in this state, as UTC */
        GetSystemTime(&now);
        if (!SystemTimeToFileTime(&status->tStateEntryTime, &then_)) fault("no time");
        SystemTimeToFileTime(&now, &now_);
        ULONGLONG age = (((ULONGLONG)now_.dwHighDateTime << 32 | now_.dwLowDateTime) -
                         ((ULONGLONG)then_.dwHighDateTime << 32 | then_.dwLowDateTime)) / 10000000;
        if (age > 60) fault("call %d is in its state since %lu s", call, (unsigned long)age);
    }
    DWORD address = 9;
    if (tsp_lineGetCallAddressID(calls[call].handle, &address) || address) fault("another address");
    say("at %d %s features 0x%lx", call, state_name(status->dwCallState),
        (unsigned long)status->dwCallFeatures);
    release(status);
}

void show_info(int call) {
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
        say_text("redirection", info, info->dwRedirectionIDSize, info->dwRedirectionIDOffset);
        say_text("redirecting", info, info->dwRedirectingIDSize, info->dwRedirectingIDOffset);
        say("  origin 0x%lx country %lu", (unsigned long)info->dwOrigin,
            (unsigned long)info->dwCountryCode);
        if ((DWORD)(DWORD_PTR)info->hLine != TAPIS || info->dwMonitorMediaModes != TAPIS ||
            info->dwNumOwners != TAPIS || info->dwCommentOffset != TAPIS)
            fault("LINECALLINFO: what TAPI wrote was written");
    }
    say("told");
    release(info);
}

/* What a feature is called by; without such a function it must not be said to be there. */
struct feature {
    DWORD bit;
    const char *function;
};

static const struct feature call_features[] = {{LINECALLFEATURE_DROP, "TSPI_lineDrop"},
                                               {LINECALLFEATURE_DIAL, "TSPI_lineDial"},
                                               {LINECALLFEATURE_BLINDTRANSFER,
                                                "TSPI_lineBlindTransfer"},
                                               {LINECALLFEATURE_REDIRECT, "TSPI_lineRedirect"},
                                               {0, NULL}};
static const struct feature line_features[] = {{LINEFEATURE_MAKECALL, "TSPI_lineMakeCall"},
                                               {0, NULL}};
static const struct feature address_features[] = {{LINEADDRFEATURE_MAKECALL, "TSPI_lineMakeCall"},
                                                  {0, NULL}};

static void check_features(DWORD told, const struct feature *features) {
    for (; features->bit; features++) {
        if (told & features->bit && !GetProcAddress(provider, features->function))
            fault("%s is advertised, and not there", features->function);
        told &= ~features->bit;
    }
    if (told) fault("features 0x%lx are advertised", (unsigned long)told);
}

void show_caps(int device, DWORD version, DWORD extra) {
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
        check_features(caps->dwLineFeatures, line_features);
    }
    release(caps);
    LINEADDRESSCAPS *address = guarded(version < 0x20000 ? 180 : sizeof *address);
    TIMED(result, tsp_lineGetAddressCaps((DWORD)device, 0, version, 0, address));
    if (result) fault("TSPI_lineGetAddressCaps: 0x%lx", (unsigned long)result);
    check_sizes(address, "LINEADDRESSCAPS");
    check_features(address->dwCallFeatures, call_features);
    check_features(address->dwAddressFeatures, address_features);
    release(address);
    say("told");
}

void show_status(int device) {
    LONG result;
    LINEDEVSTATUS *status = guarded(sizeof *status);
    LINEADDRESSSTATUS *address = guarded(sizeof *address);
    TIMED(result, tsp_lineGetLineDevStatus(lines[device].handle, status));
    if (result) fault("TSPI_lineGetLineDevStatus: 0x%lx", (unsigned long)result);
    if (status->dwNumOpens != TAPIS || status->dwOpenMediaModes != TAPIS)
        fault("LINEDEVSTATUS: what TAPI wrote was written");
    TIMED(result, tsp_lineGetAddressStatus(lines[device].handle, 0, address));
    if (result) fault("TSPI_lineGetAddressStatus: 0x%lx", (unsigned long)result);
    say("status %d flags 0x%lx features 0x%lx in-use %lu calls %lu", device,
        (unsigned long)status->dwDevStatusFlags, (unsigned long)address->dwAddressFeatures,
        (unsigned long)address->dwNumInUse, (unsigned long)status->dwNumActiveCalls);
    release(status);
    release(address);
}
