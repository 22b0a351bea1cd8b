"""One daemon a user: a lock on a file, which the system takes back however the daemon ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from siptapi_core.control.private_files import make_folder
from siptapi_core.errors import NetworkError, RefusedError
from siptapi_core.file_lock import try_lock


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
        if not try_lock(descriptor):
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            raise RefusedError(f"the daemon of this user runs already (process {holder})")
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
