"""What is asked of the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import suppress

from siptapi_core.commands import CallDirection, CallRecord, History, ListHistory
from siptapi_core.errors import RefusedError, UsageError
from siptapi_core.event_encoding import decode_event
from siptapi_core.events import CallId, Event, EventId, Stage

MAXIMUM_LIMIT = 1000
_SELECT = (
    "SELECT call, line, direction, number, name, strategy, started, answered, ended, outcome,"
    " stage, status, reason, duration, unfinished FROM calls"
)
_STAGES = {stage.value: stage for stage in Stage}


def list_calls(
    connection: sqlite3.Connection, command: ListHistory, lines: frozenset[str] | None
) -> History:
    """Carry out `ListHistory` for a caller of ``lines`` (None: all).

    Raises:
        UsageError: ``limit`` or ``before`` cannot be.
        sqlite3.Error: it cannot be read.
    """
    if not 1 <= command.limit <= MAXIMUM_LIMIT:
        raise UsageError(f"limit: expected 1 to {MAXIMUM_LIMIT}, given {command.limit}")
    conditions = ["true"]
    values: dict[str, object] = {"limit": command.limit + 1}

    def only(condition: str, **given: object) -> None:
        if None not in given.values():
            conditions.append(condition)
            values.update(given)

    started, call = _place(command.before) if command.before is not None else (None, None)
    only("line = :line", line=command.line)
    only("line IN (SELECT value FROM json_each(:lines))", lines=_json_list(lines))
    only("direction = :direction", direction=command.direction)
    only("instr(searched, :search)", search=command.search.casefold() or None)
    only("started >= :since", since=command.since)
    only("started < :until", until=command.until)
    only("(started, call) < (:started, :call)", started=started, call=call)
    rows = connection.execute(
        f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY started DESC, call DESC LIMIT :limit",
        values,
    ).fetchall()
    calls = tuple(_record(row) for row in rows[: command.limit])
    is_all = len(rows) <= command.limit
    next_page = None if is_all else f"{calls[-1].started!r}_{calls[-1].call}"
    return History(calls=calls, next_page=next_page)


def show_call(
    connection: sqlite3.Connection, call: CallId, lines: frozenset[str] | None
) -> CallRecord:
    """Carry out `ShowCall` for a caller of ``lines`` (None: all).

    Raises:
        RefusedError: there is no such call.
        sqlite3.Error: it cannot be read.
    """
    row = connection.execute(f"{_SELECT} WHERE call = ?", (call,)).fetchone()
    if row is None or not (lines is None or row["line"] in lines):
        raise RefusedError(f"the history has no call {call!r}")
    events = connection.execute(
        "SELECT data FROM events WHERE call ="
        " (SELECT coalesce(events_key, call) FROM calls WHERE call = ?) ORDER BY run, id",
        (call,),
    )
    return _record(row, events=_events(events))


def events_after(
    connection: sqlite3.Connection, run: str, after: EventId, limit: int
) -> tuple[Event, ...]:
    """At most ``limit`` events of ``run``, those that follow ``after``.

    Raises:
        RefusedError: not all of them are kept any more.
        sqlite3.Error: they cannot be read.
    """
    known = connection.execute("SELECT forgotten FROM runs WHERE run = ?", (run,)).fetchone()
    if known is not None and after < known["forgotten"]:
        raise RefusedError(f"events up to number {known['forgotten']} are not kept any more")
    return _events(
        connection.execute(
            "SELECT data FROM events WHERE run = ? AND id > ? ORDER BY id LIMIT ?",
            (run, after, limit),
        )
    )


def _record(row: sqlite3.Row, events: tuple[Event, ...] = ()) -> CallRecord:
    return CallRecord(
        **dict(row)
        | {
            "direction": CallDirection(row["direction"]),
            "stage": _STAGES.get(row["stage"]),
            "unfinished": bool(row["unfinished"]),
            "events": events,
        }
    )


def _events(rows: Iterable[sqlite3.Row]) -> tuple[Event, ...]:
    events = []
    for row in rows:
        with suppress(UsageError):  # a later version may have told what this one has no word for
            events.append(decode_event(json.loads(row["data"])))
    return tuple(events)


def _json_list(lines: frozenset[str] | None) -> str | None:
    return None if lines is None else json.dumps(sorted(lines))


def _place(page: str) -> tuple[float, str]:
    started, separator, call = page.partition("_")
    try:
        if separator:
            return float(started), call
    except ValueError:
        pass
    raise UsageError(f"before: expected what a page before gave as next_page, given {page!r}")
