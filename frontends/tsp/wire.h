/* The control line: a thread that connects, says hello, reads lines, and connects again.
 *
 *   waiting ──due──> connecting ──> authenticating ──its proof──> greeting ──hello──> up
 *      ^                 │                 │                         │                │
 *      └─────────────────┴─────────────────┴── anything wrong, goodbye ──────────────┘
 *
 * Before whoever listens has proved that it is the service, it is told nothing but a nonce.
 * Sending never blocks: it appends to a buffer that the thread empties. */
#ifndef SIPTAPI_WIRE_H
#define SIPTAPI_WIRE_H

#include "json.h"

/* Called by the wire's thread, with the lock held (see provider.h). */
struct wire_listener {
    void (*on_up)(void);
    void (*on_line)(struct json_value line);
    void (*on_down)(void);
};

bool wire_start(const struct wire_listener *listener);
/* Ends the thread; call without the lock. */
void wire_stop(void);
/* With the lock held. False where the service is not there, or does not read. */
bool wire_send(struct json_writer *line);
bool wire_is_up(void);

#endif
