/* What becomes of lines by what the service says; all with the lock held. */
#ifndef SIPTAPI_SERVICE_LINES_H
#define SIPTAPI_SERVICE_LINES_H

#include "json.h"

/* Ask for the lines: once the service is there, and when one is another than it was. */
void lines_ask(void);
/* The answer. */
void lines_on_answer(struct json_value reply);
/* An event of a line. */
void lines_on_event(struct json_value event);
/* The service is gone: the lines stay, out of reach. */
void lines_on_down(void);
/* The time is another now. */
void lines_on_tick(void);

#endif
