"""One daemon a user: a lock on a file, which the system takes back however the daemon ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from siptapi_core.control.private_files import make_folder
from siptapi_core.errors import NetworkError, RefusedError

_LOCKED_BYTE = 4096
"""Behind the text, because on Windows nobody else can read what is locked."""


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock on the file ``path``, which says meanwhile which process does.

    Raises:
        RefusedError: another process holds it.
        NetworkError: the file cannot be made.
    """
    make_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise NetworkError(f"{path} cannot be opened: {error.strerror}") from None
    try:
        if not _lock(descriptor):
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            raise RefusedError(f"the daemon of this user runs already (process {holder})")
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
