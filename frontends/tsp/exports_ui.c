/* The dialogs: they run in the application's process, and only open the settings page, or the
 * settings file. Which one that is they ask the provider, in the Telephony service; neither needs
 * the daemon. */
#include <winsock2.h>
#include <tspi.h>

#include <shellapi.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>

#define LONGEST 512

typedef HINSTANCE(WINAPI *shell_execute)(HWND, LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR, INT);

static bool is_page(const char *place) {
    return strncmp(place, "http://", 7) == 0 || strncmp(place, "https://", 8) == 0;
}

static LONG show(HWND owner, const char *place) {
    wchar_t text[LONGEST + 2] = L"\"";
    wchar_t *wide = text + 1;
    HINSTANCE shown = NULL;
    if (!MultiByteToWideChar(CP_UTF8, 0, place, -1, wide, LONGEST)) return LINEERR_OPERATIONFAILED;
    /* Loaded when wanted: the Telephony service has no use for the shell. */
    HMODULE shell = LoadLibraryExW(L"shell32.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (!shell) return LINEERR_OPERATIONFAILED;
    shell_execute execute = (shell_execute)(void *)GetProcAddress(shell, "ShellExecuteW");
    if (execute && is_page(place)) {
        shown = execute(owner, L"open", wide, NULL, NULL, SW_SHOWNORMAL);
    } else if (execute) {
        wcscat(text, L"\"");
        shown = execute(owner, L"open", L"notepad.exe", text, NULL, SW_SHOWNORMAL);
    }
    FreeLibrary(shell);
    return (INT_PTR)shown > 32 ? 0 : LINEERR_OPERATIONFAILED;
}

static LONG open_settings(TUISPIDLLCALLBACK ask, DWORD object, DWORD type, HWND owner) {
    char place[LONGEST - 1] = "";
    if (!ask || ask(object, type, place, sizeof place)) return LINEERR_OPERATIONUNAVAIL;
    place[sizeof place - 1] = '\0';
    return show(owner, place);
}

LONG TSPIAPI TSPI_providerUIIdentify(LPWSTR name) {
    HMODULE module;
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            (LPCWSTR)(void *)TSPI_providerUIIdentify, &module) ||
        !GetModuleFileNameW(module, name, MAX_PATH))
        return LINEERR_OPERATIONFAILED;
    return 0;
}

LONG TSPIAPI TUISPI_lineConfigDialog(TUISPIDLLCALLBACK callback, DWORD device_id, HWND owner,
                                     LPCWSTR device_class) {
    (void)device_class;
    return open_settings(callback, device_id, TUISPIDLL_OBJECT_LINEID, owner);
}

LONG TSPIAPI TUISPI_providerConfig(TUISPIDLLCALLBACK callback, HWND owner, DWORD permanent_id) {
    return open_settings(callback, permanent_id, TUISPIDLL_OBJECT_PROVIDERID, owner);
}

LONG TSPIAPI TUISPI_providerInstall(TUISPIDLLCALLBACK callback, HWND owner, DWORD permanent_id) {
    (void)callback, (void)owner, (void)permanent_id;
    return 0;
}

LONG TSPIAPI TUISPI_providerRemove(TUISPIDLLCALLBACK callback, HWND owner, DWORD permanent_id) {
    (void)callback, (void)owner, (void)permanent_id;
    return 0;
}
