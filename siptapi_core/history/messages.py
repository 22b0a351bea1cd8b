"""The SIP messages of calls that went wrong: what a user attaches to a support mail."""

from __future__ import annotations

import json
import sqlite3

from siptapi_core.events import CallId, TracedMessage
from siptapi_core.history.transaction import transaction
from siptapi_core.value_encoding import ValueEncoding

KEPT_CALLS = 1000
"""The latest ones; ten kilobytes each, or twenty."""
_encoding = ValueEncoding()


def keep_messages(
    connection: sqlite3.Connection, call: CallId, line: str, messages: tuple[TracedMessage, ...]
) -> None:
    """Keep the messages of ``call``, in place of those that were kept of it before.

    Raises:
        sqlite3.DatabaseError: nothing was changed.
    """
    data = json.dumps([_encoding.encode_fields(message) for message in messages])
    with transaction(connection):
        connection.execute(
            "INSERT OR REPLACE INTO messages (call, line, data) VALUES (?, ?, ?)",
            (call, line, data),
        )
        connection.execute(
            "DELETE FROM messages WHERE number <= (SELECT max(number) FROM messages) - ?",
            (KEPT_CALLS,),
        )


def messages_of(
    connection: sqlite3.Connection, call: CallId, lines: frozenset[str] | None
) -> tuple[TracedMessage, ...]:
    """The messages of ``call`` for a caller of ``lines`` (None: all); empty: none are kept.

    Raises:
        sqlite3.Error: they cannot be read.
    """
    row = connection.execute("SELECT line, data FROM messages WHERE call = ?", (call,)).fetchone()
    if row is None or not (lines is None or row["line"] in lines):
        return ()
    return tuple(
        _encoding.decode(TracedMessage, each, key="message") for each in json.loads(row["data"])
    )
