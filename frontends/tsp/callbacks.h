/* What TAPI is to be told, in one queue and by one thread, without the lock. */
#ifndef SIPTAPI_CALLBACKS_H
#define SIPTAPI_CALLBACKS_H

#include "provider.h"

/* All of these with the lock held, unless they say otherwise. */

bool callbacks_start(void (*on_tick)(void)); /* `on_tick`: with the lock held, every 100 ms */
/* Delivers the completions that are queued, and ends the thread; without the lock. */
void callbacks_stop(void);

void queue_completion(struct call *call, DRV_REQUESTID request, LONG result);
/* The same of a call that does not exist afterwards: a lineMakeCall that failed. */
void queue_failed_call(struct call *call, DRV_REQUESTID request, LONG result);
void queue_reports(struct call *call, const struct call_report *reports, int count);
void queue_call_info(struct call *call, DWORD what);
void queue_new_call(struct call *call);
void queue_line_state(struct line *line, DWORD state);
void queue_line_create(struct line *line);
void queue_line_remove(struct line *line);

/* From here on nothing of the call or line is told; what is being told just now is waited for, at
 * most 1.5 s. Completions that are queued for the call are made before this returns. The lock is
 * given up meanwhile. */
void withdraw_call(struct call *call);
void withdraw_line(struct line *line);

#endif
