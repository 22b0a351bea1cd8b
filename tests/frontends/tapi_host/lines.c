/* Lines, opened and closed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

/* What belongs to the line and its one address, and what does not. */
static void check_ids(int device) {
    HDRVLINE handle = lines[device].handle;
    DWORD number = 0;
    for (DWORD size = sizeof(VARSTRING); size <= sizeof(VARSTRING) + sizeof number; size++) {
        VARSTRING *id = guarded(size);
        LONG result = tsp_lineGetID(handle, 0, NULL, LINECALLSELECT_LINE, id, L"tapi/line", NULL);
        bool fits = size >= id->dwNeededSize;
        if (fits) memcpy(&number, (char *)id + id->dwStringOffset, sizeof number);
        if (result || (fits && number != (DWORD)device)) fault("TSPI_lineGetID, %lu bytes", size);
        check_sizes(id, "VARSTRING");
        release(id);
    }
    VARSTRING *id = guarded(sizeof *id);
    if (tsp_lineGetID(handle, 0, NULL, LINECALLSELECT_LINE, id, L"wave/in", NULL) !=
        (LONG)LINEERR_NODEVICE)
        fault("a line with sound");
    release(id);
    if (tsp_lineGetNumAddressIDs(handle, &number) || number != 1) fault("%lu addresses", number);
    if (tsp_lineConditionalMediaDetection(handle, LINEMEDIAMODE_G3FAX, NULL) !=
        (LONG)LINEERR_INVALMEDIAMODE)
        fault("a line for fax");
    if (tsp_lineConditionalMediaDetection(handle, LINEMEDIAMODE_INTERACTIVEVOICE, NULL))
        fault("a line without voice");
}

void open_line(int device, DWORD version) {
    LONG result;
    HTAPILINE handle = (HTAPILINE)(HIGH_LINE | (DWORD_PTR)device);
    lines[device].open = true;
    lines[device].version = version;
    TIMED(result, tsp_lineOpen((DWORD)device, handle, &lines[device].handle, version, on_event));
    if (result) {
        lines[device].open = false;
        say("error 0x%08lx", (unsigned long)result);
        return;
    }
    TIMED(result, tsp_lineSetStatusMessages(lines[device].handle, 0xFFFFFFFF, 0));
    if (result) fault("TSPI_lineSetStatusMessages: 0x%lx", (unsigned long)result);
    TIMED(result, tsp_lineSetDefaultMediaDetection(lines[device].handle, LINEMEDIAMODE_INTERACTIVEVOICE));
    if (result) fault("TSPI_lineSetDefaultMediaDetection: 0x%lx", (unsigned long)result);
    check_ids(device);
    say("open %d", device);
}

void close_line(int device) {
    LONG result;
    for (int call = 1; call <= last_call; call++) {
        if (calls[call].device == device) close_call(call);
    }
    TIMED(result, tsp_lineClose(lines[device].handle));
    if (result) fault("TSPI_lineClose: 0x%lx", (unsigned long)result);
    lines[device].open = false;
    say("closed line %d", device);
}
