"""An import on disk: the settings file, and beside it a folder with a file for each password."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from siptapi_core.errors import SettingsError
from siptapi_core.private_file import write_private_file
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
            write_private_file(file, content)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            for made in set(contents) - set(present):
                made.unlink(missing_ok=True)
            reason = getattr(error, "strerror", None) or error
            raise SettingsError(f"cannot be written: {reason}", where=str(file)) from None
    return folder
