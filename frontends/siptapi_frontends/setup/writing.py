"""Writing what was set up: all at once, for the user's eyes only, and over nothing.

A file of settings that is there gets another table at its end; a password that is kept in a file of
its own is written before it, and taken back where the settings cannot be written.
"""

from __future__ import annotations

import os
from pathlib import Path

from siptapi_core.errors import SettingsError
from siptapi_core.private_file import write_private_file
from siptapi_core.settings import load
from siptapi_frontends.setup.account import Account, joined


def existing_text(path: Path) -> str:
    """The settings that are there already; "" where there are none.

    Raises:
        SettingsError: they cannot be read, or used: mend them first.
    """
    if not os.path.lexists(path):
        return ""
    try:
        load(path)
    except SettingsError as error:
        problem = (
            f"{error.problem}; setup adds a line only to settings that can be used: mend them, or "
            "move the file away"
        )
        raise SettingsError(problem, where=error.where, key=error.key) from None
    return path.read_text(encoding="utf-8-sig")


def password_place(path: Path, line: str) -> Path:
    """Where the password of ``line`` is kept: a folder beside the settings."""
    safe = "".join(each if each.isalnum() or each in "-_" else "-" for each in line)
    return path.parent / f"{path.stem}-passwords" / safe


def write(path: Path, account: Account, *, existing: str, password: object, secret: str) -> None:
    """Write the settings; ``password`` is what stands there, ``secret`` goes into its file, if any.

    Raises:
        SettingsError: a file cannot be written; then none was.
    """
    place = password_place(path, account.name) if secret else None
    content = joined(existing, account.toml(password))
    if place is not None and os.path.lexists(place):
        raise SettingsError("is there already; it was left as it is", where=str(place))
    if existing_text(path) != existing:
        raise SettingsError("was changed meanwhile, so it was left as it is", where=str(path))
    try:
        if place is not None:
            write_private_file(place, f"{secret}\n")
        write_private_file(path, content)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if place is not None:
            place.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"cannot be written: {reason}", where=str(path)) from None
