#include "requests.h"

#include <stdlib.h>
#include <wchar.h>

#include "wire.h"

static struct request *requests;
static DWORD last_id;

struct request *add_request(enum asked asked, struct call *call) {
    struct request *request = calloc(1, sizeof *request);
    if (!request) return NULL;
    request->asked = asked;
    request->call = call ? call->handle : 0;
    request->id = ++last_id;
    request->since = GetTickCount64();
    request->next = requests;
    requests = request;
    return request;
}

void remove_request(struct request *request) {
    struct request **at = &requests;
    while (*at != request) at = &(*at)->next;
    *at = request->next;
    free(request);
}

struct request *first_request(void) { return requests; }

struct request *find_request(DWORD id) {
    struct request *request = requests;
    while (request && request->id != id) request = request->next;
    return request;
}

struct request *find_asked(enum asked asked) {
    struct request *request = requests;
    while (request && request->asked != asked) request = request->next;
    return request;
}

void begin_command(struct json_writer *line, char text[LONGEST_COMMAND], DWORD id,
                   const char *command) {
    json_begin(line, text, LONGEST_COMMAND);
    json_put_whole(line, "id", id);
    json_put_text(line, "command", command);
}

bool command_call(const char *command, DWORD id, const char *call, const WCHAR *number) {
    char text[LONGEST_COMMAND];
    struct json_writer line;
    begin_command(&line, text, id, command);
    json_put_text(&line, "call", call);
    if (number) json_put_utf16(&line, "number", number, wcslen(number));
    return wire_send(&line);
}

void command_aside(const char *command, const char *call) {
    command_call(command, ++last_id, call, NULL);
}
