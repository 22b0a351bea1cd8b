/* The proofs by which the service and we show each other that we know the token (docs/control.md).
 * HMAC-SHA-256 and random numbers are Windows' own. */
#ifndef SIPTAPI_AUTHENTICATION_H
#define SIPTAPI_AUTHENTICATION_H

#include <stdbool.h>

#define HEXADECIMAL 65 /* 32 bytes so written, ended by NUL */

/* `client` and `daemon` are the addresses of the two ends: 127.0.0.1:5039. */
struct handshake {
    char token[256];
    char client_nonce[HEXADECIMAL];
    char daemon_nonce[256];
    char client[32];
    char daemon[32];
};

/* These return false where Windows fails. */
bool new_nonce(char nonce[HEXADECIMAL]);
/* What a side, `client` or `daemon`, proves itself with. */
bool handshake_proof(const struct handshake *handshake, const char *side, char proof[HEXADECIMAL]);

/* Whether that side has given its proof; how long this takes tells nothing. */
bool handshake_is_proof(const struct handshake *handshake, const char *side, const char *given);

#endif
