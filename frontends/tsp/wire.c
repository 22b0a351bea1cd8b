#include "wire.h"

#include <winsock2.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authentication.h"
#include "log.h"
#include "provider.h"
#include "registry.h"

#define LONGEST_LINE (16 * 1024 * 1024) /* 10,000 lines in a list have 2 MB */
#define LONGEST_CHALLENGE (64 * 1024) /* what comes before it is known who says it */
#define MOST_UNSENT (256 * 1024)
#define PAUSE 500            /* milliseconds between two tries */
#define PAUSE_REFUSED 3000   /* after a refusal: a wrong token does not get right by itself */
#define PATIENCE 3000        /* for the connection, and for the hello */
#define QUIET 20000          /* after which the service is asked for a sign of life */
#define SILENCE 30000        /* after which it is taken for dead */

struct bytes {
    char *data;
    size_t length;
    size_t size;
};

static struct {
    const struct wire_listener *listener;
    HANDLE thread;
    HANDLE wake;
    bool stop;
    SOCKET socket;
    struct handshake handshake;
    bool proven; /* it is the service */
    bool greeted;
    bool refused;
    bool asked;
    ULONGLONG began;
    ULONGLONG heard;
    struct bytes in, out;
} wire = {.socket = INVALID_SOCKET};

static bool append(struct bytes *bytes, const char *data, size_t length, size_t most) {
    if (length > most - bytes->length) return false;
    if (bytes->length + length > bytes->size) {
        size_t size = bytes->size ? bytes->size : 4096;
        while (size < bytes->length + length) size *= 2;
        char *more = realloc(bytes->data, size);
        if (!more) return false;
        bytes->data = more;
        bytes->size = size;
    }
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
    return true;
}

static void consume(struct bytes *bytes, size_t length) {
    bytes->length -= length;
    memmove(bytes->data, bytes->data + length, bytes->length);
}

bool wire_is_up(void) { return wire.greeted; }

static bool queue_line(struct json_writer *line) {
    return json_end(line) && append(&wire.out, line->text, line->length, MOST_UNSENT);
}

bool wire_send(struct json_writer *line) {
    if (!wire.greeted || !queue_line(line)) return false;
    SetEvent(wire.wake);
    return true;
}

/* Where the service is; false where the registry does not say, or says another computer. */
static bool read_address(struct sockaddr_in *address) {
    char text[64];
    unsigned long host = 0;
    char *at = text;
    if (!registry_text(L"Address", text, sizeof text)) return false;
    for (int part = 0; part < 4; part++) {
        unsigned long number = strtoul(at, &at, 10);
        if (number > 255 || *at++ != (part < 3 ? '.' : ':')) return false;
        host = host << 8 | number;
    }
    unsigned long port = strtoul(at, &at, 10);
    if (host >> 24 != 127 || port == 0 || port > 65535 || *at) return false;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((u_short)port)};
    address->sin_addr.s_addr = htonl(host);
    return true;
}

static bool say_text(const char *name, const char *value) {
    char text[1024];
    struct json_writer line;
    json_begin(&line, text, sizeof text);
    json_put_text(&line, name, value);
    return queue_line(&line);
}

static bool say_hello(void) {
    char text[1024];
    struct json_writer line;
    json_begin(&line, text, sizeof text);
    json_put_text(&line, "hello", "2.0");
    json_put_text(&line, "frontend", "tapi");
    return queue_line(&line);
}

/* Begins the handshake; false where there is no token, or nothing to make a nonce with. */
static bool say_nonce(void) {
    struct handshake *handshake = &wire.handshake;
    return registry_text(L"Token", handshake->token, sizeof handshake->token) &&
           new_nonce(handshake->client_nonce) &&
           say_text("authenticate", handshake->client_nonce);
}

