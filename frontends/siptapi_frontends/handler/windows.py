"""Links on Windows: the user's registry, and two files that do the same by hand."""

from __future__ import annotations

import ctypes
import sys
import winreg
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from siptapi_core.errors import RefusedError
from siptapi_core.state_folder import state_folder
from siptapi_frontends.handler.registry import (
    APPLICATION,
    APPLICATIONS_KEY,
    PROGRAM_KEY,
    Keys,
    install_file,
    registry_keys,
    remove_file,
)

assert sys.platform == "win32"  # noqa: S101  # so that type checkers leave it out elsewhere


def install(command: Sequence[str], schemes: Sequence[str]) -> tuple[Path, ...]:
    """Let ``command`` be chosen for links of ``schemes``; return the files that do it by hand.

    They are for where only an administrator may change the registry, and for whoever takes SIPTAPI
    off without `remove`.

    Raises:
        UsageError: Windows would change the command.
        RefusedError: a file cannot be written, or the registry not be changed.
    """
    keys = registry_keys(command, schemes)
    install_by_hand, remove_by_hand = _files()
    try:
        install_by_hand.parent.mkdir(parents=True, exist_ok=True)
        install_by_hand.write_bytes(install_file(keys))
        remove_by_hand.write_bytes(remove_file())
    except OSError as error:
        raise RefusedError(f"{error.filename} cannot be written: {error.strerror}") from None
    try:
        _make(keys)
    except OSError as error:
        raise RefusedError(
            f"the registry cannot be changed: {error.strerror}; {install_by_hand} does it by hand"
        ) from None
    return _files()


def remove() -> tuple[Path, ...]:
    """Undo `install`; return the files that were removed.

    Raises:
        RefusedError: the registry cannot be changed, or a file not be removed.
    """
    removed = tuple(file for file in _files() if file.exists())
    try:
        _unmake()
        for file in removed:
            file.unlink()
    except OSError as error:
        what = error.filename or "the registry"
        raise RefusedError(f"{what} cannot be changed: {error.strerror}") from None
    return removed


def _files() -> tuple[Path, Path]:
    folder = Path(state_folder()) / "handler"
    return folder / "install.reg", folder / "remove.reg"


def _make(keys: Keys) -> None:
    """Write them, and tell the desktop."""
    for path, texts in keys.items():
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, path) as key:
            for name, text in texts.items():
                winreg.SetValueEx(key, name, 0, winreg.REG_SZ, text)
    _tell_desktop()


def _unmake() -> None:
    """Take all of it out, and tell the desktop."""
    _remove_tree(PROGRAM_KEY)
    with (
        suppress(FileNotFoundError),
        winreg.OpenKey(
            winreg.HKEY_CURRENT_USER, APPLICATIONS_KEY, access=winreg.KEY_SET_VALUE
        ) as key,
    ):
        winreg.DeleteValue(key, APPLICATION)
    _tell_desktop()


def _remove_tree(path: str) -> None:
    """Remove a key with those below it, which Windows' own call does not."""
    with suppress(FileNotFoundError):
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
            names = [winreg.EnumKey(key, at) for at in range(winreg.QueryInfoKey(key)[0])]
        for name in names:
            _remove_tree(rf"{path}\{name}")
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, path)


def _tell_desktop() -> None:
    associations_changed = 0x08000000
    ctypes.windll.shell32.SHChangeNotify(associations_changed, 0, None, None)
