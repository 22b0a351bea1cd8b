"""Where things are on a Windows, by their fixed names."""

from __future__ import annotations

_TELEPHONY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Telephony"
KEY = rf"{_TELEPHONY}\SIPTAPI"
"""What the provider reads (``frontends/tsp/registry.h``)."""
PROVIDERS_KEY = rf"{_TELEPHONY}\Providers"
"""Windows' list of providers: ``NumProviders``, ``ProviderFilename0``, ``ProviderID0``, ..."""
PROVIDER = "siptapi.tsp"
TASK = "SIPTAPI"
SETTINGS = "siptapi.toml"
DEFAULT_ADDRESS = "127.0.0.1:5039"

OWN_VALUES = frozenset({"address", "token", "settingspage", "logfile", "connectedhold", "version"})
"""Our values below `KEY`, in lower case: SIPTAPI 0.3 has its own in the same key."""

SETTINGS_ACCESS = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;LS)"
"""Who may do what with the settings (SDDL): SYSTEM and Administrators all, the service read."""
STATE_ACCESS = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;LS)"
"""With what the service keeps: the service may change it. It runs as LOCAL SERVICE."""
KEY_ACCESS = "D:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;NS)"
"""With `KEY`: the token is in it, and who knows that can dial. The Telephony service reads it as
NETWORK SERVICE."""
INHERITED_ACCESS = "D:"
"""No rights of its own: those of the key or folder around it."""
TRUSTED_OWNERS = ("O:BA", "O:SY")
"""Administrators, SYSTEM: whoever owns a file can give himself every right to it."""
