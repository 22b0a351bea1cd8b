"""From lines of a journal to rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from any_events import HAPPENINGS
from history_bench import ANSWERED, BEGAN, in_memory, of_call, of_line
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.events import (
    CallCorrected,
    CalleeAnswered,
    CalleeTrying,
    CallEnded,
    CallEvent,
    CallFailed,
    CallPlaced,
    ConversationEnded,
    Happening,
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingOutcome,
    IncomingRinging,
    LineAdded,
    Outcome,
    PhoneCalling,
    PhoneRinging,
    Reporter,
    Stage,
    StrategyFellBack,
)
from siptapi_core.history import taking_over
from siptapi_core.history.journal_files import journal_files, read_lines
from siptapi_core.history.journal_line import line_of
from siptapi_core.history.queries import show_call
from siptapi_core.history.taking_over import EVENTS_AT_ONCE, end_calls, insert_lines


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with in_memory() as connection:
        yield connection


def insert(connection: sqlite3.Connection, events: Any, run: str = "main") -> int:
    return insert_lines(connection, run, [line_of(event)[:-1] for event in events])


def everything(connection: sqlite3.Connection) -> dict[str, list[dict[str, Any]]]:
    return {
        table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
        for table in ("runs", "events", "calls")
    }


def ids_of(connection: sqlite3.Connection, call: str) -> list[int]:
    """Of those events that are kept under it."""
    return [event.id for event in show_call(connection, call, None).events]


def call_after(connection: sqlite3.Connection, happenings: tuple[Happening, ...]) -> dict[str, Any]:
    """What its row has that not every call has."""
    assert insert(connection, of_call(happenings)) == 0
    [row] = everything(connection)["calls"]
    assert row["started"] == BEGAN + 1
    usual = {"call", "run", "line", "started", "searched", "events_key"}
    nothing = {"name": "", "strategy": "", "outcome": "", "reason": "", "unfinished": 0}
    return {
        name: value
        for name, value in row.items()
        if name not in usual and value != nothing.get(name)
    }


PLACED = CallPlaced("+431505641", "sip:+431505641@example.com", "cli")
OUTGOING = {"direction": "outgoing", "number": "+431505641"}
RINGING = IncomingRinging("+4312", "200", "Jörg")
INCOMING = {"direction": "incoming", "number": "+4312", "name": "Jörg"}
BY_US = CalleeTrying("reverse", Reporter.SIPTAPI)
ENDED = {"ended": BEGAN + 2}
OFTEN = (
    CalleeAnswered(),
    CallCorrected(Outcome.ANSWERED),
    CallCorrected(Outcome.BUSY),
    ConversationEnded(0.5),
)
"""They mean something else where the callee has answered."""


@pytest.mark.parametrize(
    ("happenings", "row"),
    [
        ((PLACED,), OUTGOING),
        ((PLACED, PhoneCalling("a")), OUTGOING | {"strategy": "a"}),
        ((PLACED, BY_US, CalleeTrying(), PhoneCalling()), OUTGOING | {"strategy": "reverse"}),
        ((PLACED, PhoneCalling("a"), StrategyFellBack("a", "b", "403")), {"strategy": "b"}),
        ((PLACED, CalleeAnswered(), CalleeAnswered()), {"answered": BEGAN + 2}),
        (
            (PLACED, CallEnded(Outcome.BUSY, Stage.PHONE)),
            ENDED | {"outcome": "busy", "stage": "phone"},
        ),
        (
            (PLACED, CallFailed(Stage.PROXY, 403, "No"), CallFailed(Stage.CALLEE, 486, "Busy")),
            {"status": 486, "reason": "Busy"},
        ),
        ((PLACED, CallFailed(Stage.PROXY, None, "no answer")), {"reason": "no answer"}),
        (
            (PLACED, CalleeAnswered(), CallCorrected(Outcome.NO_ANSWER)),
            {"outcome": "no-answer"},
        ),
        (
            (PLACED, CalleeAnswered(), CallCorrected(Outcome.ANSWERED)),
            {"outcome": "answered", "answered": BEGAN + 2},
        ),
        (
            (PLACED, CallEnded(Outcome.UNKNOWN, Stage.CALLEE), ConversationEnded(0.5)),
            {"ended": BEGAN + 3, "outcome": "unknown", "stage": "callee"}
            | {"answered": BEGAN + 2.5, "duration": 0.5},
        ),
        (
            (PLACED, CalleeAnswered(), ConversationEnded(0.5)),
            {"ended": BEGAN + 3, "answered": BEGAN + 2, "duration": 0.5},
        ),
        ((RINGING,), INCOMING),
        (
            (RINGING, IncomingAnsweredElsewhere()),
            ENDED | {"answered": BEGAN + 2, "outcome": "answered-elsewhere"},
        ),
        ((RINGING, IncomingEnded(IncomingOutcome.MISSED)), ENDED | {"outcome": "missed"}),
        (
            (RINGING, IncomingEnded(IncomingOutcome.BUSY, 486)),
            ENDED | {"outcome": "busy", "status": 486},
        ),
        ((PLACED, PhoneRinging(), PLACED, RINGING), OUTGOING),
    ],
)
def test_what_a_call_is_after_what_happened(
    connection: sqlite3.Connection, happenings: tuple[Happening, ...], row: dict[str, Any]
) -> None:
    begun = INCOMING if isinstance(happenings[0], IncomingRinging) else OUTGOING
    assert call_after(connection, happenings) == begun | row


def test_every_event_is_kept_under_its_call(connection: sqlite3.Connection) -> None:
    events = of_call(ANSWERED)
    line = of_line(LineAdded(), id_=5)
    orphan = CallEvent(6, "c9", "office", 1.0, CalleeAnswered())
    insert(connection, [*events, line, orphan])
    rows = everything(connection)["events"]
    assert [row["id"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row["id"] for row in rows if row["call"] is None] == [5, 6]
    assert ids_of(connection, "c1") == [1, 2, 3, 4]
    assert [row["data"].encode() + b"\n" for row in rows] == [
        line_of(event) for event in [*events, line, orphan]
    ]


def test_a_call_goes_on_however_many_events_come_between(connection: sqlite3.Connection) -> None:
    insert(connection, of_call(ANSWERED[:2]))
    between = [of_line(LineAdded(), id_=number) for number in range(3, 2 * EVENTS_AT_ONCE)]
    insert(connection, [*between, *of_call(ANSWERED[2:], first=2 * EVENTS_AT_ONCE)])
    rows = everything(connection)["events"]
    assert [row["id"] for row in rows] == list(range(1, 2 * EVENTS_AT_ONCE + len(ANSWERED) - 2))
    assert ids_of(connection, "c1") == [
        *(1, 2),
        *range(2 * EVENTS_AT_ONCE, 2 * EVENTS_AT_ONCE + len(ANSWERED) - 2),
    ]


def test_runs_do_not_know_of_each_others_ids(connection: sqlite3.Connection) -> None:
    insert(connection, of_call(ANSWERED), "main")
    insert(connection, of_call(ANSWERED, call="c2"), "f00")
    assert len(everything(connection)["events"]) == 8
    assert {row["run"]: row["last_event"] for row in everything(connection)["runs"]} == {
        "main": 4,
        "f00": 4,
    }


def test_a_run_that_is_gone_leaves_calls_unfinished(connection: sqlite3.Connection) -> None:
    insert(connection, of_call(ANSWERED))
    insert(connection, of_call(ANSWERED[:3], call="c2", first=5))
    insert(connection, of_call(ANSWERED[:3], call="c3"), "f00")
    end_calls(connection, "main")
    unfinished = {row["call"]: row["unfinished"] for row in everything(connection)["calls"]}
    assert unfinished == {"c1": 0, "c2": 1, "c3": 0}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"\xff",
        b"7",
        b"{}",
        b'{"id":"7"}',
        b'{"id":true,"event":"line_added"}',
        b'{"id":7}',
        b'{"id":7,"event":"line_added"} 8',
        b'{"id":7,"event":"call_placed","call":"c7"}',
        b'{"id":99999999999999999999,"event":"line_added"}',
        b'{"id":7,"event":"call_placed","call":["c"],"line":"x","time":1.0,"number":"1"}',
        b'{"id":7,"event":"call_placed","line":"x","time":1.0,"number":"1"}',
        b'{"id":7,"event":"call_placed","call":"c7","line":null,"time":1.0,"number":"1"}',
        b'{"id":7,"event":"strategy_fell_back","call":"c1","to":null}',
        b'{"id":7,"event":"call_failed","call":"c1","status":403,"reason":["No"]}',
        b'{"id":7,"event":"call_failed","call":"c1","status":403,"reason":NaN}',
        b'{"id":7,"event":"call_failed","call":"c1","status":9223372036854775808,"reason":""}',
    ],
)
def test_a_line_that_is_no_event_is_counted_and_the_others_are_kept(
    connection: sqlite3.Connection, line: bytes
) -> None:
    first, *others = (line_of(event)[:-1] for event in of_call(ANSWERED))
    assert insert_lines(connection, "main", [first, line, *others]) == 1
    assert [row["id"] for row in everything(connection)["events"]] == [1, 2, 3, 4]


def test_what_a_later_version_tells_is_kept_as_it_is(connection: sqlite3.Connection) -> None:
    later = b'{"id":5,"event":"call_parked","call":"c1","line":"office","time":1.0,"at":"7"}'
    insert(connection, of_call(ANSWERED))
    assert insert_lines(connection, "main", [later]) == 0
    *_, before, last = everything(connection)["events"]
    assert last == before | {"id": 5, "data": later.decode()}


def test_half_a_character_in_a_name_is_no_reason_to_lose_the_call(
    connection: sqlite3.Connection,
) -> None:
    assert insert(connection, of_call([IncomingRinging("1", "200", "J\ud800rg")])) == 0
    [row] = everything(connection)["calls"]
    assert row["name"] == "J?rg"
    [event] = everything(connection)["events"]
    assert json.loads(event["data"])["caller_name"] == "J\ud800rg"


CALLS = st.sampled_from(["c1", "c2", "c3"])
EVENTS = st.lists(
    st.tuples(CALLS, st.sampled_from([PLACED, RINGING, *OFTEN]) | HAPPENINGS), max_size=20
).map(
    lambda told: [
        CallEvent(number, call, "office", BEGAN + number, happening)
        for number, (call, happening) in enumerate(told, start=1)
    ]
)


@given(EVENTS, st.lists(st.integers(0, 20)), st.integers(1, 4))
def test_events_in_any_batches_come_to_the_same_as_one_by_one(
    events: list[CallEvent], cuts: list[int], events_at_once: int
) -> None:
    with in_memory() as one_by_one, in_memory() as in_batches:
        for event in events:
            assert insert(one_by_one, [event]) == 0
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(taking_over, "EVENTS_AT_ONCE", events_at_once)
            for begin, end in pairwise([0, *sorted(cuts), len(events)]):
                assert insert(in_batches, events[begin:end]) == 0
        assert everything(in_batches) == everything(one_by_one)


@given(EVENTS, st.data())
def test_any_prefixes_of_a_journal_in_any_number_come_to_the_same(
    events: list[CallEvent], data: st.DataObject
) -> None:
    """Bytes may be cut anywhere: each reader takes the whole lines that are there."""
    journal = b"".join(map(line_of, events))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(journal)), max_size=5)))
    again = data.draw(st.permutations(cuts))
    with in_memory() as at_once, in_memory() as bit_by_bit:
        assert insert(at_once, events) == 0
        for cut in (*cuts, len(journal), *again):
            whole_lines = journal[:cut].split(b"\n")[:-1]
            assert insert_lines(bit_by_bit, "main", whole_lines) == 0
        assert everything(bit_by_bit) == everything(at_once)


# --- files -----------------------------------------------------------------------------------


def test_files_are_found_by_run_in_the_order_they_were_written(tmp_path: Path) -> None:
    for name in ("main.lock", "main-2.jsonl", "main-10.jsonl", "a-1.jsonl", "b.lock", "x-y.jsonl"):
        (tmp_path / name).touch()
    (tmp_path / "-3.jsonl").touch()
    (tmp_path / "notes.txt").touch()
    found = journal_files(tmp_path)
    assert {run: [file.number for file in files] for run, files in found.items()} == {
        "a": [1],
        "b": [],
        "main": [2, 10],
    }
    assert journal_files(tmp_path / "not there") == {}


def test_half_a_line_is_left_for_later(tmp_path: Path) -> None:
    path = tmp_path / "main-1.jsonl"
    path.write_bytes(b"one\ntwo\nthr")
    assert read_lines(path, 0) == ([b"one", b"two"], 8)
    assert read_lines(path, 8) == ([], 8)
    path.write_bytes(b"one\ntwo\nthree\n")
    assert read_lines(path, 8) == ([b"three"], 14)
    assert read_lines(path, 14) == ([], 14)
