"""What the journals say becomes rows: every event, and what it means for its call.

Lines come in the order of their ids, so the id of the last that was taken over says of each
whether it was: the same journal may be read any number of times, by several processes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from json import JSONDecoder
from math import inf
from typing import Any

from siptapi_core.events import EventId
from siptapi_core.history.call_rows import HIGHEST, CallRows
from siptapi_core.history.transaction import transaction

_INSERT_EVENTS = "INSERT INTO events (run, id, call, data) VALUES "
_EVENT = "(?, ?, ?, ?)"
EVENTS_AT_ONCE = 100
"""So many lines are read, and inserted by one statement: while it runs, the event loop gets the
interpreter's lock, for which it has then waited half a millisecond. SQLite before 3.32 takes 999
values.
"""
_CONSTANTS = {"NaN": None, "Infinity": inf, "-Infinity": -inf}  # SQLite has no NaN
_decoder = JSONDecoder(parse_constant=_CONSTANTS.__getitem__)
_TEXT_OR_NONE = (str, type(None))
_UNREADABLE = (ValueError, KeyError, TypeError, OverflowError)


def insert_lines(connection: sqlite3.Connection, run: str, lines: Sequence[bytes]) -> int:
    """Take over those lines of a run's journal that were not yet; returns how many are none.

    Raises:
        sqlite3.DatabaseError: nothing was taken over.
    """
    unreadable = 0
    with transaction(connection):
        last = before = last_event(connection, run)
        calls = CallRows(connection, run)
        for begin in range(0, len(lines), EVENTS_AT_ONCE):
            some = lines[begin : begin + EVENTS_AT_ONCE]
            told = _read(some)
            unreadable += len(some) - len(told)
            calls.find({event["call"] for event, _ in told})
            rows: list[tuple[str, EventId, str | None, str]] = []
            for event, text in told:
                if event["id"] <= last:
                    continue
                try:
                    rows.append((run, event["id"], calls.tell(event), text))
                except _UNREADABLE:
                    unreadable += 1
                else:
                    last = event["id"]
            if rows:
                statement = _INSERT_EVENTS + ", ".join([_EVENT] * len(rows))
                connection.execute(statement, tuple(chain.from_iterable(rows)))
        calls.write()
        if last > before:
            connection.execute(
                "INSERT INTO runs (run, last_event) VALUES (?, ?)"
                " ON CONFLICT DO UPDATE SET last_event = excluded.last_event",
                (run, last),
            )
    return unreadable


def last_event(connection: sqlite3.Connection, run: str) -> EventId:
    """The id of the last event that was taken over of ``run``; 0: none was.

    Raises:
        sqlite3.DatabaseError: it cannot be read.
    """
    row = connection.execute("SELECT last_event FROM runs WHERE run = ?", (run,)).fetchone()
    return 0 if row is None else int(row["last_event"])


def end_calls(connection: sqlite3.Connection, run: str) -> None:
    """The process of ``run`` is gone: what it left without an end will have none.

    Raises:
        sqlite3.DatabaseError: as `insert_lines`.
    """
    with transaction(connection):
        connection.execute(
            "UPDATE calls SET unfinished = 1 WHERE run = ? AND ended IS NULL", (run,)
        )


def _read(lines: Iterable[bytes]) -> list[tuple[dict[str, Any], str]]:
    """Those that are events, each with its text."""
    told = []
    for line in lines:
        try:
            text = line.decode("ascii")
            told.append((_fields(text), text))
        except _UNREADABLE:
            continue
    return told


def _fields(text: str) -> dict[str, Any]:
    """What SQLite can take of a line."""
    fields, end = _decoder.raw_decode(text)
    if type(fields) is not dict or end < len(text) or type(fields["id"]) is not int:
        raise TypeError("it is no event")
    if fields["id"] > HIGHEST or not isinstance(fields.setdefault("call", None), _TEXT_OR_NONE):
        raise TypeError("it is no event that the database can take")
    if "\\u" in text:  # else there is nothing but ASCII in it
        return {name: _storable(value) for name, value in fields.items()}
    return fields


def _storable(value: object) -> object:
    """A surrogate by itself, which a name may have from a broken SIP message, is no UTF-8."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value
