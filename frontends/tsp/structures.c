#include "structures.h"

#include <stddef.h>
#include <string.h>

/* One structure while it is filled: the first three fields are the same in all. */
struct filling {
    LINEDEVSTATUS *head;
    DWORD fixed;
    DWORD needed;
    DWORD used;
};

/* Members, from the first to the one after the last. */
struct range {
    size_t first, end;
};

#define RANGE(type, first, end) {offsetof(type, first), offsetof(type, end)}

/* What TAPI fills in, in the order of the structure; the documentation of TSPI_lineGetCallInfo,
 * TSPI_lineGetCallStatus and TSPI_lineGetLineDevStatus says that a provider preserves it. */
static const struct range tapis_of_call[] = {
    RANGE(LINECALLINFO, hLine, dwLineDeviceID),
    RANGE(LINECALLINFO, dwMonitorDigitModes, DialParams),
    RANGE(LINECALLINFO, dwNumOwners, dwCountryCode),
    RANGE(LINECALLINFO, dwAppNameSize, dwDisplaySize),
    {0, 0},
};
static const struct range tapis_of_call_status[] = {
    RANGE(LINECALLSTATUS, dwCallPrivilege, dwCallFeatures),
    {0, 0},
};
static const struct range tapis_of_line[] = {
    RANGE(LINEDEVSTATUS, dwNumOpens, dwNumActiveCalls),
    {0, 0},
};
static const struct range nothing[] = {{0, 0}};

static LONG begin(struct filling *filling, void *out, DWORD fixed, const struct range *kept) {
    size_t cleared = offsetof(LINEDEVSTATUS, dwNeededSize);
    *filling = (struct filling){out, fixed, fixed, fixed};
    DWORD total = filling->head->dwTotalSize;
    if (total < fixed) {
        if (total >= offsetof(LINEDEVSTATUS, dwNumOpens)) {
            filling->head->dwNeededSize = fixed;
            filling->head->dwUsedSize = 0;
        }
        return LINEERR_STRUCTURETOOSMALL;
    }
    for (; kept->end; kept++) {
        memset((char *)out + cleared, 0, kept->first - cleared);
        cleared = kept->end;
    }
    memset((char *)out + cleared, 0, fixed - cleared);
    return 0;
}

static void put_bytes(struct filling *filling, DWORD *size, DWORD *offset, const void *bytes,
                      DWORD length) {
    if (length == 0) return;
    filling->needed += length;
    if (filling->head->dwTotalSize - filling->used < length) return;
    memcpy((char *)filling->head + filling->used, bytes, length);
    *size = length;
    *offset = filling->used;
    filling->used += length;
}

static void put_text(struct filling *filling, DWORD *size, DWORD *offset, const uint16_t *text) {
    DWORD units = 0;
    while (text[units]) units++;
    if (units) put_bytes(filling, size, offset, text, (units + 1) * (DWORD)sizeof *text);
}

static LONG end(struct filling *filling) {
    filling->head->dwNeededSize = filling->needed;
    filling->head->dwUsedSize = filling->used;
    return 0;
}

/* The packed structures' fields may lie at any address: sizes and offsets go through copies. */
#define PUT_TEXT(filling, out, field, text)                       \
    do {                                                          \
        DWORD size_ = 0, offset_ = 0;                             \
        put_text(filling, &size_, &offset_, text);                \
        (out)->dw##field##Size = size_;                           \
        (out)->dw##field##Offset = offset_;                       \
    } while (0)

static const uint16_t provider_info[] = {'S', 'I', 'P', 'T', 'A', 'P', 'I', 0};
static const uint16_t switch_info[] = {'S', 'I', 'P', 0};
static const uint16_t device_classes[] = {'t', 'a', 'p', 'i', '/', 'l', 'i', 'n', 'e', 0, 0};

