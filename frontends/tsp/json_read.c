#include "json.h"

#include <string.h>

#include "unicode.h"

#define DEEPEST 32

struct cursor {
    const char *at;
    const char *end;
};

static bool check_value(struct cursor *cursor, int depth);

static void skip_space(struct cursor *cursor) {
    while (cursor->at < cursor->end && strchr(" \t\r\n", *cursor->at) && *cursor->at) cursor->at++;
}

static bool take(struct cursor *cursor, char character) {
    if (cursor->at == cursor->end || *cursor->at != character) return false;
    cursor->at++;
    return true;
}

static int hex_digit(char character) {
    if (character >= '0' && character <= '9') return character - '0';
    if (character >= 'a' && character <= 'f') return character - 'a' + 10;
    if (character >= 'A' && character <= 'F') return character - 'A' + 10;
    return -1;
}

static bool check_escape(struct cursor *cursor) {
    if (cursor->at == cursor->end) return false;
    char kind = *cursor->at++;
    if (kind != 'u') return kind && strchr("\"\\/bfnrt", kind) != NULL;
    for (int digit = 0; digit < 4; digit++) {
        if (cursor->at == cursor->end || hex_digit(*cursor->at++) < 0) return false;
    }
    return true;
}

static bool check_string(struct cursor *cursor) {
    if (!take(cursor, '"')) return false;
    while (cursor->at < cursor->end) {
        unsigned char character = (unsigned char)*cursor->at++;
        if (character == '"') return true;
        if (character < 0x20) return false;
        if (character == '\\' && !check_escape(cursor)) return false;
    }
    return false;
}

static bool check_digits(struct cursor *cursor) {
    const char *first = cursor->at;
    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9') cursor->at++;
    return cursor->at > first;
}

static bool check_number(struct cursor *cursor) {
    take(cursor, '-');
    if (!take(cursor, '0') && !check_digits(cursor)) return false;
    if (take(cursor, '.') && !check_digits(cursor)) return false;
    if (take(cursor, 'e') || take(cursor, 'E')) {
        if (!take(cursor, '+')) take(cursor, '-');
        return check_digits(cursor);
    }
    return true;
}

