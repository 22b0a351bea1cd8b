/* What becomes of calls by what the service says, or does not say; all with the lock held. */
#ifndef SIPTAPI_SERVICE_CALLS_H
#define SIPTAPI_SERVICE_CALLS_H

#include "requests.h"

/* An event with a `call`. */
void calls_on_event(struct json_value event);
/* An answer to a request of a call; the request is removed afterwards. */
void calls_on_answer(struct request *request, struct json_value line);
/* No answer will come, or it is an error: TAPI is told, if it waits. */
void calls_on_failure(struct request *request, LONG result);
/* The service is gone, and its calls with it. */
void calls_on_down(void);
/* The time is another now. */
void calls_on_tick(ULONGLONG now);

#endif
