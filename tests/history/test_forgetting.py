from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator

import pytest
from history_bench import ANSWERED, BEGAN, in_memory, of_call, of_line

from siptapi_core.errors import RefusedError
from siptapi_core.events import CallEvent, CallPlaced, LineAdded
from siptapi_core.history import forgetting
from siptapi_core.history.forgetting import forget
from siptapi_core.history.journal_line import line_of
from siptapi_core.history.queries import events_after
from siptapi_core.history.taking_over import end_calls, insert_lines

DAY = 24 * 3600


class Rig:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def insert(self, events: Collection[object], run: str = "main") -> None:
        assert insert_lines(self.connection, run, [line_of(each)[:-1] for each in events]) == 0

    def forget(
        self, *, now: float = BEGAN, days: int = 0, calls: int = 0, running: Collection[str] = ()
    ) -> bool:
        return forget(self.connection, now=now, keep_days=days, keep_calls=calls, running=running)

    def calls(self) -> str:
        return " ".join(
            row["call"] for row in self.connection.execute("SELECT call FROM calls ORDER BY call")
        )

    def ids(self, run: str = "main") -> list[int]:
        rows = self.connection.execute("SELECT id FROM events WHERE run = ? ORDER BY id", (run,))
        return [row["id"] for row in rows]


@pytest.fixture
def rig() -> Iterator[Rig]:
    """Three calls of four events; c1 is the oldest."""
    with in_memory() as connection:
        rig = Rig(connection)
        for number in range(3):
            rig.insert(of_call(ANSWERED, call=f"c{number + 1}", first=number * 4 + 1))
        yield rig


def test_without_limits_nothing_is_forgotten(rig: Rig) -> None:
    assert not rig.forget(now=BEGAN + 10_000 * DAY)
    assert rig.calls() == "c1 c2 c3"


def test_calls_that_are_too_old_go_with_their_events(rig: Rig) -> None:
    now = BEGAN + 7 * DAY
    assert not rig.forget(now=now + 1, days=7)
    assert rig.calls() == "c1 c2 c3"
    assert not rig.forget(now=now + 2, days=7)
    assert rig.calls() == "c2 c3"
    assert rig.ids() == list(range(5, 13))


def test_as_many_are_kept_the_latest(rig: Rig) -> None:
    assert not rig.forget(calls=3)
    assert rig.calls() == "c1 c2 c3"
    assert not rig.forget(calls=1)
    assert rig.calls() == "c3"
    assert rig.ids() == list(range(9, 13))


def test_age_and_number_hold_both(rig: Rig) -> None:
    assert not rig.forget(now=BEGAN + DAY + 6, days=1, calls=100)
    assert rig.calls() == "c3"
    rig.insert(of_call(ANSWERED, call="c4", first=20))
    assert not rig.forget(now=BEGAN, days=1, calls=1)
    assert rig.calls() == "c4"


def test_a_call_in_progress_is_kept_until_it_ends(rig: Rig) -> None:
    rig.insert([CallEvent(13, "c0", "office", BEGAN - DAY, CallPlaced("1", "sip:1@x", "cli"))])
    assert not rig.forget(now=BEGAN + 10 * DAY, days=1, calls=1)
    assert rig.calls() == "c0"
    end_calls(rig.connection, "main")
    assert not rig.forget(now=BEGAN + 10 * DAY, days=1)
    assert rig.calls() == ""


def test_only_so_many_at_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "CALLS_AT_ONCE", 2)
    assert rig.forget(now=BEGAN + 10 * DAY, days=1)
    assert rig.calls() == "c3"
    assert not rig.forget(now=BEGAN + 10 * DAY, days=1)
    assert rig.calls() == ""


def test_who_asks_for_forgotten_events_is_told(rig: Rig) -> None:
    rig.forget(calls=2)
    with pytest.raises(RefusedError, match="up to number 4"):
        events_after(rig.connection, "main", 3, 10)
    assert [event.id for event in events_after(rig.connection, "main", 4, 2)] == [5, 6]


def test_events_of_lines_are_kept_by_number(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "OTHER_EVENTS", 3)
    monkeypatch.setattr(forgetting, "EVENTS_AT_ONCE", 4)
    rig.insert([of_line(LineAdded(), id_=number) for number in range(13, 23)])
    assert rig.forget()
    assert rig.ids() == [*range(1, 13), *range(17, 23)]
    assert not rig.forget()
    assert rig.ids() == [*range(1, 13), *range(20, 23)]
    with pytest.raises(RefusedError, match="up to number 19"):
        events_after(rig.connection, "main", 12, 10)


def test_a_run_without_journal_is_forgotten_with_its_last_call(rig: Rig) -> None:
    for number, run in enumerate(("f00", "f01"), start=1):
        rig.insert(of_call(ANSWERED, call=f"b{number}"), run)
    rig.insert(of_call(ANSWERED, call="d1", first=5), "f02")
    rig.insert(of_call(ANSWERED, call="d2", first=5000), "f02")
    rig.forget(now=BEGAN + DAY + 1000, days=1, running=["f01"])
    assert rig.calls() == "d2"
    runs = [row["run"] for row in rig.connection.execute("SELECT run FROM runs ORDER BY run")]
    assert runs == ["f01", "f02", "main"]
