/* Tests the provider's pure parts; run under the address and undefined behaviour sanitizers.
 *
 *   test_pure_parts checks           its own checks
 *   test_pure_parts json             for each line of the input: `no`, or what is in it
 *   test_pure_parts states VERSION   for each event of the input: what TAPI is told */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call_events.h"
#include "structures.h"
#include "unicode.h"

static int failures;

#define CHECK(condition)                                              \
    do {                                                              \
        if (!(condition)) {                                           \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);    \
            failures++;                                               \
        }                                                             \
    } while (0)

static struct json_value value_of(const char *text) {
    return (struct json_value){text, strlen(text)};
}

static bool valid(const char *text) {
    size_t length = strlen(text);
    char *copy = malloc(length ? length : 1); /* without a NUL: nothing may be read behind it */
    memcpy(copy, text, length);
    bool result = json_check(copy, length);
    free(copy);
    return result;
}

static void check_json_syntax(void) {
    static const char *const good[] = {
        "{}", " { \"a\" : [ 1 , -2.5e+3 , true , false , null ] } ", "{\"a\":{\"b\":\"\\u00f6\\n\"}}",
    };
    static const char *const bad[] = {
        "", "[]", "{", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":01}", "{\"a\":1.}",
        "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\n\"}", "{\"a\":\"", "{a:1}",
        "{\"a\":[1,]}", "{\"a\":tru}", "{\"a\":+1}", "{\"a\":1e}", "{\"a\":\"\\", "{,}",
    };
    char deep[200] = "{\"a\":";
    for (size_t index = 0; index < sizeof good / sizeof *good; index++) CHECK(valid(good[index]));
    for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) {
        if (valid(bad[index])) printf("valid: %s\n", bad[index]);
        CHECK(!valid(bad[index]));
    }
    memset(deep + 5, '[', 90);
    memset(deep + 95, ']', 90);
    deep[185] = '}';
    CHECK(!valid(deep));
}

static void check_json_values(void) {
    struct json_value object = value_of(
        "{\"id\": 17, \"t\":\"J\\u00f6rg \\ud83d\\ude00 \\ud800 \\u0000\", \"l\":[1, {\"n\":\"x\"} ],"
        "\"yes\":true,\"big\":99999999999999999999,\"half\":1.5,\"less\":-3}");
    char text[64], cut[4];
    int64_t number = 0;
    CHECK(json_whole(json_member(object, "id"), &number) && number == 17);
    CHECK(json_whole(json_member(object, "less"), &number) && number == -3);
    CHECK(!json_whole(json_member(object, "big"), &number));
    CHECK(!json_whole(json_member(object, "half"), &number));
    CHECK(!json_whole(json_member(object, "t"), &number));
    CHECK(!json_whole(json_member(object, "none"), &number));
    CHECK(json_text(json_member(object, "t"), text, sizeof text));
    CHECK(strcmp(text, "J\xC3\xB6rg \xF0\x9F\x98\x80 \xEF\xBF\xBD \xEF\xBF\xBD") == 0);
    CHECK(json_text(json_member(object, "t"), cut, sizeof cut) && strcmp(cut, "J\xC3\xB6") == 0);
    CHECK(json_text(json_member(object, "t"), cut, 3) && strcmp(cut, "J") == 0);
    CHECK(!json_text(json_member(object, "id"), text, sizeof text) && !text[0]);
    CHECK(json_is_true(json_member(object, "yes")) && !json_is_true(json_member(object, "id")));
    CHECK(!json_present(json_member(object, "no")));
    CHECK(!json_present(json_member(json_member(object, "id"), "x")));
    struct json_value list = json_member(object, "l");
    struct json_value element = json_first(list);
    CHECK(json_whole(element, &number) && number == 1);
    element = json_next(list, element);
    CHECK(json_text(json_member(element, "n"), text, sizeof text) && strcmp(text, "x") == 0);
    CHECK(!json_present(json_next(list, element)));
    CHECK(!json_present(json_first(value_of("[]"))) && !json_present(json_first(value_of("{}"))));
}

static void check_json_writer(void) {
    static const uint16_t number[] = {'0', 0xD83D, 0xDE00, '"', 0xD800, '\\', 7};
    char text[256];
    struct json_writer writer;
    json_begin(&writer, text, sizeof text);
    json_put_whole(&writer, "id", -5);
    json_put_text(&writer, "a", "\xC3\xB6\xF0\x9F\x98\x80\x80");
    json_put_utf16(&writer, "n", number, 7);
    json_put_value(&writer, "v", value_of("[1]"));
    CHECK(json_end(&writer));
    static const char expected[] = "{\"id\":-5,\"a\":\"\\u00f6\\ud83d\\ude00\\ufffd\","
                                   "\"n\":\"0\\ud83d\\ude00\\u0022\\ufffd\\u005c\\u0007\","
                                   "\"v\":[1]}\n";
    CHECK(writer.length == sizeof expected - 1 && memcmp(text, expected, writer.length) == 0);
    CHECK(json_check(text, writer.length - 1));
    for (size_t size = 1; size < sizeof expected - 1; size++) {
        char *small = malloc(size);
        json_begin(&writer, small, size);
        json_put_whole(&writer, "id", -5);
        json_put_text(&writer, "a", "\xC3\xB6\xF0\x9F\x98\x80\x80");
        json_put_utf16(&writer, "n", number, 7);
        json_put_value(&writer, "v", value_of("[1]"));
        CHECK(!json_end(&writer));
        free(small);
    }
}

