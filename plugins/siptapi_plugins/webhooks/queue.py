"""Deliveries that wait, on disk: a restart loses none, and there are never more than the limit.

A damaged file is set aside, and a new one begun.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from siptapi_core.history.database import is_damage


class Delivery(NamedTuple):
    """What is to be sent: ``id`` is the same each time that it is tried."""

    number: int
    id: str
    body: str


class DeliveryQueue:
    """The queue of one target, in ``file``. Any thread may use it."""

    def __init__(self, file: Path, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self.set_aside: Path | None = None
        """Where a damaged file is now; what waited in it is not sent."""
        try:
            self._database = _open(file)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self.set_aside = _set_aside(file)
            self._database = _open(file)

    def put(self, id_: str, body: str) -> int:
        """Add a delivery at the end; returns how many of the oldest had to go for it."""
        with self._lock:
            self._database.execute("INSERT INTO deliveries (id, body) VALUES (?, ?)", (id_, body))
            (waiting,) = self._database.execute("SELECT count(*) FROM deliveries").fetchone()
            dropped = max(int(waiting) - self._limit, 0)
            if dropped:
                self._database.execute(
                    "DELETE FROM deliveries WHERE number IN"
                    " (SELECT number FROM deliveries ORDER BY number LIMIT ?)",
                    (dropped,),
                )
            return dropped

    def first(self) -> Delivery | None:
        """The oldest; None: nothing waits."""
        with self._lock:
            row = self._database.execute(
                "SELECT number, id, body FROM deliveries ORDER BY number LIMIT 1"
            ).fetchone()
        return None if row is None else Delivery(*row)

    def remove(self, delivery: Delivery) -> None:
        """It needs no other try. Harmless where it had to go meanwhile."""
        with self._lock:
            self._database.execute("DELETE FROM deliveries WHERE number = ?", (delivery.number,))

    def __len__(self) -> int:
        """How many wait."""
        with self._lock:
            (waiting,) = self._database.execute("SELECT count(*) FROM deliveries").fetchone()
        return int(waiting)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


def _open(file: Path) -> sqlite3.Connection:
    with suppress(FileExistsError):  # SQLite gives its other files the mode of this one
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS deliveries"
            " (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, body TEXT NOT NULL)"
        )
        database.execute("SELECT body FROM deliveries ORDER BY number LIMIT 1").fetchone()
    except BaseException:
        database.close()
        raise
    return database


def _set_aside(file: Path) -> Path:
    """Move a damaged database out of the way, in place of the one before."""
    aside = file.with_name(f"{file.name}.damaged")
    file.replace(aside)
    for suffix in ("-wal", "-shm"):  # its last changes; they must not get into a new one
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    return aside
