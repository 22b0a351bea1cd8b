/* What the service was asked and has not answered; all with the lock held.
 *
 *   asked ──answer, error────────────────> removed
 *     └─2 s─> failed ──answer, or 60 s──> removed
 *
 * A request that failed is kept for a while: a late answer to `dial` tells of a call that nobody
 * wants any more. */
#ifndef SIPTAPI_REQUESTS_H
#define SIPTAPI_REQUESTS_H

#include "json.h"
#include "provider.h"

#define LONGEST_COMMAND 4096

enum asked { ASKED_EVENTS, ASKED_LINES, ASKED_DIAL, ASKED_DROP, ASKED_SEND };

struct request {
    struct request *next;
    DWORD id;
    enum asked asked;
    DWORD call; /* handle, 0: none */
    DRV_REQUESTID tapi_request;
    bool completes; /* TAPI waits for it */
    bool makes_call;
    ULONGLONG since;
};

/* NULL where there is no memory. */
struct request *add_request(enum asked asked, struct call *call);
void remove_request(struct request *request);
/* Those there are, the latest first; find one by its id, or by what was asked. NULL: none. */
struct request *first_request(void);
struct request *find_request(DWORD id);
struct request *find_asked(enum asked asked);

/* Commands. The writing ones begin a line that `wire_send` ends. */
void begin_command(struct json_writer *line, char text[LONGEST_COMMAND], DWORD id,
                   const char *command);
/* False where the service is not there; `number` may be NULL. */
bool command_call(const char *command, DWORD id, const char *call, const WCHAR *number);
/* The same, and nobody waits for the answer. */
void command_aside(const char *command, const char *call);

#endif