#define OUR_CALL_STATES                                                                     \
    (LINECALLSTATE_IDLE | LINECALLSTATE_OFFERING | LINECALLSTATE_DIALTONE |                 \
     LINECALLSTATE_DIALING | LINECALLSTATE_PROCEEDING | LINECALLSTATE_RINGBACK |            \
     LINECALLSTATE_CONNECTED | LINECALLSTATE_BUSY | LINECALLSTATE_DISCONNECTED)
#define OUR_DISCONNECT_MODES                                                                \
    (LINEDISCONNECTMODE_NORMAL | LINEDISCONNECTMODE_UNKNOWN | LINEDISCONNECTMODE_REJECT |   \
     LINEDISCONNECTMODE_PICKUP | LINEDISCONNECTMODE_BUSY | LINEDISCONNECTMODE_NOANSWER |    \
     LINEDISCONNECTMODE_BADADDRESS | LINEDISCONNECTMODE_UNREACHABLE |                       \
     LINEDISCONNECTMODE_CONGESTION)
#define OUR_CALL_FEATURES                                                                   \
    (LINECALLFEATURE_DROP | LINECALLFEATURE_DIAL | LINECALLFEATURE_BLINDTRANSFER |          \
     LINECALLFEATURE_REDIRECT)
#define OUR_LINE_STATES                                                                     \
    (LINEDEVSTATE_CONNECTED | LINEDEVSTATE_DISCONNECTED | LINEDEVSTATE_INSERVICE |          \
     LINEDEVSTATE_OUTOFSERVICE)

LONG fill_device_capabilities(LINEDEVCAPS *out, const struct line_facts *line, DWORD version) {
    struct filling filling;
    DWORD fixed = version < VERSION_2_0      ? offsetof(LINEDEVCAPS, dwSettableDevStatus)
                  : version < VERSION_NEWEST ? offsetof(LINEDEVCAPS, PermanentLineGuid)
                                             : offsetof(LINEDEVCAPS, dwAddressTypes);
    LONG result = begin(&filling, out, fixed, nothing);
    if (result) return result;
    PUT_TEXT(&filling, out, ProviderInfo, provider_info);
    PUT_TEXT(&filling, out, SwitchInfo, switch_info);
    PUT_TEXT(&filling, out, LineName, line->name);
    out->dwPermanentLineID = line->permanent_id;
    out->dwStringFormat = STRINGFORMAT_UNICODE;
    out->dwAddressModes = LINEADDRESSMODE_ADDRESSID;
    out->dwNumAddresses = 1;
    out->dwBearerModes = LINEBEARERMODE_VOICE;
    out->dwMediaModes = LINEMEDIAMODE_INTERACTIVEVOICE;
    out->dwDevCapFlags = LINEDEVCAPFLAGS_CLOSEDROP;
    out->dwMaxNumActiveCalls = MOST_CALLS;
    out->dwAnswerMode = LINEANSWERMODE_NONE;
    out->dwRingModes = 1;
    out->dwLineStates = OUR_LINE_STATES;
    out->dwLineFeatures = LINEFEATURE_MAKECALL;
    if (version >= VERSION_2_0) {
        DWORD size = 0, offset = 0;
        put_bytes(&filling, &size, &offset, device_classes, sizeof device_classes);
        out->dwDeviceClassesSize = size;
        out->dwDeviceClassesOffset = offset;
    }
    if (version >= VERSION_NEWEST) {
        static const GUID ours = {
            0, 0x9D3F, 0x4B6A, {0x8C, 0x1E, 0x5A, 0x53, 0x49, 0x50, 0x54, 0x41}};
        out->PermanentLineGuid = ours;
        out->PermanentLineGuid.Data1 = line->permanent_id;
    }
    return end(&filling);
}