static void check_unicode(void) {
    static const char *const malformed[] = {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82",
                                            "\x80", "\xFF", "\xF0\x80\x80\x80"};
    uint16_t units[8];
    for (size_t index = 0; index < sizeof malformed / sizeof *malformed; index++) {
        const char *at = malformed[index];
        CHECK(utf8_decode(&at, malformed[index] + strlen(malformed[index])) == UNICODE_REPLACEMENT);
    }
    for (uint32_t code = 1; code < 0x110000; code += code < 0x3000 ? 1 : 61) {
        char bytes[5] = {0};
        if (code >= 0xD800 && code < 0xE000) continue;
        const char *at = bytes;
        size_t length = utf8_encode(code, bytes);
        CHECK(utf8_decode(&at, bytes + length) == code && at == bytes + length);
        size_t count = utf16_encode(code, units);
        const uint16_t *unit = units;
        CHECK(utf16_decode(&unit, units + count) == code && unit == units + count);
    }
    CHECK(utf16_from_utf8("a\xF0\x9F\x98\x80z", units, 3) == 1 && units[1] == 0);
    CHECK(utf16_from_utf8("a\xF0\x9F\x98\x80z", units, 8) == 4 && units[3] == 'z');
}

static const uint16_t name[] = {'o', 'f', 'f', 'i', 'c', 'e', 0};
static const uint16_t caller[] = {'+', '4', '3', 0};
static const uint16_t nobody[] = {0};

static const struct line_facts line = {.device_id = 7,
                                       .permanent_id = 0x1234,
                                       .name = name,
                                       .reachable = true,
                                       .in_service = true,
                                       .calls = 2};
static const struct call_facts call = {.device_id = 7,
                                       .state = LINECALLSTATE_CONNECTED,
                                       .connected = true,
                                       .caller = nobody,
                                       .caller_name = nobody,
                                       .called = caller,
                                       .diverted_by = nobody,
                                       .redirection = nobody};

enum structure { DEVICE, ADDRESS, DEVICE_STATUS, ADDRESS_STATUS, CALL_INFO, CALL_STATUS };

static LONG fill(enum structure structure, void *out, DWORD version) {
    switch (structure) {
    case DEVICE: return fill_device_capabilities(out, &line, version);
    case ADDRESS: return fill_address_capabilities(out, &line, version);
    case DEVICE_STATUS: return fill_device_status(out, &line, version);
    case ADDRESS_STATUS: return fill_address_status(out, &line);
    case CALL_INFO: return fill_call_info(out, &call, version);
    default: return fill_call_status(out, &call, version);
    }
}

/* The documented fixed sizes, by TAPI 1.4, 2.0, 2.1 and 2.2. */
static void check_structures(void) {
    static const DWORD versions[] = {0x10004, 0x20000, 0x20001, 0x20002};
    static const DWORD fixed[][4] = {
        {240, 252, 252, 268}, {180, 228, 228, 228}, {76, 88, 88, 88},
        {64, 64, 64, 64},     {296, 324, 324, 324}, {36, 56, 56, 56},
    };
    for (int kind = DEVICE; kind <= CALL_STATUS; kind++) {
        for (int index = 0; index < 4; index++) {
            for (DWORD size = 12; size < fixed[kind][index] + 100; size++) {
                DWORD *out = malloc(size); /* the sanitizer watches its end */
                memset(out, 0xCC, size);
                out[0] = size;
                LONG result = fill((enum structure)kind, out, versions[index]);
                CHECK(out[0] == size);
                if (size < fixed[kind][index]) {
                    CHECK(result == (LONG)LINEERR_STRUCTURETOOSMALL && out[1] >= fixed[kind][index]);
                } else {
                    CHECK(result == 0 && out[2] <= size && out[2] <= out[1]);
                    CHECK(out[2] >= fixed[kind][index]);
                    CHECK(size < out[1] || out[2] == out[1]);
                }
                free(out);
            }
        }
    }
    LINEDEVCAPS *caps = calloc(1, 1000);
    caps->dwTotalSize = 1000;
    CHECK(fill_device_capabilities(caps, &line, 0x10004) == 0);
    CHECK(caps->dwLineNameOffset >= 240 && caps->dwLineNameSize == sizeof name);
    CHECK(memcmp((char *)caps + caps->dwLineNameOffset, name, sizeof name) == 0);
    CHECK(caps->dwPermanentLineID == 0x1234);
    free(caps);
    LINECALLINFO *info = calloc(1, 1000);
    info->dwTotalSize = 1000;
    CHECK(fill_call_info(info, &call, 0x20002) == 0);
    CHECK(info->dwConnectedIDFlags == LINECALLPARTYID_ADDRESS && info->dwConnectedIDSize == 8);
    CHECK(info->dwCallerIDFlags == LINECALLPARTYID_UNAVAIL);
    free(info);
    CHECK(permanent_line_id("office") == permanent_line_id("office"));
    CHECK(permanent_line_id("office") != permanent_line_id("lab"));
    CHECK(permanent_line_id("") == 2166136261u && permanent_line_id("a") == 0xE40C292Cu);
}

