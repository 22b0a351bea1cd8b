"""What is too old, or too much, is removed: a little at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection

from siptapi_core.history.journal import MAIN
from siptapi_core.history.transaction import transaction

CALLS_AT_ONCE = 500
EVENTS_AT_ONCE = 5_000
OTHER_EVENTS = 100_000
"""Events of no call here, those of lines, are kept for listeners who lost the connection."""
_DAY = 24 * 3600.0

_TOO_OLD = "started < :since"
_TOO_MANY = (
    "(started, call) <= ("
    "SELECT started, call FROM calls ORDER BY started DESC, call DESC LIMIT 1 OFFSET :keep_calls)"
)
_THESE = "call IN (SELECT value FROM json_each(?))"
_OF_NO_CALL = (
    "(run, id) IN (SELECT run, id FROM events WHERE call IS NULL ORDER BY run, id LIMIT ?)"
)


def forget(
    connection: sqlite3.Connection,
    *,
    now: float,
    keep_days: int,
    keep_calls: int,
    running: Collection[str],
) -> bool:
    """Remove calls that are not to be kept, with their events; returns whether there may be more.

    A call in progress is kept, whatever its age. 0 means no limit; ``running`` are the runs that
    have a journal.

    Raises:
        sqlite3.DatabaseError: nothing was removed.
    """
    conditions = [_TOO_OLD] * bool(keep_days) + [_TOO_MANY] * bool(keep_calls)
    values = {"since": now - keep_days * _DAY, "keep_calls": keep_calls, "limit": CALLS_AT_ONCE}
    with transaction(connection):
        found = connection.execute(
            "SELECT call, run, coalesce(events_key, call) AS events_key FROM calls"  # noqa: S608
            " WHERE (ended IS NOT NULL OR unfinished)"
            f" AND ({' OR '.join(conditions) or 'false'}) ORDER BY started, call LIMIT :limit",
            values,
        ).fetchall()
        calls = json.dumps([row["call"] for row in found])
        _remove_events(connection, _THESE, json.dumps([row["events_key"] for row in found]))
        connection.execute(f"DELETE FROM calls WHERE {_THESE}", (calls,))  # noqa: S608
        connection.execute(f"DELETE FROM messages WHERE {_THESE}", (calls,))  # noqa: S608
        for run in {row["run"] for row in found} - {MAIN, *running}:
            connection.execute(
                "DELETE FROM runs WHERE run = :run"
                " AND NOT EXISTS (SELECT 1 FROM events WHERE run = :run)",
                {"run": run},
            )
        (others,) = connection.execute("SELECT count(*) FROM events WHERE call IS NULL").fetchone()
        surplus = min(max(others - OTHER_EVENTS, 0), EVENTS_AT_ONCE)
        _remove_events(connection, _OF_NO_CALL, surplus)
    return len(found) == CALLS_AT_ONCE or surplus == EVENTS_AT_ONCE


def _remove_events(connection: sqlite3.Connection, which: str, value: object) -> None:
    """Remove events, and remember of each run which can be asked for no more."""
    highest = connection.execute(
        f"SELECT run, max(id) AS id FROM events WHERE {which} GROUP BY run",  # noqa: S608
        (value,),
    ).fetchall()
    connection.executemany(
        "UPDATE runs SET forgotten = max(forgotten, :id) WHERE run = :run", map(dict, highest)
    )
    connection.execute(f"DELETE FROM events WHERE {which}", (value,))  # noqa: S608
