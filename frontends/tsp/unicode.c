#include "unicode.h"

#include <string.h>

uint32_t utf8_decode(const char **at, const char *end) {
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)*(*at)++;
    int more;
    uint32_t code;
    if (first < 0x80) return first;
    if (first >= 0xC0 && first < 0xE0) {
        more = 1;
        code = first & 0x1F;
    } else if (first >= 0xE0 && first < 0xF0) {
        more = 2;
        code = first & 0x0F;
    } else if (first >= 0xF0 && first < 0xF8) {
        more = 3;
        code = first & 0x07;
    } else {
        return UNICODE_REPLACEMENT;
    }
    for (int index = 0; index < more; index++) {
        if (*at == end || ((unsigned char)**at & 0xC0) != 0x80) return UNICODE_REPLACEMENT;
        code = code << 6 | ((unsigned char)*(*at)++ & 0x3F);
    }
    if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return UNICODE_REPLACEMENT;
    return code;
}

uint32_t utf16_decode(const uint16_t **at, const uint16_t *end) {
    uint32_t unit = *(*at)++;
    if (unit < 0xD800 || unit >= 0xE000) return unit;
    if (unit >= 0xDC00 || *at == end || **at < 0xDC00 || **at >= 0xE000) return UNICODE_REPLACEMENT;
    return 0x10000 + ((unit - 0xD800) << 10) + (uint32_t)(*(*at)++ - 0xDC00);
}

size_t utf8_encode(uint32_t code, char out[4]) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char mark[] = {0, 0xC0, 0xE0, 0xF0};
    for (size_t index = more; index > 0; index--) {
        out[index] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(mark[more] | code);
    return more + 1;
}

size_t utf16_encode(uint32_t code, uint16_t out[2]) {
    if (code < 0x10000) {
        out[0] = (uint16_t)code;
        return 1;
    }
    out[0] = (uint16_t)(0xD800 + ((code - 0x10000) >> 10));
    out[1] = (uint16_t)(0xDC00 + ((code - 0x10000) & 0x3FF));
    return 2;
}

size_t utf16_from_utf8(const char *text, uint16_t *out, size_t size) {
    const char *end = text + strlen(text);
    size_t used = 0;
    while (text < end) {
        uint16_t units[2];
        size_t count = utf16_encode(utf8_decode(&text, end), units);
        if (used + count >= size) break;
        memcpy(out + used, units, count * sizeof *units);
        used += count;
    }
    out[used] = 0;
    return used;
}
