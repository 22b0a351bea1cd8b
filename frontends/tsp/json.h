/* JSON, as far as the control line has it: views into one checked line, nothing is allocated.
 *
 * `json_check` comes first; the other readers rely on what it found. A view of a value begins at
 * its first character and ends after its last; an absent value is a view without text. */
#ifndef SIPTAPI_JSON_H
#define SIPTAPI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_value {
    const char *text;
    size_t length;
};

/* Whether the text is one JSON object (RFC 8259), nested at most 32 deep. */
bool json_check(const char *text, size_t length);

bool json_present(struct json_value value);
struct json_value json_member(struct json_value object, const char *name);

/* Step through an array: `json_first` of it, then `json_next`, until nothing is present. */
struct json_value json_first(struct json_value array);
struct json_value json_next(struct json_value array, struct json_value element);

/* A text as UTF-8, ended by NUL; cut before the character that does not fit. NUL becomes U+FFFD.
 * False, and an empty text, where the value is no text. */
bool json_text(struct json_value value, char *out, size_t size);
bool json_whole(struct json_value value, int64_t *number);
bool json_is_true(struct json_value value);
bool json_is_false(struct json_value value);

/* Writes one object into a buffer; `failed` is set where it had no room. The result is ASCII. */
struct json_writer {
    char *text;
    size_t size;
    size_t length;
    bool failed;
};

void json_begin(struct json_writer *writer, char *text, size_t size);
void json_put_text(struct json_writer *writer, const char *name, const char *utf8);
void json_put_utf16(struct json_writer *writer, const char *name, const uint16_t *text,
                    size_t units);
void json_put_whole(struct json_writer *writer, const char *name, int64_t number);
void json_put_true(struct json_writer *writer, const char *name);
void json_put_value(struct json_writer *writer, const char *name, struct json_value value);
/* Ends the object and its line; false where it did not fit. */
bool json_end(struct json_writer *writer);

#endif
