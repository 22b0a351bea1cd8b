#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "unicode.h"

static void put(struct json_writer *writer, const char *text, size_t length) {
    if (writer->failed || writer->size - writer->length < length) {
        writer->failed = true;
        return;
    }
    memcpy(writer->text + writer->length, text, length);
    writer->length += length;
}

static void put_unit(struct json_writer *writer, uint32_t unit) {
    char escape[8];
    if (unit >= 0x20 && unit < 0x7F && unit != '"' && unit != '\\') {
        escape[0] = (char)unit;
        put(writer, escape, 1);
    } else {
        snprintf(escape, sizeof escape, "\\u%04x", (unsigned)unit);
        put(writer, escape, 6);
    }
}

static void put_character(struct json_writer *writer, uint32_t code) {
    if (code < 0x10000) {
        put_unit(writer, code);
    } else {
        put_unit(writer, 0xD800 + ((code - 0x10000) >> 10));
        put_unit(writer, 0xDC00 + ((code - 0x10000) & 0x3FF));
    }
}

static void put_name(struct json_writer *writer, const char *name) {
    if (writer->length > 1) put(writer, ",", 1);
    put(writer, "\"", 1);
    put(writer, name, strlen(name));
    put(writer, "\":", 2);
}

void json_begin(struct json_writer *writer, char *text, size_t size) {
    *writer = (struct json_writer){text, size, 0, false};
    put(writer, "{", 1);
}

void json_put_text(struct json_writer *writer, const char *name, const char *utf8) {
    const char *at = utf8;
    const char *end = utf8 + strlen(utf8);
    put_name(writer, name);
    put(writer, "\"", 1);
    while (at < end) put_character(writer, utf8_decode(&at, end));
    put(writer, "\"", 1);
}

void json_put_utf16(struct json_writer *writer, const char *name, const uint16_t *text,
                    size_t units) {
    const uint16_t *at = text;
    put_name(writer, name);
    put(writer, "\"", 1);
    while (at < text + units) put_character(writer, utf16_decode(&at, text + units));
    put(writer, "\"", 1);
}

void json_put_whole(struct json_writer *writer, const char *name, int64_t number) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRId64, number);
    put_name(writer, name);
    put(writer, digits, (size_t)length);
}

void json_put_true(struct json_writer *writer, const char *name) {
    put_name(writer, name);
    put(writer, "true", 4);
}

void json_put_value(struct json_writer *writer, const char *name, struct json_value value) {
    put_name(writer, name);
    put(writer, value.text, value.length);
}

bool json_end(struct json_writer *writer) {
    put(writer, "}\n", 2);
    return !writer->failed;
}