/* One end of the connection. */
static bool address_of(int(WSAAPI *end)(SOCKET, struct sockaddr *, int *), char *out, size_t size) {
    struct sockaddr_in address;
    int length = sizeof address;
    if (end(wire.socket, (struct sockaddr *)&address, &length)) return false;
    unsigned long host = ntohl(address.sin_addr.s_addr);
    snprintf(out, size, "%lu.%lu.%lu.%lu:%u", host >> 24, host >> 16 & 255, host >> 8 & 255,
             host & 255, ntohs(address.sin_port));
    return true;
}

/* Proves us to whoever has proved that it is the service. */
static bool take_challenge(struct json_value line) {
    struct handshake *handshake = &wire.handshake;
    char proof[HEXADECIMAL + 1];
    json_text(json_member(line, "challenge"), handshake->daemon_nonce,
              sizeof handshake->daemon_nonce);
    json_text(json_member(line, "proof"), proof, sizeof proof);
    wire.proven = address_of(getsockname, handshake->client, sizeof handshake->client) &&
                  address_of(getpeername, handshake->daemon, sizeof handshake->daemon) &&
                  handshake_is_proof(handshake, "daemon", proof);
    if (!wire.proven) {
        log_line("what listens there is not the service, or knows another token");
        return false;
    }
    return handshake_proof(handshake, "client", proof) && say_text("proof", proof) && say_hello();
}

static bool begin_connection(HANDLE ready) {
    struct sockaddr_in address;
    if (!read_address(&address) || !say_nonce()) return false;
    wire.socket = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (wire.socket == INVALID_SOCKET) return false;
    wire.began = wire.heard = GetTickCount64();
    wire.asked = wire.refused = wire.proven = false;
    WSAEventSelect(wire.socket, ready, FD_CONNECT | FD_READ | FD_WRITE | FD_CLOSE);
    return connect(wire.socket, (struct sockaddr *)&address, sizeof address) == 0 ||
           WSAGetLastError() == WSAEWOULDBLOCK;
}

static void end_connection(const char *why) {
    if (wire.socket != INVALID_SOCKET) closesocket(wire.socket);
    wire.socket = INVALID_SOCKET;
    wire.in.length = wire.out.length = 0;
    if (wire.greeted) {
        log_line("the service is gone: %s", why);
        wire.greeted = false;
        wire.listener->on_down();
    }
}

static bool answer_ping(struct json_value value) {
    char text[1024];
    struct json_writer line;
    json_begin(&line, text, sizeof text);
    json_put_value(&line, "pong", value);
    return queue_line(&line);
}

static bool take_line(const char *text, size_t length) {
    struct json_value line = {text, length};
    if (!json_check(text, length)) {
        log_line("a line that is none of the protocol, %lu bytes", (unsigned long)length);
        return false;
    }
    struct json_value goodbye = json_member(line, "goodbye");
    if (json_present(goodbye)) {
        char message[512];
        json_text(json_member(goodbye, "message"), message, sizeof message);
        log_line("%s says goodbye: %s", wire.proven ? "the service" : "what listens there", message);
        return false;
    }
    if (!wire.proven) return take_challenge(line);
    if (!wire.greeted) {
        char version[16];
        if (!json_text(json_member(line, "hello"), version, sizeof version) ||
            strncmp(version, "2.", 2) != 0) {
            log_line("no hello of this protocol, but '%s'", version);
            return false;
        }
        wire.greeted = true;
        log_line("the service is there");
        wire.listener->on_up();
        return true;
    }
    struct json_value ping = json_member(line, "ping");
    if (json_present(ping)) return answer_ping(ping);
    wire.listener->on_line(line);
    return true;
}

/* Before `from` no line ends. */
static const char *take_lines(size_t from) {
    size_t begin = 0;
    for (;;) {
        char *first = wire.in.data + begin;
        char *last = memchr(wire.in.data + from, '\n', wire.in.length - from);
        if (!last) break;
        if (!take_line(first, (size_t)(last - first))) {
            wire.refused = !wire.greeted;
            return "it broke the protocol or left";
        }
        begin = from = (size_t)(last - wire.in.data) + 1;
    }
    consume(&wire.in, begin);
    return NULL;
}

