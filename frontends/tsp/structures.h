/* TAPI's information structures, filled as large as the negotiated version has them.
 *
 * The headers always declare the largest version; an application of an older one gave a smaller
 * buffer, and its variable part begins where the fixed part of *its* version ends. `dwTotalSize`
 * and what else TAPI itself fills in (privileges, owners, opens) is never written. A text that does
 * not fit is left out whole, its size and offset 0, and `dwNeededSize` says what would hold all. */
#ifndef SIPTAPI_STRUCTURES_H
#define SIPTAPI_STRUCTURES_H

#include <tspi.h>

#include <stdbool.h>
#include <stdint.h>

#define VERSION_OLDEST 0x00010004
#define VERSION_2_0 0x00020000
#define VERSION_NEWEST 0x00020002

#define MOST_CALLS 64      /* of a line */
#define LONGEST_NAME 128   /* UTF-16 units, with the NUL */
#define LONGEST_NUMBER 256 /* the same */

struct line_facts {
    DWORD device_id;
    DWORD permanent_id;
    const uint16_t *name;
    bool reachable;  /* the service is there */
    bool in_service; /* and the line's registration has not failed */
    DWORD calls;     /* that are not IDLE */
};

struct call_facts {
    DWORD device_id;
    DWORD id;
    DWORD state, mode;
    bool incoming;
    bool transferable;
    bool connected;
    DWORD country_code;
    SYSTEMTIME since;
    const uint16_t *caller, *caller_name, *called, *diverted_by, *redirection;
};

LONG fill_device_capabilities(LINEDEVCAPS *out, const struct line_facts *line, DWORD version);
LONG fill_address_capabilities(LINEADDRESSCAPS *out, const struct line_facts *line, DWORD version);
LONG fill_device_status(LINEDEVSTATUS *out, const struct line_facts *line, DWORD version);
LONG fill_address_status(LINEADDRESSSTATUS *out, const struct line_facts *line);
LONG fill_call_info(LINECALLINFO *out, const struct call_facts *call, DWORD version);
LONG fill_call_status(LINECALLSTATUS *out, const struct call_facts *call, DWORD version);
DWORD call_features(const struct call_facts *call);

/* Stable by the line's name, over restarts, reloads and another order of the lines: FNV-1a. */
DWORD permanent_line_id(const char *utf8_name);

#endif
