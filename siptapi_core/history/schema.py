"""The tables of the history, and the way to them from each version before."""

from __future__ import annotations

import sqlite3
import time

from siptapi_core.history.transaction import transaction

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE runs (
            run TEXT PRIMARY KEY,
            last_event INTEGER NOT NULL,             -- of those that the journal had so far
            forgotten INTEGER NOT NULL DEFAULT 0     -- no event before it can be asked for
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE events (
            run TEXT NOT NULL,
            id INTEGER NOT NULL,
            call TEXT,                               -- NULL: of a line, or of a call unknown here
            data TEXT NOT NULL,                      -- JSON, as siptapi_core.event_encoding has it
            PRIMARY KEY (run, id)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX events_of_call ON events (call)",
        """
        CREATE TABLE calls (                         -- by time on the disk, as they are read
            call TEXT PRIMARY KEY,
            run TEXT NOT NULL,
            line TEXT NOT NULL,
            direction TEXT NOT NULL,
            number TEXT NOT NULL,
            name TEXT NOT NULL,
            searched TEXT NOT NULL,                  -- number and name, case folded
            started REAL NOT NULL,
            strategy TEXT NOT NULL DEFAULT '',
            answered REAL,
            ended REAL,
            outcome TEXT NOT NULL DEFAULT '',
            stage TEXT,
            status INTEGER,
            reason TEXT NOT NULL DEFAULT '',
            duration REAL,
            unfinished INTEGER NOT NULL DEFAULT 0
        )
        """,
        "CREATE INDEX calls_in_order ON calls (started, call)",
        "CREATE INDEX calls_of_line ON calls (line, started, call)",
        "CREATE INDEX calls_without_end ON calls (run) WHERE ended IS NULL",
    ),
    (
        """
        CREATE TABLE messages (
            number INTEGER PRIMARY KEY,              -- the higher, the later it was kept
            call TEXT NOT NULL UNIQUE,
            line TEXT NOT NULL,
            data TEXT NOT NULL                       -- JSON: a list of TracedMessage
        )
        """,
    ),
    (  # What a call's events have as ``call``: run and id of the first; NULL: the call's own id, as
        # before. What comes one after the other is cheaper to index than what comes anywhere.
        "ALTER TABLE calls ADD COLUMN events_key TEXT",
    ),
)
"""What each version adds, in order; what was released is never changed."""


class NewerSchemaError(sqlite3.DatabaseError):
    """The database was made by a later version, which alone knows what it means."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database, new or old, to the latest version.

    Raises:
        NewerSchemaError: it is of a later one.
        sqlite3.Error: it cannot be read or written.
    """
    if _version(connection) == len(MIGRATIONS):  # mostly: then nobody has to wait for a lock
        return
    with transaction(connection):
        connection.execute(
            "CREATE TABLE IF NOT EXISTS versions (version INTEGER PRIMARY KEY, migrated REAL)"
        )
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise NewerSchemaError(f"it was made by a later version of SIPTAPI ({version})")
        for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute("INSERT INTO versions VALUES (?, ?)", (number, time.time()))


def _version(connection: sqlite3.Connection) -> int:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'versions'").fetchone()
    if known is None:
        return 0
    (version,) = connection.execute("SELECT coalesce(max(version), 0) FROM versions").fetchone()
    return int(version)
