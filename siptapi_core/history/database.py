"""The database file: made, opened, brought up to date, and set aside where it is damaged."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from siptapi_core.contracts import Clock
from siptapi_core.history.health import Health
from siptapi_core.history.schema import migrate

T = TypeVar("T")

BUSY_SECONDS = 2.0
"""How long to wait for another process that writes."""
SET_ASIDE_AGAIN = 3600.0
"""Seconds: a disk that damages every file is not to be filled with them."""
STATEMENTS = 32
"""So many stay prepared: those that take over many events are all of different lengths, and take
50 KiB each."""
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY_CODE = 0xFF


class Database:
    """The file at ``path``, opened when it is needed; to be used by one thread.

    ``on_open`` is called each time that it is opened, as it may be another one. ``health`` says
    what became of a damaged one.
    """

    def __init__(
        self, path: Path, on_open: Callable[[], None], *, clock: Clock, health: Health
    ) -> None:
        self._path = path
        self._on_open = on_open
        self._clock = clock
        self._health = health
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._set_aside_at: float | None = None

    def use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do ``work``, once more on a new database where this one is found to be damaged.

        Raises:
            sqlite3.Error, OSError: it cannot be done now.
        """
        try:
            return work(self._open())
        except sqlite3.DatabaseError as error:
            if not is_damage(error) or self._did_so_lately():
                raise
            self._set_aside(error)
        return work(self._open())

    def close(self) -> None:
        """Close it; it is opened again where it is needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._is_still_there():
            return self._connection
        self.close()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):  # SQLite gives its other files the mode of this one
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._inode = self._path.stat().st_ino
        self._keep_from_others()
        self._connection = _connect(self._path)
        self._on_open()
        return self._connection

    def _keep_from_others(self) -> None:
        """A copy that was brought back may be for everybody to read; a group's right is left."""
        for suffix in ("", "-wal", "-shm"):
            file = Path(f"{self._path}{suffix}")
            with suppress(OSError):  # it is not there, or not ours
                mode = stat.S_IMODE(file.stat().st_mode)
                if mode & stat.S_IRWXO:
                    file.chmod(mode & ~stat.S_IRWXO)

    def _is_still_there(self) -> bool:
        """Whether nobody has removed it, or set it aside."""
        with suppress(FileNotFoundError):
            return self._path.stat().st_ino == self._inode
        return False

    def _did_so_lately(self) -> bool:
        now, last = self._clock.monotonic(), self._set_aside_at
        return last is not None and now - last < SET_ASIDE_AGAIN

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        self.close()
        if not self._is_still_there():
            return  # another process did
        self._set_aside_at = self._clock.monotonic()
        mark = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._clock.time()))
        aside = self._path.with_name(f"{self._path.name}.damaged-{mark}")
        self._path.replace(aside)
        for suffix in ("-wal", "-shm"):  # its last changes; they must not get into a new one
            with suppress(FileNotFoundError):
                Path(f"{self._path}{suffix}").replace(f"{aside}{suffix}")
        self._health.fail(f"the history was damaged ({error}) and begins anew; it is now {aside}")


def _connect(path: Path) -> sqlite3.Connection:
    """Open in autocommit mode.

    In WAL mode a reader and the one writer do not wait for each other, and a process that is
    killed leaves whole transactions. ``synchronous`` is FULL: a journal is removed once the
    database has it, so by then the disk must have it too, or a power cut would take both.
    """
    connection = sqlite3.connect(
        path, isolation_level=None, timeout=BUSY_SECONDS, cached_statements=STATEMENTS
    )
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether it says that the file is damaged, or no database: one that nothing mends."""
    code = getattr(error, "sqlite_errorcode", None)  # what SQLite itself did not raise has none
    return code is not None and code & _PRIMARY_CODE in _DAMAGE
