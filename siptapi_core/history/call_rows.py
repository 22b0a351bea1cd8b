"""What events mean for the rows of their calls: read at once, changed here, written at once.

Most calls begin and end between one look at the journal and the next, so a row is written once in
place of once for each event; and each statement would pass the interpreter's lock to the event loop
and back. It takes SQLite 3.24, for ON CONFLICT, with its JSON functions.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection
from operator import itemgetter
from typing import Any

from siptapi_core.events import (
    CallCorrected,
    CalleeAnswered,
    CalleeTrying,
    CallEnded,
    CallFailed,
    CallId,
    CallPlaced,
    ConversationEnded,
    Happening,
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingRinging,
    Outcome,
    PhoneCalling,
    StrategyFellBack,
)

Row = dict[str, Any]

HIGHEST = (1 << 63) - 1
"""Of the whole numbers that SQLite has."""
ANSWERED_ELSEWHERE = "answered-elsewhere"

_BEGINS: dict[type[Happening], Callable[[Row], Row]] = {
    CallPlaced: lambda event: {"direction": "outgoing", "number": event["number"], "name": ""},
    IncomingRinging: lambda event: {
        "direction": "incoming",
        "number": event["caller"],
        "name": event["caller_name"],
    },
}
_CHANGES: dict[type[Happening], Callable[[Row, Row], Row]] = {
    PhoneCalling: lambda call, event: {"strategy": event["strategy"] or call["strategy"]},
    CalleeTrying: lambda call, event: {"strategy": event["strategy"] or call["strategy"]},
    StrategyFellBack: lambda _, event: {"strategy": event["to"]},
    CalleeAnswered: lambda call, event: {"answered": _first(call["answered"], event["time"])},
    CallFailed: lambda _, event: {"status": event["status"], "reason": event["reason"]},
    CallEnded: lambda _, event: {
        "ended": event["time"],
        "outcome": event["outcome"],
        "stage": event["stage"],
    },
    CallCorrected: lambda call, event: {
        "outcome": event["outcome"],
        "answered": call["answered"] if event["outcome"] == Outcome.ANSWERED else None,
    },
    ConversationEnded: lambda call, event: {
        "ended": event["time"],
        "duration": event["duration"],
        "answered": _first(call["answered"], event["time"] - event["duration"]),
    },
    IncomingAnsweredElsewhere: lambda _, event: {
        "answered": event["time"],
        "ended": event["time"],
        "outcome": ANSWERED_ELSEWHERE,
    },
    IncomingEnded: lambda _, event: {
        "ended": event["time"],
        "outcome": event["outcome"],
        "status": event["status"],
    },
}
_BEGINNINGS = {happening.name: begin for happening, begin in _BEGINS.items()}
_CHANGING = {happening.name: change for happening, change in _CHANGES.items()}

_AT_FIRST: Row = {
    "strategy": "",
    "answered": None,
    "ended": None,
    "outcome": "",
    "stage": None,
    "status": None,
    "reason": "",
    "duration": None,
}
"""The columns that change, and what they are of a new call."""
_COLUMNS = (
    *("call", "run", "events_key", "line", "direction", "number", "name", "searched", "started"),
    *_AT_FIRST,
)
_STORABLE = (str, float, int)
_MAY_BE_NULL = frozenset(name for name, value in _AT_FIRST.items() if value is None)
_NAMES = ", ".join(_COLUMNS)
_SELECT = f"SELECT {_NAMES} FROM calls WHERE call IN (SELECT value FROM json_each(?))"  # noqa: S608
_WRITE = (
    f"INSERT INTO calls ({_NAMES}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608
    "ON CONFLICT (call) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _AT_FIRST)
)
_values = itemgetter(*_COLUMNS)


class CallRows:
    """The rows of the calls that a journal of ``run`` tells of, to be used in one transaction."""

    def __init__(self, connection: sqlite3.Connection, run: str) -> None:
        self._connection = connection
        self._run = run
        self._rows: dict[CallId | None, Row] = {}
        self._changed: dict[CallId, Row] = {}

    def find(self, calls: Collection[CallId | None]) -> None:
        """Read those of ``calls`` that there are, before `tell` hears of them.

        Raises:
            sqlite3.DatabaseError: they cannot be read.
        """
        unknown = json.dumps([call for call in calls if call not in self._rows])
        for row in self._connection.execute(_SELECT, (unknown,)):
            self._rows[row["call"]] = dict(row)

    def tell(self, event: Row) -> str | None:
        """Carry out what ``event`` means; returns what it is kept under, None: of no call here.

        Raises:
            KeyError, TypeError, OverflowError: it lacks something, or the table cannot take it.
        """
        name, call = event["event"], event["call"]
        row = self._rows.get(call)
        if row is not None:
            if (change := _CHANGING.get(name)) is not None:
                row.update(_checked(change(row, event)))
                self._changed[call] = row
        elif (begin := _BEGINNINGS.get(name)) is not None:
            row = self._rows[call] = self._changed[call] = self._new(event, begin(event))
        return None if row is None else row["events_key"] or call

    def write(self) -> None:
        """Write those that are new or changed.

        Raises:
            sqlite3.DatabaseError: they cannot be written.
        """
        self._connection.executemany(_WRITE, map(_values, self._changed.values()))

    def _new(self, event: Row, begun: Row) -> Row:
        told = begun | {
            "call": event["call"],
            "run": self._run,
            "events_key": f"{self._run}-{event['id']}",
            "line": event["line"],
            "searched": f"{begun['number']}\n{begun['name']}".casefold(),
            "started": event["time"],
        }
        return _AT_FIRST | _checked(told)


def _first(known: float | None, now: float) -> float:
    return now if known is None else known


def _checked(row: Row) -> Row:
    """What the table cannot take would take everything else with it."""
    for name, value in row.items():
        if not isinstance(value, _STORABLE) and not (value is None and name in _MAY_BE_NULL):
            raise TypeError(f"{name} cannot be {value!r}")
        if isinstance(value, int) and not -HIGHEST - 1 <= value <= HIGHEST:
            raise OverflowError(f"{name} cannot be {value}")
    return row
