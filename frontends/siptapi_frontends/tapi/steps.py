"""What an installation consists of: steps, each of which can be undone by another.

``apply`` does it and returns the step that undoes it, or None where all was as it should be. So a
plan may be carried out twice, and one that fails in the middle can be taken back.
"""

from __future__ import annotations

import re
from typing import Protocol

from siptapi_core.values import Value
from siptapi_frontends.tapi.places import PROVIDERS_KEY
from siptapi_frontends.tapi.registry_values import RegistryValue
from siptapi_frontends.tapi.windows import Windows

PATIENCE = 30.0
"""Seconds that the service may take to start."""


class Step(Protocol):
    """One of the classes below."""

    def apply(self, windows: Windows) -> Step | None:
        """Do it; raises OSError where Windows refuses."""
        ...


class PutFile(Value):
    """A file with that content."""

    path: str
    content: bytes

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        before = windows.read_file(self.path)
        if before == self.content:
            return None
        windows.write_file(self.path, self.content)
        return RemoveFile(self.path) if before is None else PutFile(self.path, before)

    def __str__(self) -> str:
        return f"write {self.path}"


class RemoveFile(Value):
    """No such file."""

    path: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        before = windows.read_file(self.path)
        if before is None:
            return None
        windows.remove_file(self.path)
        return PutFile(self.path, before)

    def __str__(self) -> str:
        return f"remove {self.path}"


class MakeFolder(Value):
    """A folder."""

    path: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if windows.is_folder(self.path):
            return None
        windows.make_folder(self.path)
        return RemoveFolder(self.path)

    def __str__(self) -> str:
        return f"make the folder {self.path}"


class RemoveFolder(Value):
    """No such folder, unless something is in it."""

    path: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        removed = windows.is_folder(self.path) and windows.remove_folder(self.path)
        return MakeFolder(self.path) if removed else None

    def __str__(self) -> str:
        return f"remove the folder {self.path}"


class RemoveAll(Value):
    """No such folder, whatever is in it. The one step that cannot be undone: the last of a plan."""

    path: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if windows.is_folder(self.path):
            windows.remove_folder(self.path, with_content=True)
        return None

    def __str__(self) -> str:
        return f"remove the folder {self.path} with all that is in it"


class LimitFolder(Value):
    """A folder with that access control list, as `own_access` has it."""

    path: str
    access: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        before = own_access(windows.folder_access(self.path))
        if before == self.access:
            return None
        windows.set_folder_access(self.path, self.access)
        return LimitFolder(self.path, before)

    def __str__(self) -> str:
        return f"say who may use the folder {self.path}"


class MakeKey(Value):
    """A registry key, with that access control list where it is made."""

    key: str
    access: str = ""

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if windows.key_values(self.key) is not None:
            return None
        windows.make_key(self.key)
        if self.access:
            windows.set_key_access(self.key, self.access)
        return RemoveKey(self.key)

    def __str__(self) -> str:
        return f"make the registry key {self.key}"


class RemoveKey(Value):
    """No such key, unless something is in it."""

    key: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if windows.key_values(self.key) is None:
            return None
        access = own_access(windows.key_access(self.key))
        return MakeKey(self.key, access) if windows.remove_key(self.key) else None

    def __str__(self) -> str:
        return f"remove the registry key {self.key}"


class LimitKey(Value):
    """A key with that access control list, where there is such a key."""

    key: str
    access: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if windows.key_values(self.key) is None:
            return None
        before = own_access(windows.key_access(self.key))
        if before == self.access:
            return None
        windows.set_key_access(self.key, self.access)
        return LimitKey(self.key, before)

    def __str__(self) -> str:
        return f"say who may use the registry key {self.key}"


class SetValue(Value):
    """A value of a key; None: no such value."""

    key: str
    name: str
    value: RegistryValue | None

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        before = (windows.key_values(self.key) or {}).get(self.name)
        if before == self.value:
            return None
        if self.value is None:
            windows.remove_value(self.key, self.name)
        else:
            windows.set_value(self.key, self.name, self.value)
        return SetValue(self.key, self.name, before)

    def __str__(self) -> str:
        return f"{'remove' if self.value is None else 'set'} {self.name} in {self.key}"


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


class SetTask(Value):
    """A scheduled task; None: no such task."""

    name: str
    xml: str | None

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`. Windows writes a task anew in words of its own, so it is set each time."""
        before = windows.task(self.name)
        if self.xml is not None:
            windows.set_task(self.name, self.xml)
        elif before is not None:
            windows.remove_task(self.name)
        else:
            return None
        return SetTask(self.name, before)

    def __str__(self) -> str:
        return f"{'remove' if self.xml is None else 'set'} the scheduled task {self.name}"


class RunTask(Value):
    """What the task starts runs."""

    name: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        windows.run_task(self.name)
        return EndTask(self.name)

    def __str__(self) -> str:
        return f"start the scheduled task {self.name}"


class EndTask(Value):
    """It does not."""

    name: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if windows.task(self.name) is None:
            return None
        windows.end_task(self.name)
        return RunTask(self.name)

    def __str__(self) -> str:
        return f"end the scheduled task {self.name}"


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


class AwaitService(Value):
    """`siptapi serve` answers at ``address``; ``log`` is where it says why it does not."""

    address: str
    token: str
    log: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        try:
            windows.lines(self.address, self.token, PATIENCE)
        except OSError as error:
            said = (windows.read_file(self.log) or b"").decode("utf-8", "replace").split("\n")
            last = next((line.strip() for line in reversed(said) if line.strip()), "is empty")
            raise OSError(f"{error}; its log {self.log}: {last}") from None
        return None

    def __str__(self) -> str:
        return f"wait for the service at {self.address}"


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


def own_access(sddl: str) -> str:
    """An access control list in SDDL without what is inherited, and what Windows notes beside."""
    flags = re.match("D:((?:P|AI|AR)*)", sddl)
    entries = re.findall(r"\(([^()]*)\)", sddl)
    own = (entry for entry in entries if "ID" not in entry.split(";")[1])
    return f"D:{'P' if flags and 'P' in flags[1] else ''}{''.join(f'({each})' for each in own)}"
