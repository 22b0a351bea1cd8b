"""What is found, by whom, in which order; page by page is in test_history_of_any_events."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from history_bench import ANSWERED, BEGAN, in_memory, of_call, of_line

from siptapi_core.commands import CallDirection, ListHistory
from siptapi_core.errors import RefusedError, UsageError
from siptapi_core.events import (
    CallEvent,
    CallFailed,
    CallPlaced,
    IncomingAnsweredElsewhere,
    IncomingRinging,
    LineAdded,
    LineRemoved,
    Stage,
)
from siptapi_core.history.journal_line import line_of
from siptapi_core.history.queries import events_after, list_calls, show_call
from siptapi_core.history.taking_over import insert_lines

CALLS = [
    # call, line, seconds after BEGAN, happening
    ("c1", "office", 0, CallPlaced("+431505641", "sip:+431505641@x", "cli")),
    ("c2", "office", 10, IncomingRinging("+4930123456", "200", "Jörg Müller")),
    ("c3", "home", 20, CallPlaced("sip:Bob_100%@x.example", "sip:Bob_100%@x.example", "cli")),
    ("c4", "home", 20, IncomingRinging("", "200")),
]


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with in_memory() as connection:
        events = [
            CallEvent(number, call, line, BEGAN + seconds, happening)
            for number, (call, line, seconds, happening) in enumerate(CALLS, start=1)
        ]
        insert(connection, events)
        yield connection


def insert(connection: sqlite3.Connection, events: object, run: str = "main") -> None:
    assert insert_lines(connection, run, [line_of(event)[:-1] for event in events]) == 0


EVERYBODY = None
HOME = frozenset({"home", "cabin"})


@pytest.mark.parametrize(
    ("wanted", "lines", "found"),
    [
        ({}, EVERYBODY, "c4 c3 c2 c1"),
        ({}, HOME, "c4 c3"),
        ({}, frozenset(), ""),
        ({"line": "office"}, EVERYBODY, "c2 c1"),
        ({"line": "office"}, HOME, ""),
        ({"line": "nowhere"}, EVERYBODY, ""),
        ({"direction": CallDirection.INCOMING}, EVERYBODY, "c4 c2"),
        ({"direction": CallDirection.OUTGOING, "line": "home"}, HOME, "c3"),
        ({"since": BEGAN + 10}, EVERYBODY, "c4 c3 c2"),
        ({"until": BEGAN + 10}, EVERYBODY, "c1"),
        ({"since": BEGAN, "until": BEGAN + 20}, EVERYBODY, "c2 c1"),
        ({"search": "505"}, EVERYBODY, "c1"),
        ({"search": "+43"}, EVERYBODY, "c1"),
        ({"search": "jÖRG"}, EVERYBODY, "c2"),
        ({"search": "müller"}, HOME, ""),
        ({"search": "100%"}, EVERYBODY, "c3"),
        ({"search": "B_b"}, EVERYBODY, ""),
        ({"search": "%"}, EVERYBODY, "c3"),
        ({"search": "BOB_"}, EVERYBODY, "c3"),
        ({"search": ""}, EVERYBODY, "c4 c3 c2 c1"),
        ({"limit": 2}, EVERYBODY, "c4 c3"),
    ],
)
def test_what_is_found(
    connection: sqlite3.Connection,
    wanted: dict[str, object],
    lines: frozenset[str] | None,
    found: str,
) -> None:
    history = list_calls(connection, ListHistory(**wanted), lines)  # type: ignore[arg-type]
    assert " ".join(each.call for each in history.calls) == found
    assert (history.next_page is not None) is ("limit" in wanted)


def test_a_page_goes_on_where_the_one_before_ended_with_the_same_wishes(
    connection: sqlite3.Connection,
) -> None:
    first = list_calls(connection, ListHistory(line="home", limit=1), None)
    insert(connection, of_call(ANSWERED, call="new", line="home", first=100))
    second = list_calls(connection, ListHistory(line="home", limit=1, before=first.next_page), None)
    assert [each.call for each in (*first.calls, *second.calls)] == ["c4", "c3"]
    assert second.next_page is None


@pytest.mark.parametrize("page", ["", "c1", "yesterday_c1", "_c1"])
def test_a_page_that_is_none(connection: sqlite3.Connection, page: str) -> None:
    with pytest.raises(UsageError, match="before: expected what a page before gave"):
        list_calls(connection, ListHistory(before=page), None)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_that_cannot_be(connection: sqlite3.Connection, limit: int) -> None:
    with pytest.raises(UsageError, match=f"limit: expected 1 to 1000, given {limit}"):
        list_calls(connection, ListHistory(limit=limit), None)


def test_a_listed_call_has_no_events_a_shown_one_has_all_of_its_own(
    connection: sqlite3.Connection,
) -> None:
    later = CallEvent(9, "c2", "office", BEGAN + 15, IncomingAnsweredElsewhere())
    insert(
        connection, [CallEvent(8, "c1", "office", BEGAN, CallFailed(Stage.PHONE, 486, "")), later]
    )
    [listed] = list_calls(connection, ListHistory(search="jörg"), None).calls
    assert listed.events == ()
    shown = show_call(connection, "c2", None)
    assert [event.id for event in shown.events] == [2, 9]
    assert shown.evolve(events=()) == listed
    assert shown.outcome == "answered-elsewhere"


def test_another_ones_call_is_none(connection: sqlite3.Connection) -> None:
    assert show_call(connection, "c3", HOME).line == "home"
    for call, lines in (("c1", HOME), ("c9", None), ("c1", frozenset())):
        with pytest.raises(RefusedError, match=f"the history has no call '{call}'"):
            show_call(connection, call, lines)


def test_what_this_version_does_not_know_is_left_out(connection: sqlite3.Connection) -> None:
    later = b'{"id":9,"event":"call_parked","call":"c1","line":"office","time":1.0,"at":"7"}'
    insert_lines(connection, "main", [later])
    connection.execute("UPDATE calls SET stage = 'parked' WHERE call = 'c1'")
    shown = show_call(connection, "c1", None)
    assert [event.id for event in shown.events] == [1]
    assert shown.stage is None


def test_events_are_told_again_from_where_a_listener_left(connection: sqlite3.Connection) -> None:
    insert(connection, [of_line(LineAdded(), id_=7), of_line(LineRemoved(), id_=8)])
    insert(connection, of_call(ANSWERED, call="c7", first=50), "f00")
    assert [event.id for event in events_after(connection, "main", 2, 3)] == [3, 4, 7]
    assert [event.id for event in events_after(connection, "main", 7, 100)] == [8]
    assert events_after(connection, "main", 8, 100) == ()
    assert events_after(connection, "nobody", 0, 100) == ()


def test_events_that_are_not_kept_are_refused_not_passed_over(
    connection: sqlite3.Connection,
) -> None:
    connection.execute("UPDATE runs SET forgotten = 2")
    assert [event.id for event in events_after(connection, "main", 2, 1)] == [3]
    with pytest.raises(RefusedError, match="events up to number 2 are not kept any more"):
        events_after(connection, "main", 1, 1)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (ListHistory(), "calls_in_order"),
        (ListHistory(before="1700000000.0_c1"), "calls_in_order"),
        (ListHistory(line="office"), "calls_of_line"),
    ],
)
def test_a_list_is_read_from_an_index_not_sorted(
    connection: sqlite3.Connection, wanted: ListHistory, index: str
) -> None:
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    list_calls(connection, wanted, None)
    connection.set_trace_callback(None)
    [plan] = connection.execute(f"EXPLAIN QUERY PLAN {asked[-1]}").fetchall()
    assert f"USING INDEX {index}" in plan["detail"]
