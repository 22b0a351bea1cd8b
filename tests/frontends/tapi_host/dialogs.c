/* The provider's settings in the registry, and the dialogs, which open page or file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define SETTINGS L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Telephony\\SIPTAPI"

static void write_registry(const WCHAR *key, const WCHAR *name, const WCHAR *text) {
    HKEY handle;
    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, key, 0, NULL, 0, KEY_WRITE, NULL, &handle, NULL) ||
        RegSetValueExW(handle, name, 0, REG_SZ, (const BYTE *)text,
                       (DWORD)((wcslen(text) + 1) * sizeof *text)))
        abort();
    RegCloseKey(handle);
}

void forget_settings(void) { RegDeleteTreeW(HKEY_LOCAL_MACHINE, SETTINGS); }

/* A value of digits only is a number. */
void set(const char *assignment) {
    WCHAR name[512];
    HKEY key;
    MultiByteToWideChar(CP_UTF8, 0, assignment, -1, name, 512);
    WCHAR *value = wcschr(name, L'=');
    if (!value) abort();
    *value++ = 0;
    value[wcscspn(value, L"\r\n")] = 0;
    if (!*value || wcsspn(value, L"0123456789") != wcslen(value)) {
        write_registry(SETTINGS, name, value);
        return;
    }
    DWORD number = wcstoul(value, NULL, 10);
    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, SETTINGS, 0, NULL, 0, KEY_WRITE, NULL, &key, NULL) ||
        RegSetValueExW(key, name, 0, REG_DWORD, (BYTE *)&number, sizeof number))
        abort();
    RegCloseKey(key);
}

/* Let this program be the browser. */
void become_browser(void) {
    WCHAR self[MAX_PATH], command[MAX_PATH + 10];
    GetModuleFileNameW(NULL, self, MAX_PATH);
    swprintf(command, MAX_PATH + 10, L"\"%ls\" \"%%1\"", self);
    write_registry(L"SOFTWARE\\Classes\\http\\shell\\open\\command", NULL, command);
}

int note_opened(const char *what) {
    char name[MAX_PATH + 8];
    GetModuleFileNameA(NULL, name, MAX_PATH);
    FILE *file = fopen(strcat(name, ".opened"), "a");
    if (!file) return 1;
    fprintf(file, "%s\n", what);
    return fclose(file);
}

/* What the dialogs, in an application, ask the provider, in the Telephony service. */
static LONG CALLBACK on_question(DWORD_PTR object, DWORD type, LPVOID parameters, DWORD size) {
    LONG result;
    if (type != TUISPIDLL_OBJECT_LINEID && type != TUISPIDLL_OBJECT_PROVIDERID)
        fault("a question of object type %lu", (unsigned long)type);
    void *copy = guarded(size);
    memcpy(copy, parameters, size);
    TIMED(result, tsp_providerGenericDialogData(object, type, copy, size));
    memcpy(parameters, copy, size);
    release(copy);
    return result;
}

void configure(int device) {
    LONG result;
    WCHAR name[MAX_PATH];
    __typeof__(&TSPI_providerUIIdentify) identify =
        (__typeof__(identify))(void *)GetProcAddress(provider, "TSPI_providerUIIdentify");
    if (identify(name)) fault("TSPI_providerUIIdentify");
    HMODULE dialogs = LoadLibraryW(name);
    if (!dialogs) fault("the DLL of the dialogs does not load");
    __typeof__(&TUISPI_providerConfig) of_provider =
        (__typeof__(of_provider))(void *)GetProcAddress(dialogs, "TUISPI_providerConfig");
    __typeof__(&TUISPI_lineConfigDialog) of_line =
        (__typeof__(of_line))(void *)GetProcAddress(dialogs, "TUISPI_lineConfigDialog");
    __typeof__(&TUISPI_providerInstall) install =
        (__typeof__(install))(void *)GetProcAddress(dialogs, "TUISPI_providerInstall");
    __typeof__(&TUISPI_providerRemove) removal =
        (__typeof__(removal))(void *)GetProcAddress(dialogs, "TUISPI_providerRemove");
    TIMED(result, install(on_question, NULL, 3));
    if (result) fault("TUISPI_providerInstall: 0x%lx", (unsigned long)result);
    TIMED(result, removal(on_question, NULL, 3));
    if (result) fault("TUISPI_providerRemove: 0x%lx", (unsigned long)result);
    result = of_provider(on_question, NULL, 3);
    say("provider-config 0x%08lx", (unsigned long)result);
    result = of_line(on_question, (DWORD)device, NULL, L"tapi/line");
    say("line-config 0x%08lx", (unsigned long)result);
    FreeLibrary(dialogs);
}
