"""All of it or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write in one transaction; the connection must be in autocommit mode.

    The lock for writing is taken first: a transaction that begins with reading could find, when it
    wants to write, that another process did.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some errors of SQLite have ended it
            connection.execute("ROLLBACK")
        raise