static bool check_word(struct cursor *cursor, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, word, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

static bool check_object(struct cursor *cursor, int depth) {
    if (!take(cursor, '{')) return false;
    skip_space(cursor);
    if (take(cursor, '}')) return true;
    do {
        skip_space(cursor);
        if (!check_string(cursor)) return false;
        skip_space(cursor);
        if (!take(cursor, ':') || !check_value(cursor, depth)) return false;
    } while (take(cursor, ','));
    return take(cursor, '}');
}

static bool check_array(struct cursor *cursor, int depth) {
    if (!take(cursor, '[')) return false;
    skip_space(cursor);
    if (take(cursor, ']')) return true;
    do {
        if (!check_value(cursor, depth)) return false;
    } while (take(cursor, ','));
    return take(cursor, ']');
}

/* A value with the space around it. */
static bool check_value(struct cursor *cursor, int depth) {
    bool valid;
    skip_space(cursor);
    if (cursor->at == cursor->end || depth == DEEPEST) return false;
    switch (*cursor->at) {
    case '{': valid = check_object(cursor, depth + 1); break;
    case '[': valid = check_array(cursor, depth + 1); break;
    case '"': valid = check_string(cursor); break;
    case 't': valid = check_word(cursor, "true"); break;
    case 'f': valid = check_word(cursor, "false"); break;
    case 'n': valid = check_word(cursor, "null"); break;
    default: valid = check_number(cursor);
    }
    skip_space(cursor);
    return valid;
}

bool json_check(const char *text, size_t length) {
    struct cursor cursor = {text, text + length};
    skip_space(&cursor);
    if (cursor.at == cursor.end || *cursor.at != '{') return false;
    return check_value(&cursor, 0) && cursor.at == cursor.end;
}

bool json_present(struct json_value value) { return value.length > 0; }

/* The value at the cursor, without the space around it; the cursor moves behind that. */
static struct json_value value_at(struct cursor *cursor) {
    skip_space(cursor);
    const char *first = cursor->at;
    if (!check_value(cursor, 0)) return (struct json_value){NULL, 0};
    const char *last = cursor->at;
    while (last > first && strchr(" \t\r\n", last[-1])) last--;
    return (struct json_value){first, (size_t)(last - first)};
}

static struct cursor inside(struct json_value value, char opening) {
    struct cursor cursor = {value.text, value.text + value.length};
    if (value.length < 2 || *value.text != opening) cursor.at = cursor.end;
    if (cursor.at < cursor.end) cursor.at++;
    skip_space(&cursor);
    return cursor;
}

struct json_value json_member(struct json_value object, const char *name) {
    struct cursor cursor = inside(object, '{');
    size_t length = strlen(name);
    while (cursor.at < cursor.end && *cursor.at != '}') {
        struct json_value key = value_at(&cursor);
        if (!take(&cursor, ':')) break;
        struct json_value value = value_at(&cursor);
        if (key.length == length + 2 && memcmp(key.text + 1, name, length) == 0) return value;
        if (!take(&cursor, ',')) break;
    }
    return (struct json_value){NULL, 0};
}

struct json_value json_first(struct json_value array) {
    struct cursor cursor = inside(array, '[');
    return value_at(&cursor);
}

struct json_value json_next(struct json_value array, struct json_value element) {
    struct cursor cursor = {element.text + element.length, array.text + array.length};
    skip_space(&cursor);
    if (!take(&cursor, ',')) return (struct json_value){NULL, 0};
    return value_at(&cursor);
}

static uint32_t four_digits(const char *text) {
    uint32_t unit = 0;
    for (int digit = 0; digit < 4; digit++) unit = unit << 4 | (uint32_t)hex_digit(text[digit]);
    return unit;
}

/* The character after a backslash; the cursor is behind it afterwards. */
static uint32_t escaped(struct cursor *cursor) {
    char kind = *cursor->at++;
    switch (kind) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': break;
    default: return (unsigned char)kind;
    }
    uint32_t unit = four_digits(cursor->at);
    cursor->at += 4;
    if (unit >= 0xD800 && unit < 0xDC00 && cursor->end - cursor->at > 6 && cursor->at[0] == '\\' &&
        cursor->at[1] == 'u') {
        uint32_t low = four_digits(cursor->at + 2);
        if (low >= 0xDC00 && low < 0xE000) {
            cursor->at += 6;
            return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        }
    }
    return unit >= 0xD800 && unit < 0xE000 ? UNICODE_REPLACEMENT : unit;
}

bool json_text(struct json_value value, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    if (value.length < 2 || *value.text != '"') return false;
    struct cursor cursor = {value.text + 1, value.text + value.length - 1};
    while (cursor.at < cursor.end) {
        char character[4];
        size_t length = 1;
        if (*cursor.at == '\\') {
            cursor.at++;
            uint32_t code = escaped(&cursor);
            length = utf8_encode(code ? code : UNICODE_REPLACEMENT, character);
        } else {
            length = utf8_encode(utf8_decode(&cursor.at, cursor.end), character);
        }
        if (used + length >= size) break;
        memcpy(out + used, character, length);
        used += length;
    }
    out[used] = '\0';
    return true;
}

bool json_whole(struct json_value value, int64_t *number) {
    bool negative = value.length > 0 && *value.text == '-';
    int64_t read = 0;
    if (value.length <= negative || value.length > 18) return false;
    for (size_t index = negative; index < value.length; index++) {
        if (value.text[index] < '0' || value.text[index] > '9') return false;
        read = read * 10 + (value.text[index] - '0');
    }
    *number = negative ? -read : read;
    return true;
}

bool json_is_true(struct json_value value) {
    return value.length == 4 && memcmp(value.text, "true", 4) == 0;
}

bool json_is_false(struct json_value value) {
    return value.length == 5 && memcmp(value.text, "false", 5) == 0;
}
