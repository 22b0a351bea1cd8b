"""Who writes the journal of a run: a lock that lasts as long as the process does.

A run is one process that records, or what one daemon after the other records as `MAIN`. Whoever
finds a run's lock free knows that its process is gone, and may bring its journal to an end.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from siptapi_core.file_lock import try_lock

_TRIES = 10


class RunLock:
    """The lock of a run, held; make one with `take`."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: str) -> RunLock | None:
        """Lock the file ``path``, which is made where it is not there; None: somebody holds it.

        Raises:
            OSError: it cannot be made or locked.
        """
        for _ in range(_TRIES):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                locked = try_lock(descriptor)
                removed = os.fstat(descriptor).st_nlink == 0  # by its holder, since we opened it
            except OSError:
                os.close(descriptor)
                raise
            if locked and not removed:
                return cls(path, descriptor)
            os.close(descriptor)
            if not removed:
                break
        return None

    def release(self, *, remove: bool) -> None:
        """Let go; ``remove`` the file, as nobody of that name comes again."""
        if sys.platform == "win32":  # an open file cannot be removed there, a locked one must not
            os.close(self._descriptor)
        if remove:
            with suppress(OSError):
                os.unlink(self._path)  # noqa: PTH108  # a Path is made for nothing else
        if sys.platform != "win32":
            os.close(self._descriptor)
