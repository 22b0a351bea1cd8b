#include "authentication.h"

#include <winsock2.h>

#include <bcrypt.h>
#include <stdio.h>
#include <string.h>

#define BYTES 32 /* of a nonce, and of SHA-256 */

static void write_hexadecimal(const UCHAR bytes[BYTES], char out[HEXADECIMAL]) {
    for (int index = 0; index < BYTES; index++) snprintf(out + 2 * index, 3, "%02x", bytes[index]);
}

bool new_nonce(char nonce[HEXADECIMAL]) {
    UCHAR bytes[BYTES];
    if (BCryptGenRandom(NULL, bytes, BYTES, BCRYPT_USE_SYSTEM_PREFERRED_RNG)) return false;
    write_hexadecimal(bytes, nonce);
    return true;
}

static bool hmac_sha256(const char *key, const char *text, UCHAR out[BYTES]) {
    BCRYPT_ALG_HANDLE algorithm;
    BCRYPT_HASH_HANDLE hash = NULL;
    if (BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_SHA256_ALGORITHM, NULL,
                                    BCRYPT_ALG_HANDLE_HMAC_FLAG))
        return false;
    bool done = !BCryptCreateHash(algorithm, &hash, NULL, 0, (UCHAR *)key, (ULONG)strlen(key), 0) &&
                !BCryptHashData(hash, (UCHAR *)text, (ULONG)strlen(text), 0) &&
                !BCryptFinishHash(hash, out, BYTES, 0);
    if (hash) BCryptDestroyHash(hash);
    BCryptCloseAlgorithmProvider(algorithm, 0);
    return done;
}

bool handshake_proof(const struct handshake *handshake, const char *side, char proof[HEXADECIMAL]) {
    char text[sizeof *handshake];
    UCHAR bytes[BYTES];
    snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n%s", side, handshake->client_nonce,
             handshake->daemon_nonce, handshake->client, handshake->daemon);
    if (!hmac_sha256(handshake->token, text, bytes)) return false;
    write_hexadecimal(bytes, proof);
    return true;
}

bool handshake_is_proof(const struct handshake *handshake, const char *side, const char *given) {
    char proof[HEXADECIMAL];
    unsigned difference = 0;
    if (!handshake_proof(handshake, side, proof) || strlen(given) != HEXADECIMAL - 1) return false;
    for (int index = 0; index < HEXADECIMAL; index++)
        difference |= (unsigned)(proof[index] ^ given[index]);
    return difference == 0;
}
