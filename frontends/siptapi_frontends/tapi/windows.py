"""What the set-up needs of Windows. The steps are written against this, and tested without one.

Paths are text, as Windows has them; registry keys begin with ``HKEY_LOCAL_MACHINE`` and are those
of the 64-bit view, whatever the width of this Python. Every method raises OSError where Windows
refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from siptapi_core.commands import LineStatus
from siptapi_core.values import Value
from siptapi_frontends.tapi.registry_values import RegistryValue


class Computer(Value, kw_only=True):
    r"""What does not change while we work.

    ``providers`` says where the provider for which architecture belongs: the folders in which
    Windows' own programs find it (``Sysnative`` to a 32-bit Python). ``settings`` is the folder
    below ``C:\ProgramData``, ``users`` the one with the users' own.
    """

    providers: Mapping[str, str]
    settings: str
    users: str


class Windows(Protocol):
    """A Windows, or what plays one."""

    def computer(self) -> Computer:
        """What does not change."""
        ...

    def is_elevated(self) -> bool:
        """Whether we may change what belongs to all users."""
        ...

    def read_file(self, path: str) -> bytes | None:
        """What a file holds; None: it is not there."""
        ...

    def write_file(self, path: str, content: bytes) -> None:
        """Make a file, or replace it."""
        ...

    def remove_file(self, path: str) -> None:
        """Remove a file that is there."""
        ...

    def is_folder(self, path: str) -> bool:
        """Whether there is such a folder."""
        ...

    def make_folder(self, path: str) -> None:
        """Make a folder."""
        ...

    def remove_folder(self, path: str, *, with_content: bool = False) -> bool:
        """Remove a folder; False: it is not empty, and is left."""
        ...

    def owner(self, path: str) -> str:
        """Who owns a file or folder, in SDDL: ``O:BA``."""
        ...

    def folder_access(self, path: str) -> str:
        """The access control list of a folder, in SDDL: ``D:P(A;OICI;FA;;;SY)``."""
        ...

    def set_folder_access(self, path: str, access: str) -> None:
        """Replace it; what is in the folder inherits."""
        ...

    def key_values(self, key: str) -> Mapping[str, RegistryValue] | None:
        """A key's values by name; None: there is no such key."""
        ...

    def make_key(self, key: str) -> None:
        """Make a key."""
        ...

    def remove_key(self, key: str) -> bool:
        """Remove a key; False: it has values or keys in it, and is left."""
        ...

    def set_value(self, key: str, name: str, value: RegistryValue) -> None:
        """Set a value."""
        ...

    def remove_value(self, key: str, name: str) -> None:
        """Remove a value that is there."""
        ...

    def key_access(self, key: str) -> str:
        """The access control list of a key, in SDDL."""
        ...

    def set_key_access(self, key: str, access: str) -> None:
        """Replace it."""
        ...

    def add_provider(self, file: str) -> None:
        """Have TAPI use a provider."""
        ...

    def remove_provider(self, number: int) -> None:
        """Have TAPI use it no more; ``number`` is its permanent id."""
        ...

    def task(self, name: str) -> str | None:
        """A scheduled task as XML; None: there is no such task."""
        ...

    def set_task(self, name: str, xml: str) -> None:
        """Make a scheduled task, or replace it."""
        ...

    def remove_task(self, name: str) -> None:
        """Remove a task that is there."""
        ...

    def run_task(self, name: str) -> None:
        """Start it now; if it runs, that is all right."""
        ...

    def end_task(self, name: str) -> None:
        """End what it runs, if it does."""
        ...

    def telephony_runs(self) -> bool:
        """Whether the Telephony service runs, and so may have loaded a provider."""
        ...

    def start_telephony(self) -> None:
        """Start the Telephony service."""
        ...

    def stop_telephony(self) -> None:
        """Stop it."""
        ...

    def lines(self, address: str, token: str, patience: float) -> tuple[LineStatus, ...]:
        """The lines of `siptapi serve` there, which may take ``patience`` seconds to start."""
        ...