/* What TAPI has written is still there afterwards, and nothing else is. */
static void check_what_is_tapis(void) {
    enum { SIZE = 1000 };
    LINECALLINFO *info = malloc(SIZE);
    LINECALLSTATUS *status = malloc(SIZE);
    LINEDEVSTATUS *device = malloc(SIZE);
    memset(info, 0xCC, SIZE);
    memset(status, 0xCC, SIZE);
    memset(device, 0xCC, SIZE);
    info->dwTotalSize = status->dwTotalSize = device->dwTotalSize = SIZE;
    CHECK(fill_call_info(info, &call, 0x10004) == 0);
    CHECK(fill_call_status(status, &call, 0x10004) == 0);
    CHECK(fill_device_status(device, &line, 0x10004) == 0);
    const uint32_t *words[] = {(const uint32_t *)info, (const uint32_t *)status,
                               (const uint32_t *)device};
    static const size_t fixed[] = {296, 36, 76};
    static const size_t tapis[] = {1 + 2 + 2 + 8, 1, 2};
    for (int index = 0; index < 3; index++) {
        size_t kept = 0;
        for (size_t word = 0; word < fixed[index] / 4; word++)
            kept += words[index][word] == 0xCCCCCCCC;
        CHECK(kept == tapis[index]);
    }
    CHECK((uintptr_t)status->dwCallPrivilege == 0xCCCCCCCC);
    CHECK(device->dwNumOpens == 0xCCCCCCCC && info->dwNumOwners == 0xCCCCCCCC);
    free(info);
    free(status);
    free(device);
}

static void check_features(void) {
    struct call_facts facts = {.state = LINECALLSTATE_RINGBACK};
    CHECK(call_features(&facts) == LINECALLFEATURE_DROP);
    facts.transferable = true;
    CHECK(call_features(&facts) == (LINECALLFEATURE_DROP | LINECALLFEATURE_BLINDTRANSFER));
    facts.state = LINECALLSTATE_OFFERING;
    CHECK(call_features(&facts) == (LINECALLFEATURE_DROP | LINECALLFEATURE_REDIRECT));
    facts.state = LINECALLSTATE_DIALTONE;
    CHECK(call_features(&facts) == (LINECALLFEATURE_DROP | LINECALLFEATURE_DIAL));
    facts.state = LINECALLSTATE_IDLE;
    CHECK(call_features(&facts) == 0);
}

static void tell_json(const char *text, size_t length) {
    struct json_value object = {text, length};
    char word[64];
    if (!json_check(text, length)) {
        printf("no\n");
        return;
    }
    static const char *const names[] = {"command", "reply", "event", "code", "number", "call", "line"};
    printf("yes");
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        if (json_text(json_member(object, names[index]), word, sizeof word))
            printf(" %s=%s", names[index], word);
    }
    printf("\n");
}

static void tell_states(const char *text, size_t length, struct call_progress *progress,
                        DWORD version) {
    struct call_report reports[MOST_REPORTS];
    struct json_value event = {text, length};
    if (!json_check(text, length)) abort();
    int count = call_progress_hear(progress, call_event_read(event), version, reports);
    for (int index = 0; index < count; index++)
        printf("%x:%x ", (unsigned)reports[index].state, (unsigned)reports[index].mode);
    printf("\n");
}

int main(int count, char **arguments) {
    struct call_progress progress = {.state = LINECALLSTATE_DIALING};
    static char text[1 << 20];
    if (count > 1 && strcmp(arguments[1], "checks") != 0) {
        while (fgets(text, sizeof text, stdin)) {
            size_t length = strcspn(text, "\n");
            if (strcmp(arguments[1], "json") == 0) {
                tell_json(text, length);
            } else if (length == 0) {
                progress = (struct call_progress){.state = LINECALLSTATE_DIALING};
                printf("\n");
            } else {
                tell_states(text, length, &progress, (DWORD)strtoul(arguments[2], NULL, 16));
            }
        }
        return 0;
    }
    check_json_syntax();
    check_json_values();
    check_json_writer();
    check_unicode();
    check_structures();
    check_what_is_tapis();
    check_features();
    printf("%d failures\n", failures);
    return failures != 0;
}
