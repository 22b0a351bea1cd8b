#include "log.h"

#include <winsock2.h>

#include <stdarg.h>
#include <stdio.h>

#include "registry.h"

#define LARGEST (8 * 1024 * 1024)

static HANDLE file = INVALID_HANDLE_VALUE;

void log_open(void) {
    char name[512];
    wchar_t wide[512];
    LARGE_INTEGER size;
    if (!registry_text(L"LogFile", name, sizeof name)) return;
    if (!MultiByteToWideChar(CP_UTF8, 0, name, -1, wide, 512)) return;
    file = CreateFileW(wide, FILE_APPEND_DATA | SYNCHRONIZE | FILE_READ_ATTRIBUTES,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS,
                       FILE_ATTRIBUTE_NORMAL, NULL);
    if (file != INVALID_HANDLE_VALUE && GetFileSizeEx(file, &size) && size.QuadPart > LARGEST) {
        CloseHandle(file);
        file = CreateFileW(wide, FILE_APPEND_DATA | SYNCHRONIZE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                           NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    }
}

void log_close(void) {
    if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
    file = INVALID_HANDLE_VALUE;
}

void log_line(const char *format, ...) {
    char line[1024];
    SYSTEMTIME now;
    DWORD written;
    va_list arguments;
    if (file == INVALID_HANDLE_VALUE) return;
    GetSystemTime(&now);
    int length = snprintf(line, sizeof line, "%04d-%02d-%02d %02d:%02d:%02d.%03dZ %5lu ", now.wYear,
                          now.wMonth, now.wDay, now.wHour, now.wMinute, now.wSecond,
                          now.wMilliseconds, (unsigned long)GetCurrentThreadId());
    int room = (int)sizeof line - length - 2;
    va_start(arguments, format);
    int more = vsnprintf(line + length, (size_t)room, format, arguments);
    va_end(arguments);
    length += more < room ? more : room - 1;
    for (int index = 0; index < length; index++) { /* others' words make no lines of their own */
        if ((unsigned char)line[index] < ' ') line[index] = ' ';
    }
    line[length++] = '\r';
    line[length++] = '\n';
    WriteFile(file, line, (DWORD)length, &written, NULL);
}
