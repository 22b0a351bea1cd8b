/* As much of Windows' types as tapi.h and tspi.h need, so that the DLL's pure parts can be compiled
 * for Linux and watched by its sanitizers; each type is as large as on Windows. Besides, as much of
 * Windows as what is between TAPI's functions and the wire needs, for one thread and a clock that
 * the test sets: compile that with -fshort-wchar. */
#ifndef SIPTAPI_TEST_WINDOWS_H
#define SIPTAPI_TEST_WINDOWS_H

#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#define CLSID struct _GUID

#define __MSABI_LONG(number) number
#define __LONG32 int
#define WINAPI
#define CALLBACK
#define CONST const
#define UNALIGNED
#define EXTERN_C extern
#define __C89_NAMELESS __extension__
#define __C89_NAMELESSUNIONNAME

typedef uint32_t DWORD, UINT, ULONG;
typedef int32_t LONG, BOOL, HRESULT, INT;
typedef uint16_t WORD, WCHAR;
typedef uint8_t BYTE;
typedef char CHAR;
typedef uintptr_t DWORD_PTR, ULONG_PTR, WPARAM;
typedef DWORD *LPDWORD;
typedef DWORD_PTR *LPDWORD_PTR, *PDWORD_PTR;
typedef LONG *LPLONG;
typedef void *LPVOID, *HANDLE, *HWND, *HICON, *HINSTANCE;
typedef HANDLE *LPHANDLE;
typedef HICON *LPHICON;
typedef const char *LPCSTR;
typedef char *LPSTR;
typedef const WCHAR *LPCWSTR;
typedef WCHAR *LPWSTR;

typedef int64_t CURRENCY;
typedef double DATE;

typedef struct {
    WORD wYear, wMonth, wDayOfWeek, wDay, wHour, wMinute, wSecond, wMilliseconds;
} SYSTEMTIME;

typedef uint64_t ULONGLONG;
typedef HANDLE HMODULE;
typedef struct {
    int unused;
} CONDITION_VARIABLE;
typedef DWORD (*LPTHREAD_START_ROUTINE)(void *);

ULONGLONG GetTickCount64(void);
void GetSystemTime(SYSTEMTIME *now);
void WakeAllConditionVariable(CONDITION_VARIABLE *condition);

/* Linux has these for units of 32 bits. */
size_t utf16_length(const uint16_t *text);
uint16_t *utf16_copy(uint16_t *to, const uint16_t *from);
int utf16_compare(const uint16_t *one, const uint16_t *other);
#define wcslen utf16_length
#define wcscpy utf16_copy
#define _wcsicmp utf16_compare

#endif
