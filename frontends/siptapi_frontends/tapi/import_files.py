"""An import on disk: the settings file, and beside it a folder with a file for each password."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from siptapi_core.errors import SettingsError
from siptapi_frontends.tapi.importing import Imported, as_toml, password_file


def write_import(imported: Imported, path: Path, *, source: str, replace: bool = False) -> Path:
    """Write the settings to ``path``; returns the folder with the passwords.

    Only their owner can read these files; on Windows a file has the access rights of its folder.
    The settings come last: where anything fails, there are none, or still the old ones.

    Raises:
        SettingsError: a file is there already and not to be replaced, or cannot be written.
    """
    folder = path.parent / f"{path.stem}-passwords"
    contents = {
        folder / password_file(line): f"{line.password}\n"
        for line in imported.lines
        if line.password
    }
    contents[path] = as_toml(imported, passwords=PurePath(folder.name), source=source)
    present = [file for file in contents if os.path.lexists(file)]
    if present and not replace:
        problem = "is there already; it was left as it is (--force replaces it)"
        raise SettingsError(problem, where=str(present[-1]))
    for file, content in contents.items():
        try:
            _write(file, content)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            for made in set(contents) - set(present):
                made.unlink(missing_ok=True)
            reason = getattr(error, "strerror", None) or error
            raise SettingsError(f"cannot be written: {reason}", where=str(file)) from None
    return folder


def _write(file: Path, content: str) -> None:
    """Whoever reads it meanwhile sees the old file."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(content)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
