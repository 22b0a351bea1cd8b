"""Writes events down before anybody is told of them.

One `os.write` an event: what the system has taken, it keeps when the process is killed in the
next instant. A journal is a folder with these files, of which each process writes its own::

    RUN.lock        held by the process that writes (`siptapi_core.history.run_lock`)
    RUN-1.jsonl     full; removed as soon as the database has it
    RUN-2.jsonl     the one that is written; only ever appended to

A file that cannot be written keeps no call from being made: what is to be written waits in memory.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from siptapi_core.events import Event
from siptapi_core.history.health import Health
from siptapi_core.history.journal_line import line_of
from siptapi_core.history.run_lock import RunLock

MAIN = "main"
"""The run of the daemon, and of each after it: the ids of its events go on after a restart."""
FILE_BYTES = 1 << 20
MAXIMUM_FILES = 64
"""More wait for the database only when that fails for long: then the oldest are lost."""
WAITING_BYTES = 1 << 20
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Journal:
    """The journal of ``run`` in ``folder``; no file is touched before the first event.

    ``lock`` is that of the run, where it is held already.
    """

    def __init__(
        self, folder: str, run: str, health: Health, *, lock: RunLock | None = None
    ) -> None:
        self.run = run
        self.number = 0
        """That of the file which is written; those before it are complete."""
        self._folder = folder
        self._health = health
        self._lock = lock
        self._descriptor: int | None = None
        self._size = 0
        self._waiting = bytearray()
        self._why_waiting = f"calls cannot be written down in {folder}"
        self._is_losing = False
        self._closed = False

    @property
    def is_behind(self) -> bool:
        """Whether something waits in memory to be written."""
        return bool(self._waiting)

    def write(self, event: Event) -> None:
        """Write one event down; what the system refuses is tried again by `flush`."""
        if self._closed:
            self._health.fail("an event came after the history was closed")
            return
        line = line_of(event)
        if self._waiting:
            self._wait(line)
            return
        try:
            if self._descriptor is None or self._size >= FILE_BYTES:
                self._begin_file()
            written = os.write(self._descriptor, line)  # type: ignore[arg-type]  # it is begun
        except OSError as error:
            self._fail(error)
            self._wait(line)
        else:
            self._size += written
            self._waiting += line[written:]

    def flush(self) -> None:
        """Try again to write what waits."""
        try:
            if self._waiting and self._descriptor is None:
                self._begin_file()
            while self._waiting:
                written = os.write(self._descriptor, self._waiting)  # type: ignore[arg-type]
                self._size += written
                del self._waiting[:written]
        except OSError as error:
            self._fail(error)
        else:
            self._is_losing = False
            self._health.recover()

    def close(self) -> RunLock | None:
        """Write no more; returns the lock of the run, if it was ever taken."""
        self.flush()
        self._closed = True
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        return self._lock

    def _begin_file(self) -> None:
        with suppress(FileExistsError):
            os.makedirs(self._folder, 0o700)  # noqa: PTH103  # a Path costs more than all of this
        if self._lock is None:
            self._lock = RunLock.take(os.path.join(self._folder, f"{self.run}.lock"))  # noqa: PTH118
            if self._lock is None:  # somebody is about to remove it, thinking that we are gone
                raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))
        descriptor = os.open(self._path(self.number + 1), _FLAGS, 0o600)
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self._size = descriptor, 0
        self.number += 1
        oldest = self.number - MAXIMUM_FILES
        with suppress(OSError):  # mostly it is not there
            os.unlink(self._path(oldest))  # noqa: PTH108  # as above

    def _path(self, number: int) -> str:
        return os.path.join(self._folder, f"{self.run}-{number}.jsonl")  # noqa: PTH118  # as above

    def _wait(self, line: bytes) -> None:
        if len(self._waiting) + len(line) <= WAITING_BYTES:
            self._waiting += line
        else:
            self._is_losing = True
            self._say()

    def _fail(self, error: OSError) -> None:
        self._why_waiting = f"calls cannot be written down in {self._folder}: {error.strerror}"
        self._say()

    def _say(self) -> None:
        self._health.fail(self._why_waiting + "; events are lost" * self._is_losing)
