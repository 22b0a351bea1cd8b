"""Windows, as far as ``siptapi handler`` knows it: a registry, a shell and a message box."""

from __future__ import annotations

import ctypes
import sys
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import pytest


class FakeRegistry(ModuleType):
    """``winreg`` with a registry of its own: ``keys`` are their values by path."""

    HKEY_CURRENT_USER = object()
    REG_SZ = 1
    KEY_SET_VALUE = 2

    def __init__(self) -> None:
        super().__init__("winreg")
        self.keys: dict[str, dict[str, str]] = {"Software\\RegisteredApplications": {"Other": "x"}}
        self.denied = False

    def CreateKey(self, root: object, path: str) -> _Key:  # noqa: N802
        assert root is self.HKEY_CURRENT_USER
        if self.denied:
            raise PermissionError(13, "Access is denied")
        parts = path.split("\\")
        for count in range(1, len(parts) + 1):
            self.keys.setdefault("\\".join(parts[:count]), {})
        return _Key(path)

    def OpenKey(self, root: object, path: str, access: int = 1) -> _Key:  # noqa: N802
        assert root is self.HKEY_CURRENT_USER
        if self.denied:
            raise PermissionError(13, "Access is denied")
        if path not in self.keys:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return _Key(path)

    def SetValueEx(self, key: _Key, name: str, zero: int, kind: int, text: str) -> None:  # noqa: N802
        assert (zero, kind) == (0, self.REG_SZ)
        self.keys[key.path][name] = text

    def DeleteValue(self, key: _Key, name: str) -> None:  # noqa: N802
        if self.keys[key.path].pop(name, None) is None:
            raise FileNotFoundError(2, "The system cannot find the file specified")

    def below(self, path: str) -> list[str]:
        """The names of the keys in the key of that path."""
        names = (key.removeprefix(f"{path}\\") for key in self.keys if key.startswith(f"{path}\\"))
        return sorted(name for name in names if "\\" not in name)

    def QueryInfoKey(self, key: _Key) -> tuple[int, int, int]:  # noqa: N802
        return len(self.below(key.path)), len(self.keys[key.path]), 0

    def EnumKey(self, key: _Key, at: int) -> str:  # noqa: N802
        return self.below(key.path)[at]

    def DeleteKey(self, root: object, path: str) -> None:  # noqa: N802
        assert not self.below(path), "Windows removes no key with others in it"
        del self.keys[path]


class _Key:
    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class FakeWindows:
    """``registry``, what the shell was ``told``, ``boxes`` shown and the ``answer`` to the next."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.registry = FakeRegistry()
        self.told: list[tuple[Any, ...]] = []
        self.boxes: list[tuple[Any, ...]] = []
        self.answer = 6
        dlls = SimpleNamespace(
            shell32=SimpleNamespace(SHChangeNotify=lambda *given: self.told.append(given)),
            user32=SimpleNamespace(MessageBoxW=self._show),
        )
        monkeypatch.setattr(sys, "platform", "win32")
        monkeypatch.setattr(ctypes, "windll", dlls, raising=False)
        monkeypatch.setitem(sys.modules, "winreg", self.registry)
        for name in ("windows", "message_box"):  # for this Windows, not that of another test
            module = f"siptapi_frontends.handler.{name}"
            monkeypatch.delitem(sys.modules, module, raising=False)
            monkeypatch.delattr(sys.modules["siptapi_frontends.handler"], name, raising=False)

    def _show(self, *given: Any) -> int:
        self.boxes.append(given)
        return self.answer
