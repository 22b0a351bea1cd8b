#include "registry.h"

#define KEY L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Telephony\\SIPTAPI"
#define LONGEST 512

static bool read_value(const wchar_t *name, DWORD wanted, void *out, DWORD size) {
    HKEY key;
    DWORD type = 0;
    DWORD got = size;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, KEY, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key))
        return false;
    LSTATUS status = RegQueryValueExW(key, name, NULL, &type, out, &got);
    RegCloseKey(key);
    return status == ERROR_SUCCESS && type == wanted;
}

bool registry_text(const wchar_t *name, char *out, DWORD size) {
    wchar_t text[LONGEST + 1] = {0};
    out[0] = '\0';
    if (!read_value(name, REG_SZ, text, LONGEST * sizeof *text)) return false;
    if (!WideCharToMultiByte(CP_UTF8, 0, text, -1, out, (int)size, NULL, NULL)) out[0] = '\0';
    return out[0] != '\0';
}

DWORD registry_number(const wchar_t *name, DWORD usual) {
    DWORD number;
    return read_value(name, REG_DWORD, &number, sizeof number) ? number : usual;
}
