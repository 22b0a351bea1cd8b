"""Folders and files that only their user can open."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from siptapi_core.errors import NetworkError
from siptapi_core.private_file import write_private_file
from siptapi_core.settings.exposure import readable_by_others


def make_folder(path: Path) -> None:
    """Make a folder that only the user can look into, or take care that it is one.

    On Windows a folder has the access rights of the one around it; the user's own is the user's.

    Raises:
        NetworkError: it cannot be made, or is somebody else's.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32":
            found, user = path.stat(), os.geteuid()
            # systemd's DynamicUser= puts a link of root's in its place (systemd.exec(5)).
            if found.st_uid != user or path.lstat().st_uid not in {user, 0}:
                raise NetworkError(f"the folder {path} belongs to another user")
            if stat.S_IMODE(found.st_mode) & 0o077:
                path.chmod(0o700)
    except OSError as error:
        raise NetworkError(f"the folder {path} cannot be made: {error.strerror}") from None


def write_private(path: Path, text: str) -> None:
    """Write a file that only the user can read; whoever reads it meanwhile sees the old one.

    Raises:
        NetworkError: it cannot be written, or every user of the computer could read it.
    """
    make_folder(path.parent)
    try:
        write_private_file(path, text)
        if readable_by_others(path):
            path.unlink()
            raise NetworkError(f"every user of this computer could read {path}")
    except OSError as error:
        raise NetworkError(f"{path} cannot be written: {error.strerror}") from None