static bool must_wait(void) {
    int error = WSAGetLastError();
    return error == WSAEWOULDBLOCK || error == WSAENOTCONN; /* the second while it connects */
}

static const char *receive(void) {
    char data[16384];
    for (int turn = 0; turn < 16; turn++) {
        int got = recv(wire.socket, data, sizeof data, 0);
        if (got == 0) return "it closed the connection";
        if (got < 0) return must_wait() ? NULL : "the connection broke";
        wire.heard = GetTickCount64();
        wire.asked = false;
        size_t before = wire.in.length;
        size_t most = wire.proven ? LONGEST_LINE : LONGEST_CHALLENGE;
        if (!append(&wire.in, data, (size_t)got, most)) return "a line without end";
        const char *problem = take_lines(before);
        if (problem) return problem;
    }
    SetEvent(wire.wake); /* there may be more, and others want the lock */
    return NULL;
}

static const char *transmit(void) {
    while (wire.out.length) {
        int sent = send(wire.socket, wire.out.data, (int)wire.out.length, 0);
        if (sent < 0) return must_wait() ? NULL : "the connection broke";
        consume(&wire.out, (size_t)sent);
    }
    return NULL;
}

static const char *look_at_clock(void) {
    ULONGLONG now = GetTickCount64();
    if (!wire.greeted && now - wire.began > PATIENCE) {
        log_line("what listens there says nothing");
        return "no hello";
    }
    if (now - wire.heard > SILENCE) return "no sign of life";
    if (now - wire.heard > QUIET && !wire.asked) {
        static const char ping[] = "{\"ping\":0}\n";
        wire.asked = true;
        append(&wire.out, ping, sizeof ping - 1, MOST_UNSENT);
    }
    return NULL;
}

/* One round of the connection that is there; why it ended, NULL: it did not. */
static const char *serve(HANDLE ready) {
    WSANETWORKEVENTS events;
    const char *problem;
    if (WSAEnumNetworkEvents(wire.socket, ready, &events)) return "the connection broke";
    if (events.lNetworkEvents & FD_CONNECT && events.iErrorCode[FD_CONNECT_BIT])
        return "nobody listens";
    problem = receive();
    if (!problem) problem = look_at_clock();
    if (!problem) problem = transmit();
    return problem;
}

static DWORD WINAPI run(void *module) {
    HANDLE ready = WSACreateEvent();
    HANDLE handles[2] = {wire.wake, ready};
    ULONGLONG due = 0;
    provider_lock();
    while (!wire.stop) {
        ULONGLONG now = GetTickCount64();
        if (wire.socket == INVALID_SOCKET && now >= due && !begin_connection(ready)) {
            end_connection("it cannot be reached");
            due = now + PAUSE;
        }
        provider_unlock();
        WaitForMultipleObjects(2, handles, FALSE, wire.socket == INVALID_SOCKET ? 100 : 500);
        provider_lock();
        if (wire.socket == INVALID_SOCKET) continue;
        const char *problem = serve(ready);
        if (problem) {
            end_connection(problem);
            due = GetTickCount64() + (wire.refused ? PAUSE_REFUSED : PAUSE);
        }
    }
    end_connection("we end");
    provider_unlock();
    WSACloseEvent(ready);
    FreeLibraryAndExitThread(module, 0);
}

bool wire_start(const struct wire_listener *listener) {
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data)) return false;
    wire.listener = listener;
    wire.stop = false;
    wire.wake = CreateEventW(NULL, FALSE, FALSE, NULL);
    wire.thread = provider_thread(run);
    return wire.thread != NULL;
}

void wire_stop(void) {
    provider_lock();
    wire.stop = true;
    SetEvent(wire.wake);
    provider_unlock();
    if (wire.thread) {
        WaitForSingleObject(wire.thread, INFINITE);
        CloseHandle(wire.thread);
    }
    CloseHandle(wire.wake);
    free(wire.in.data);
    free(wire.out.data);
    wire.in = wire.out = (struct bytes){0};
    wire.thread = NULL;
    WSACleanup();
}
