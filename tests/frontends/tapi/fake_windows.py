"""A Windows in memory: files, folders, registry, TAPI's list, tasks. It can refuse any change."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from siptapi_core.commands import LineStatus
from siptapi_frontends.tapi import places
from siptapi_frontends.tapi.registry_values import RegistryValue, number, text
from siptapi_frontends.tapi.windows import Computer

SYSTEM = r"C:\Windows\System32"
OF_32_BITS = r"C:\Windows\SysWOW64"
SETTINGS = r"C:\ProgramData\siptapi"
INHERITED = "D:AI(A;ID;KA;;;BA)(A;ID;KR;;;BU)"
MODEM = "unimdm.tsp"
LINES = (LineStatus(name="office", account="sip:201@d", phone="sip:201@d", strategies=("acd",)),)


class RefusedError(PermissionError):
    """What the fake Windows refuses with."""


class FakeWindows:
    """See `siptapi_frontends.tapi.windows.Windows`.

    With ``refuse_from``, that change (counted from 0) and ``refused`` - 1 after it are refused.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {rf"{SETTINGS}\siptapi.toml": b"settings"}
        self.folders = {r"C:\ProgramData", SETTINGS, SYSTEM, OF_32_BITS}
        self.access = {SETTINGS: INHERITED}
        self.owners = {SETTINGS: "O:BA"}
        self.keys: dict[str, dict[str, RegistryValue]] = {
            places.PROVIDERS_KEY: {
                "NumProviders": number(1),
                "NextProviderID": number(2),
                "ProviderFilename0": text(MODEM),
                "ProviderID0": number(1),
            }
        }
        self.key_accesses = {places.PROVIDERS_KEY: INHERITED}
        self.tasks: dict[str, str] = {}
        self.running: set[str] = set()
        self.telephony = False
        self.held: set[str] = set()  # by the Telephony service, once it has loaded them
        self.service: tuple[LineStatus, ...] | None = LINES
        self.elevated = True
        self.changes = 0
        self.refuse_from = -1
        self.refused = 1

    def state(self) -> dict[str, Any]:
        """Everything that a change could change."""
        names = ("files", "folders", "access", "keys", "key_accesses", "tasks", "running")
        return copy.deepcopy({name: getattr(self, name) for name in (*names, "telephony")})

    def _change(self) -> None:
        self.changes += 1
        if 0 <= self.changes - 1 - self.refuse_from < self.refused and self.refuse_from >= 0:
            raise RefusedError(5, "Access is denied")

    def computer(self) -> Computer:
        providers = {"x86_64": SYSTEM, "x86": OF_32_BITS}
        return Computer(providers=providers, settings=SETTINGS, users=r"C:\Users")

    def is_elevated(self) -> bool:
        return self.elevated

    def read_file(self, path: str) -> bytes | None:
        return self.files.get(path)

    def write_file(self, path: str, content: bytes) -> None:
        self._change()
        assert path.rpartition("\\")[0] in self.folders
        if path in self.held:
            raise RefusedError(32, "It is being used by another process")
        self.files[path] = content

    def remove_file(self, path: str) -> None:
        self._change()
        if path in self.held:
            raise RefusedError(32, "It is being used by another process")
        del self.files[path]

    def is_folder(self, path: str) -> bool:
        return path in self.folders

    def make_folder(self, path: str) -> None:
        self._change()
        assert path.rpartition("\\")[0] in self.folders
        assert path not in self.folders
        self.folders.add(path)
        self.access[path] = "D:AI"

    def remove_folder(self, path: str, *, with_content: bool = False) -> bool:
        self._change()
        below = [each for each in (*self.files, *self.folders) if each.startswith(f"{path}\\")]
        if below and not with_content:
            return False
        for each in (path, *below):
            self.files.pop(each, None)
            self.folders.discard(each)
            self.access.pop(each, None)
        return True

    def owner(self, path: str) -> str:
        return self.owners.get(path, "O:BA")

    def folder_access(self, path: str) -> str:
        return self.access[path]

    def set_folder_access(self, path: str, access: str) -> None:
        self._change()
        self.access[path] = self._noted(access)

    def key_values(self, key: str) -> Mapping[str, RegistryValue] | None:
        values = self.keys.get(key)
        return None if values is None else dict(values)

    def make_key(self, key: str) -> None:
        self._change()
        assert key not in self.keys
        self.keys[key] = {}
        self.key_accesses[key] = INHERITED

    def remove_key(self, key: str) -> bool:
        self._change()
        if self.keys[key]:
            return False
        del self.keys[key], self.key_accesses[key]
        return True

    def set_value(self, key: str, name: str, value: RegistryValue) -> None:
        self._change()
        self.keys[key][name] = value

    def remove_value(self, key: str, name: str) -> None:
        self._change()
        del self.keys[key][name]

    def key_access(self, key: str) -> str:
        return self.key_accesses[key]

    def set_key_access(self, key: str, access: str) -> None:
        self._change()
        self.key_accesses[key] = self._noted(access)

    def add_provider(self, file: str) -> None:
        self._change()
        assert rf"{SYSTEM}\{file}" in self.files
        self._list([*self._listed(), (file, 2)])
        self._hold()

    def remove_provider(self, number: int) -> None:
        self._change()
        self._list([each for each in self._listed() if each[1] != number])

    def task(self, name: str) -> str | None:
        return self.tasks.get(name)

    def set_task(self, name: str, xml: str) -> None:
        self._change()
        self.tasks[name] = xml

    def remove_task(self, name: str) -> None:
        self._change()
        del self.tasks[name]

    def run_task(self, name: str) -> None:
        self._change()
        assert name in self.tasks
        self.running.add(name)

    def end_task(self, name: str) -> None:
        self._change()
        assert name in self.tasks
        self.running.discard(name)

    def telephony_runs(self) -> bool:
        return self.telephony

    def start_telephony(self) -> None:
        self._change()
        self.telephony = True
        self._hold()

    def stop_telephony(self) -> None:
        self._change()
        self.telephony = False
        self.held.clear()

    def lines(self, address: str, token: str, patience: float) -> tuple[LineStatus, ...]:
        known = self.files.get(rf"{SETTINGS}\service\siptapi\control.address")
        if self.service is None or places.TASK not in self.running:
            raise OSError(f"the service at {address} does not answer: refused")
        assert known == f"{address}\n{token}\n".encode()
        assert patience > 0
        return self.service

    def _hold(self) -> None:
        if self.telephony:
            self.held |= {rf"{SYSTEM}\{file}" for file, _ in self._listed()}

    @staticmethod
    def _noted(access: str) -> str:
        """What Windows makes of an access control list: it notes that rights were inherited."""
        return access.replace("D:P", "D:PAI") if access.startswith("D:P") else INHERITED

    def _listed(self) -> list[tuple[str, int]]:
        values = self.keys[places.PROVIDERS_KEY]
        count = values["NumProviders"].data
        assert isinstance(count, int)
        listed = []
        for index in range(count):
            known = values[f"ProviderID{index}"].data
            assert isinstance(known, int)
            listed.append((str(values[f"ProviderFilename{index}"].data), known))
        return listed

    def _list(self, providers: list[tuple[str, int]]) -> None:
        values = {"NumProviders": number(len(providers)), "NextProviderID": number(2)}
        for index, (file, known) in enumerate(providers):
            values[f"ProviderFilename{index}"] = text(file)
            values[f"ProviderID{index}"] = number(known)
        self.keys[places.PROVIDERS_KEY] = values