LONG fill_address_capabilities(LINEADDRESSCAPS *out, const struct line_facts *line, DWORD version) {
    struct filling filling;
    DWORD fixed = version < VERSION_2_0 ? offsetof(LINEADDRESSCAPS, dwPredictiveAutoTransferStates)
                                        : sizeof(LINEADDRESSCAPS);
    LONG result = begin(&filling, out, fixed, nothing);
    if (result) return result;
    PUT_TEXT(&filling, out, Address, line->name);
    out->dwLineDeviceID = line->device_id;
    out->dwAddressSharing = LINEADDRESSSHARING_PRIVATE;
    out->dwCallInfoStates = LINECALLINFOSTATE_CALLEDID | LINECALLINFOSTATE_CONNECTEDID |
                            LINECALLINFOSTATE_REDIRECTIONID;
    out->dwCallerIDFlags = LINECALLPARTYID_ADDRESS | LINECALLPARTYID_NAME | LINECALLPARTYID_BLOCKED;
    out->dwCalledIDFlags = LINECALLPARTYID_ADDRESS | LINECALLPARTYID_UNKNOWN;
    out->dwConnectedIDFlags = LINECALLPARTYID_ADDRESS | LINECALLPARTYID_UNKNOWN;
    out->dwRedirectionIDFlags = LINECALLPARTYID_ADDRESS | LINECALLPARTYID_UNAVAIL;
    out->dwRedirectingIDFlags = LINECALLPARTYID_ADDRESS | LINECALLPARTYID_UNAVAIL;
    out->dwCallStates = OUR_CALL_STATES;
    out->dwDialToneModes = LINEDIALTONEMODE_NORMAL;
    out->dwBusyModes = LINEBUSYMODE_UNKNOWN;
    out->dwDisconnectModes = OUR_DISCONNECT_MODES;
    out->dwMaxNumActiveCalls = MOST_CALLS;
    out->dwAddrCapFlags = LINEADDRCAPFLAGS_DIALED | LINEADDRCAPFLAGS_PARTIALDIAL;
    out->dwCallFeatures = OUR_CALL_FEATURES;
    out->dwAddressFeatures = LINEADDRFEATURE_MAKECALL;
    if (version >= VERSION_2_0) {
        DWORD size = 0, offset = 0;
        out->dwDisconnectModes |= LINEDISCONNECTMODE_CANCELLED;
        put_bytes(&filling, &size, &offset, device_classes, sizeof device_classes);
        out->dwDeviceClassesSize = size;
        out->dwDeviceClassesOffset = offset;
        out->dwConnectedModes = LINECONNECTEDMODE_ACTIVE;
        out->dwOfferingModes = LINEOFFERINGMODE_ACTIVE;
        out->dwAvailableMediaModes = LINEMEDIAMODE_INTERACTIVEVOICE;
    }
    return end(&filling);
}

LONG fill_device_status(LINEDEVSTATUS *out, const struct line_facts *line, DWORD version) {
    struct filling filling;
    DWORD fixed = version < VERSION_2_0 ? offsetof(LINEDEVSTATUS, dwAvailableMediaModes)
                                        : sizeof(LINEDEVSTATUS);
    LONG result = begin(&filling, out, fixed, tapis_of_line);
    if (result) return result;
    out->dwNumActiveCalls = line->calls;
    out->dwLineFeatures = line->reachable ? LINEFEATURE_MAKECALL : 0;
    out->dwDevStatusFlags = (line->reachable ? LINEDEVSTATUSFLAGS_CONNECTED : 0) |
                            (line->in_service ? LINEDEVSTATUSFLAGS_INSERVICE : 0);
    if (version >= VERSION_2_0 && line->reachable)
        out->dwAvailableMediaModes = LINEMEDIAMODE_INTERACTIVEVOICE;
    return end(&filling);
}

/* Some applications dial only where the address is in use and says that it makes calls. */
LONG fill_address_status(LINEADDRESSSTATUS *out, const struct line_facts *line) {
    struct filling filling;
    LONG result = begin(&filling, out, sizeof(LINEADDRESSSTATUS), nothing);
    if (result) return result;
    out->dwNumInUse = 1;
    out->dwNumActiveCalls = line->calls;
    out->dwAddressFeatures = line->reachable ? LINEADDRFEATURE_MAKECALL : 0;
    return end(&filling);
}

static DWORD party(const uint16_t *address) {
    return address[0] ? LINECALLPARTYID_ADDRESS : LINECALLPARTYID_UNAVAIL;
}

