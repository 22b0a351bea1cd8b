/* UTF-8 (RFC 3629) and UTF-16 (RFC 2781). What is malformed is read as U+FFFD. */
#ifndef SIPTAPI_UNICODE_H
#define SIPTAPI_UNICODE_H

#include <stddef.h>
#include <stdint.h>

#define UNICODE_REPLACEMENT 0xFFFDu

/* Read the character at `*at`, which is before `end`, and move behind it. */
uint32_t utf8_decode(const char **at, const char *end);
uint32_t utf16_decode(const uint16_t **at, const uint16_t *end);

/* Write a character; the result is how many bytes or units it has. */
size_t utf8_encode(uint32_t code, char out[4]);
size_t utf16_encode(uint32_t code, uint16_t out[2]);

/* Whole texts, ended by NUL; what does not fit into `size` units is cut off. */
size_t utf16_from_utf8(const char *text, uint16_t *out, size_t size);

#endif
