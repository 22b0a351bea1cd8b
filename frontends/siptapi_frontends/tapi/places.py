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
