"""Events to record, and histories to record them in."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from siptapi_core.commands import CallRecord, ListHistory
from siptapi_core.events import (
    CalleeAnswered,
    CallEnded,
    CallEvent,
    CallPlaced,
    Happening,
    LineEvent,
    LineHappening,
    Outcome,
    PhoneCalling,
    Stage,
)
from siptapi_core.history import CallHistory
from siptapi_core.history.schema import migrate
from siptapi_core.settings import HistorySettings
from siptapi_core.testing.fake_clock import FakeClock

T = TypeVar("T")
Told = tuple[int, str, str]
"""What a listener got: id, call, event."""

BEGAN = 1_700_000_000.0
ANSWERED: tuple[Happening, ...] = (
    CallPlaced("+431505641", "sip:+431505641@example.com", "cli"),
    PhoneCalling("refer-via-proxy"),
    CalleeAnswered(),
    CallEnded(Outcome.ANSWERED, Stage.CALLEE),
)
ALL = ListHistory(limit=1000)


class SaidLogger:
    """Remembers what was logged: level, event, values."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, dict[str, object]]] = []

    def bind(self, **values: object) -> SaidLogger:
        return self

    def debug(self, event: str, **values: object) -> None:
        self.said.append(("debug", event, values))

    def info(self, event: str, **values: object) -> None:
        self.said.append(("info", event, values))

    def warning(self, event: str, **values: object) -> None:
        self.said.append(("warning", event, values))

    def error(self, event: str, **values: object) -> None:
        self.said.append(("error", event, values))

    @property
    def warnings(self) -> list[str]:
        return [event for level, event, _ in self.said if level in ("warning", "error")]


def of_call(
    happenings: Iterable[Happening], *, call: str = "c1", line: str = "office", first: int = 1
) -> list[CallEvent]:
    """An event each, a second after the other."""
    return [
        CallEvent(number, call, line, BEGAN + number, happening)
        for number, happening in enumerate(happenings, start=first)
    ]


def of_line(happening: LineHappening, *, line: str = "office", id_: int = 1) -> LineEvent:
    return LineEvent(id_, line, BEGAN + id_, happening)


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder in memory where the system has such: a property test writes a thousand files."""
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)


class Bench:
    """Histories in ``folder``, as several processes would open them."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.file = folder / "history.db"
        self.folder = folder / "history.db.events"
        self.settings = HistorySettings(**settings)
        self.clock = FakeClock(wall=BEGAN)
        self.logger = SaidLogger()

    @asynccontextmanager
    async def open(self, *, daemon: bool = False):
        history = self.abandoned()
        try:
            if daemon:
                await history.begin()
            yield history
        finally:
            await history.close()

    def abandoned(self) -> CallHistory:
        """A history that nobody closes, as of a process that is killed."""
        return CallHistory(self.file, self.settings, clock=self.clock, logger=self.logger)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*"))

    async def calls(self, command: ListHistory = ALL) -> tuple[CallRecord, ...]:
        async with self.open() as history:
            return (await history.list_calls(command, None)).calls


def record(history: CallHistory, events: Iterable[CallEvent | LineEvent]) -> None:
    for event in events:
        history.record(event)


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return asyncio.run(asyncio.wait_for(main(), 120))


async def kill(history: CallHistory) -> None:
    """Leave everything as it is, as when the process is killed: the system closes its files."""
    journal, timer, executor = history._journal, history._timer, history._executor
    for descriptor in (journal._descriptor, journal._lock and journal._lock._descriptor):
        if descriptor is not None:
            os.close(descriptor)
    if timer is not None:
        timer.cancel()
    if history._taking_over is not None:
        await history._taking_over
    if executor is not None:
        executor.submit(lambda: history._archive and history._archive.close()).result()
        executor.shutdown()


@contextmanager
def in_memory() -> Iterator[sqlite3.Connection]:
    """An archive that is empty, and no file."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        migrate(connection)
        yield connection


async def until(condition: Callable[[], object]) -> None:
    """What another thread brings about."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError


async def whole_history(bench: Bench) -> list[CallRecord]:
    async with bench.open() as history:
        calls: list[CallRecord] = []
        page: str | None = None
        while page is not None or not calls:
            found = await history.list_calls(ListHistory(limit=1000, before=page), None)
            calls += found.calls
            page = found.next_page
            if page is None:
                break
        return [await history.show_call(each.call, None) for each in calls]


def events_of(calls: Iterable[CallRecord]) -> set[Told]:
    return {(event.id, call.call, event.happening.name) for call in calls for event in call.events}


def check(bench: Bench, told: Iterable[Told]) -> None:
    """Every event that was told is there, and every call is what its events say."""
    calls = run(lambda: whole_history(bench))
    there = events_of(calls)
    assert set(told) <= there
    for call in calls:
        names = [event.happening.name for event in call.events]
        assert names[0] == "call_placed"
        assert [event.id for event in call.events] == sorted({event.id for event in call.events})
        ended = names[-1] == "call_ended"
        assert (call.outcome != "") is ended
        assert call.unfinished is not ended
        assert (call.ended is not None) is ended
        assert call.status == {"busy": 486, "answered": None, "": call.status}[call.outcome]
        assert (call.answered is not None) is ("callee_answered" in names)
    assert bench.files() == []
    assert bench.logger.warnings == []
