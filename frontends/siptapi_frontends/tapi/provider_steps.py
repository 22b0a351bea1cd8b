"""Steps with TAPI's list of providers, and the Telephony service that loads them."""

from __future__ import annotations

import re

from siptapi_core.values import Value
from siptapi_frontends.tapi.places import PROVIDERS_KEY
from siptapi_frontends.tapi.steps import Step
from siptapi_frontends.tapi.windows import Windows


class AddProvider(Value):
    """A provider that TAPI uses."""

    file: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if provider_number(windows, self.file) is not None:
            return None
        windows.add_provider(self.file)
        return RemoveProvider(self.file)

    def __str__(self) -> str:
        return f"add the TAPI provider {self.file}"


class RemoveProvider(Value):
    """One that it does not."""

    file: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        number = provider_number(windows, self.file)
        if number is None:
            return None
        windows.remove_provider(number)
        return AddProvider(self.file)

    def __str__(self) -> str:
        return f"remove the TAPI provider {self.file}"


class StartTelephony(Value):
    """The Telephony service runs: then it lets programs use the provider."""

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if windows.telephony_runs():
            return None
        windows.start_telephony()
        return StopTelephony()

    def __str__(self) -> str:
        return "start the Telephony service"


class StopTelephony(Value):
    """It does not: then it lets go of the provider's file."""

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if not windows.telephony_runs():
            return None
        windows.stop_telephony()
        return StartTelephony()

    def __str__(self) -> str:
        return "stop the Telephony service"


def provider_number(windows: Windows, file: str) -> int | None:
    r"""The permanent id of a provider in Windows' list; None: it is not there.

    ``Telephony\Providers`` has ``ProviderFilename0`` and ``ProviderID0`` and so on (TAPI 2.0 and
    later).
    """
    values = {
        name.lower(): each for name, each in (windows.key_values(PROVIDERS_KEY) or {}).items()
    }
    for name, value in values.items():
        listed = re.fullmatch("providerfilename([0-9]+)", name)
        if listed and str(value.data).rpartition("\\")[2].lower() == file.lower():
            number = values.get(f"providerid{listed[1]}")
            if number is not None and isinstance(number.data, int):
                return number.data
    return None
