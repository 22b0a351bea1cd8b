"""A file that only its user can read, written at once or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_private_file(path: Path, text: str) -> None:
    """Write ``text``; whoever reads the file meanwhile sees the old one, or none.

    Folders that are not there yet are made, for the user alone too. A link is followed. On Windows
    a file has the access rights of its folder.

    Raises:
        OSError: it cannot be written; the old file is as it was.
        ValueError: there is a NUL in the path.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)  # of a process that had this number, and was killed
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
