"""What the journals say becomes rows: every event, and what it means for its call.

Lines come in the order of their ids, so the id of the last that was taken over says of each
whether it was: the same journal may be read any number of times, by several processes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import chain
from json import JSONDecoder
from typing import Any

from siptapi_core.events import (
    CallCorrected,
    CalleeAnswered,
    CalleeTrying,
    CallEnded,
    CallFailed,
    CallPlaced,
    ConversationEnded,
    EventId,
    Happening,
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingRinging,
    PhoneCalling,
    StrategyFellBack,
)
from siptapi_core.history.transaction import transaction

ANSWERED_ELSEWHERE = "answered-elsewhere"

_INSERT_CALL = (
    "INSERT OR IGNORE INTO calls (call, run, line, direction, number, name, searched, started)"
    " VALUES (:call, :run, :line,"
)
_BEGINS: dict[type[Happening], str] = {
    CallPlaced: f"{_INSERT_CALL} 'outgoing', :number, '', :searched, :time)",
    IncomingRinging: f"{_INSERT_CALL} 'incoming', :caller, :caller_name, :searched, :time)",
}
_CHANGES: dict[type[Happening], str] = {
    PhoneCalling: "strategy = :strategy",
    CalleeTrying: "strategy = :strategy",
    StrategyFellBack: "strategy = :to",
    CalleeAnswered: "answered = coalesce(answered, :time)",
    CallFailed: "status = :status, reason = :reason",
    CallEnded: "ended = :time, outcome = :outcome, stage = :stage",
    CallCorrected: (
        "outcome = :outcome, answered = CASE :outcome WHEN 'answered' THEN answered END"
    ),
    ConversationEnded: (
        "ended = :time, duration = :duration, answered = coalesce(answered, :time - :duration)"
    ),
    IncomingAnsweredElsewhere: (
        f"answered = :time, ended = :time, outcome = '{ANSWERED_ELSEWHERE}'"
    ),
    IncomingEnded: "ended = :time, outcome = :outcome, status = :status",
}
_BEGINNINGS = {happening.name: statement for happening, statement in _BEGINS.items()}
_UPDATES = {
    happening.name: f"UPDATE calls SET {changes} WHERE call = :call"  # noqa: S608  # those above
    for happening, changes in _CHANGES.items()
}
_INSERT_EVENTS = "INSERT INTO events (run, id, call, data) VALUES "
_EVENT = "(?, ?, ?, ?)"
EVENTS_AT_ONCE = 200
"""Rows that one statement inserts: each statement passes the interpreter's lock from this thread to
the event loop and back. SQLite before 3.32 takes 999 values."""
_HIGHEST = (1 << 63) - 1
_decoder = JSONDecoder()

_UNREADABLE = (
    *(ValueError, KeyError, TypeError, OverflowError),
    *(
        sqlite3.InterfaceError,
        sqlite3.ProgrammingError,
    ),  # what SQLite says of values it cannot take
)


def insert_lines(connection: sqlite3.Connection, run: str, lines: Iterable[bytes]) -> int:
    """Take over those lines of a run's journal that were not yet; returns how many are none.

    Raises:
        sqlite3.DatabaseError: nothing was taken over.
    """
    unreadable = 0
    rows: list[tuple[str, int, str | None, str]] = []
    known: dict[str | None, str | None] = {None: None}  # by call: itself, None where it had no row
    with transaction(connection):
        last = before = last_event(connection, run)
        for line in lines:
            try:
                text = line.decode("ascii")
                fields = _fields(text)
                if fields["id"] <= last:
                    continue
                call = fields["call"]
                if _tell_call(connection, run, fields):
                    known[call] = call
                elif call not in known:
                    known[call] = call if _is_known(connection, call) else None
            except _UNREADABLE:
                unreadable += 1
            else:
                last = fields["id"]
                rows.append((run, last, known[call], text))
        for begin in range(0, len(rows), EVENTS_AT_ONCE):
            some = rows[begin : begin + EVENTS_AT_ONCE]
            statement = _INSERT_EVENTS + ", ".join([_EVENT] * len(some))
            connection.execute(statement, tuple(chain.from_iterable(some)))
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


def _is_known(connection: sqlite3.Connection, call: str) -> bool:
    known = connection.execute("SELECT 1 FROM calls WHERE call = ?", (call,))
    return known.fetchone() is not None


def _fields(text: str) -> dict[str, Any]:
    """What SQLite can take of a line."""
    fields, end = _decoder.raw_decode(text)
    if type(fields) is not dict or end < len(text) or type(fields["id"]) is not int:
        raise TypeError("it is no event")
    if fields["id"] > _HIGHEST or not isinstance(fields.setdefault("call", None), str | None):
        raise TypeError("it is no event that the database can take")
    if "\\u" in text:  # else there is nothing but ASCII in it
        return {name: _storable(value) for name, value in fields.items()}
    return fields


def _storable(value: object) -> object:
    """A surrogate by itself, which a name may have from a broken SIP message, is no UTF-8."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value


def _tell_call(connection: sqlite3.Connection, run: str, fields: dict[str, Any]) -> bool:
    """Carry out what the event means for its call; returns whether it made a row."""
    name = fields["event"]
    statement = _BEGINNINGS.get(name)
    if statement is not None:
        number = fields.get("number") or fields.get("caller") or ""
        searched = f"{number}\n{fields.get('caller_name') or ''}".casefold()
        made = connection.execute(statement, fields | {"run": run, "searched": searched})
        return made.rowcount == 1
    if (statement := _UPDATES.get(name)) is not None and fields.get("strategy") != "":
        connection.execute(statement, fields)
    return False
