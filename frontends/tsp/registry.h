/* What `siptapi tapi install` wrote below HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\
 * Telephony\SIPTAPI, in the 64-bit view for DLLs of either width:
 *
 *   Address        REG_SZ     the daemon's `[control] listen`, 127.0.0.1:5039
 *   Token          REG_SZ     the second line of its control.address
 *   SettingsPage   REG_SZ     opened by the dialogs; http or https
 *   LogFile        REG_SZ     written to where it is there
 *   ConnectedHold  REG_DWORD  milliseconds that a call stays CONNECTED after the hand-over, where
 *                             nobody tells its end; 5000 */
#ifndef SIPTAPI_REGISTRY_H
#define SIPTAPI_REGISTRY_H

#include <winsock2.h>

#include <stdbool.h>

/* A value as UTF-8; false, and empty, where it is missing or too long. */
bool registry_text(const wchar_t *name, char *out, DWORD size);
DWORD registry_number(const wchar_t *name, DWORD usual);

#endif
