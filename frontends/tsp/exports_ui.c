/* The dialogs: they run in the application's process, and only open the settings page. */
#include "registry.h"

#include <tspi.h>

#include <shellapi.h>
#include <string.h>

static LONG open_settings_page(HWND owner) {
    typedef HINSTANCE(WINAPI * shell_execute)(HWND, LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR, INT);
    char page[512];
    wchar_t wide[512];
    LONG result = LINEERR_OPERATIONFAILED;
    if (!registry_text(L"SettingsPage", page, sizeof page) ||
        (strncmp(page, "http://", 7) != 0 && strncmp(page, "https://", 8) != 0) ||
        !MultiByteToWideChar(CP_UTF8, 0, page, -1, wide, 512))
        return LINEERR_OPERATIONUNAVAIL;
    /* Loaded when wanted: the Telephony service has no use for the shell. */
    HMODULE shell = LoadLibraryExW(L"shell32.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (!shell) return result;
    shell_execute execute = (shell_execute)(void *)GetProcAddress(shell, "ShellExecuteW");
    if (execute && (INT_PTR)execute(owner, L"open", wide, NULL, NULL, SW_SHOWNORMAL) > 32)
        result = 0;
    FreeLibrary(shell);
    return result;
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
    (void)callback, (void)device_id, (void)device_class;
    return open_settings_page(owner);
}

LONG TSPIAPI TUISPI_providerConfig(TUISPIDLLCALLBACK callback, HWND owner, DWORD permanent_id) {
    (void)callback, (void)permanent_id;
    return open_settings_page(owner);
}

LONG TSPIAPI TUISPI_providerInstall(TUISPIDLLCALLBACK callback, HWND owner, DWORD permanent_id) {
    (void)callback, (void)owner, (void)permanent_id;
    return 0;
}

LONG TSPIAPI TUISPI_providerRemove(TUISPIDLLCALLBACK callback, HWND owner, DWORD permanent_id) {
    (void)callback, (void)owner, (void)permanent_id;
    return 0;
}