LONG fill_call_info(LINECALLINFO *out, const struct call_facts *call, DWORD version) {
    struct filling filling;
    DWORD fixed = version < VERSION_2_0 ? offsetof(LINECALLINFO, dwCallTreatment)
                                        : offsetof(LINECALLINFO, dwCallerIDAddressType);
    LONG result = begin(&filling, out, fixed, tapis_of_call);
    if (result) return result;
    out->dwLineDeviceID = call->device_id;
    out->dwBearerMode = LINEBEARERMODE_VOICE;
    out->dwMediaMode = LINEMEDIAMODE_INTERACTIVEVOICE;
    out->dwCallID = call->id;
    out->dwCallStates = OUR_CALL_STATES;
    out->dwOrigin = call->incoming ? LINECALLORIGIN_INBOUND : LINECALLORIGIN_OUTBOUND;
    out->dwReason = call->incoming ? LINECALLREASON_UNKNOWN : LINECALLREASON_DIRECT;
    out->dwCountryCode = call->country_code;
    out->dwTrunk = 0xFFFFFFFF;
    PUT_TEXT(&filling, out, CallerID, call->caller);
    PUT_TEXT(&filling, out, CallerIDName, call->caller_name);
    out->dwCallerIDFlags = (call->caller[0] ? LINECALLPARTYID_ADDRESS : 0) |
                           (call->caller_name[0] ? LINECALLPARTYID_NAME : 0);
    if (!out->dwCallerIDFlags)
        out->dwCallerIDFlags = call->incoming ? LINECALLPARTYID_BLOCKED : LINECALLPARTYID_UNAVAIL;
    PUT_TEXT(&filling, out, CalledID, call->called);
    out->dwCalledIDFlags = call->called[0] ? LINECALLPARTYID_ADDRESS : LINECALLPARTYID_UNKNOWN;
    out->dwConnectedIDFlags = LINECALLPARTYID_UNKNOWN;
    if (call->connected && !call->incoming) {
        PUT_TEXT(&filling, out, ConnectedID, call->redirection[0] ? call->redirection : call->called);
        out->dwConnectedIDFlags = out->dwCalledIDFlags;
    }
    PUT_TEXT(&filling, out, RedirectionID, call->redirection);
    out->dwRedirectionIDFlags = party(call->redirection);
    PUT_TEXT(&filling, out, RedirectingID, call->diverted_by);
    out->dwRedirectingIDFlags = party(call->diverted_by);
    return end(&filling);
}

DWORD call_features(const struct call_facts *call) {
    switch (call->state) {
    case LINECALLSTATE_OFFERING: return LINECALLFEATURE_DROP | LINECALLFEATURE_REDIRECT;
    case LINECALLSTATE_DIALTONE: return LINECALLFEATURE_DROP | LINECALLFEATURE_DIAL;
    case LINECALLSTATE_DIALING:
    case LINECALLSTATE_PROCEEDING:
    case LINECALLSTATE_RINGBACK:
    case LINECALLSTATE_CONNECTED:
        return LINECALLFEATURE_DROP | (call->transferable ? LINECALLFEATURE_BLINDTRANSFER : 0);
    default: return 0;
    }
}

LONG fill_call_status(LINECALLSTATUS *out, const struct call_facts *call, DWORD version) {
    struct filling filling;
    DWORD fixed = version < VERSION_2_0 ? offsetof(LINECALLSTATUS, dwCallFeatures2)
                                        : sizeof(LINECALLSTATUS);
    LONG result = begin(&filling, out, fixed, tapis_of_call_status);
    if (result) return result;
    out->dwCallState = call->state;
    out->dwCallStateMode = call->mode;
    out->dwCallFeatures = call_features(call);
    if (version >= VERSION_2_0) out->tStateEntryTime = call->since;
    return end(&filling);
}

DWORD permanent_line_id(const char *utf8_name) {
    uint32_t hash = 2166136261u;
    while (*utf8_name) hash = (hash ^ (unsigned char)*utf8_name++) * 16777619u;
    return hash;
}
