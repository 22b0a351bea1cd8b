/* Tells the proofs of a handshake, the daemon's and the client's, then a nonce; fails where one is
 * taken that is not right.
 *
 *   test_authentication.exe TOKEN CLIENT_NONCE DAEMON_NONCE CLIENT DAEMON */
#include <stdio.h>
#include <string.h>

#include "authentication.h"

static const char *const sides[] = {"daemon", "client"};

int main(int count, char **arguments) {
    struct handshake handshake;
    char proof[HEXADECIMAL], nonce[HEXADECIMAL];
    if (count != 6) return 2;
    strcpy(handshake.token, arguments[1]);
    strcpy(handshake.client_nonce, arguments[2]);
    strcpy(handshake.daemon_nonce, arguments[3]);
    strcpy(handshake.client, arguments[4]);
    strcpy(handshake.daemon, arguments[5]);
    for (int side = 0; side < 2; side++) {
        if (!handshake_proof(&handshake, sides[side], proof)) return 3;
        printf("%s\n", proof);
        if (!handshake_is_proof(&handshake, sides[side], proof)) return 4;
        if (handshake_is_proof(&handshake, sides[!side], proof)) return 5;
        for (int index = 0; index < HEXADECIMAL - 1; index++) {
            proof[index] ^= 1;
            if (handshake_is_proof(&handshake, sides[side], proof)) return 6;
            proof[index] ^= 1;
        }
        proof[HEXADECIMAL - 2] = '\0';
        if (handshake_is_proof(&handshake, sides[side], proof)) return 7;
        if (handshake_is_proof(&handshake, sides[side], "")) return 8;
    }
    if (!new_nonce(nonce)) return 9;
    printf("%s\n", nonce);
    return 0;
}
