/* Events of a call whose `dial` is not answered yet; all with the lock held. */
#ifndef SIPTAPI_EARLY_EVENTS_H
#define SIPTAPI_EARLY_EVENTS_H

#include "provider.h"

void keep_early(const char id[LONGEST_CALL_ID], struct call_event event);
/* The first that is kept of the call, and it is kept no more; false: there is none. */
bool take_early(const char id[LONGEST_CALL_ID], struct call_event *event);
void forget_early(void);

#endif
