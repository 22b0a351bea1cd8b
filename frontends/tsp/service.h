/* The service, as TAPI's functions use it: started, and told what applications want of calls.
 *
 * An answer that does not come within 2 s fails its request; the service is then asked to hang up
 * the call that a late answer tells of. */
#ifndef SIPTAPI_SERVICE_H
#define SIPTAPI_SERVICE_H

#include "provider.h"

bool service_start(void); /* without the lock */
void service_stop(void);  /* without the lock */

/* These with the lock held. The result is 0 where the request will be completed, else the LINEERR_
 * of it: it is not. */
LONG service_dial(struct call *call, DRV_REQUESTID request, bool makes_call);
LONG service_drop(struct call *call, DRV_REQUESTID request);
/* `number` has less than LONGEST_NUMBER units. */
LONG service_transfer(struct call *call, DRV_REQUESTID request, const WCHAR *number);
LONG service_redirect(struct call *call, DRV_REQUESTID request, const WCHAR *number);
/* TAPI lets go of a call: its requests are completed, and it is hung up if that can be done. */
void service_let_go(struct call *call);

#endif
