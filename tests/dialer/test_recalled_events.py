"""A listener who comes again after more events than are kept in memory."""

from __future__ import annotations

import asyncio
from itertools import count
from types import SimpleNamespace

import pytest

from siptapi_core.commands import Caller
from siptapi_core.dialer import event_bus, local_dialer
from siptapi_core.dialer.event_bus import EventBus
from siptapi_core.dialer.local_dialer import LocalDialer
from siptapi_core.dialer.strategy_memory import StrategyMemory
from siptapi_core.errors import RefusedError
from siptapi_core.events import PhoneRinging
from siptapi_core.logs import logger
from siptapi_core.testing.counting_identifiers import CountingIdentifiers
from siptapi_core.testing.fake_clock import FakeClock

ANYBODY = Caller(frontend="test")
OFFICE_ONLY = Caller(frontend="test", lines=frozenset({"office"}))


class Kept:
    """A history of events; ``forgotten`` are gone. Asked, it lets ``meanwhile`` happen, once."""

    def __init__(self):
        self.events = []
        self.forgotten = 0
        self.meanwhile = lambda: None

    async def events_after(self, after, limit):
        if after < self.forgotten:
            raise RefusedError(f"events up to number {self.forgotten} are not kept any more")
        found = tuple(event for event in self.events if event.id > after)[:limit]
        self.meanwhile, happens = lambda: None, self.meanwhile
        happens()
        return found


@pytest.fixture
def kept(monkeypatch):
    monkeypatch.setattr(event_bus, "KEPT", 5)
    monkeypatch.setattr(local_dialer, "RECALLED_AT_ONCE", 3)
    return Kept()


def a_dialer(kept):
    """A dialer with a history, and what makes something happen on a line of it."""
    clock = FakeClock()
    bus = EventBus(clock, kept.events.append)
    dialer = LocalDialer(
        events=bus,
        lines={},
        default_line="office",
        strategy=SimpleNamespace,
        memory=StrategyMemory(None, clock, logger("test")),
        identifiers=CountingIdentifiers(),
        clock=clock,
        logger=logger("test"),
        tracers=[],
        messages_of=lambda _call: (),
        history=kept,
    )
    calls = count(1)

    def happen(line="office"):
        bus.tell_of_call(f"c{next(calls)}", line, PhoneRinging())

    return dialer, happen


async def first(events, number):
    return [(await asyncio.wait_for(anext(events), 5)).id for _ in range(number)]


def test_what_memory_forgot_comes_from_the_history_and_then_what_happens(kept):
    async def main():
        dialer, happen = a_dialer(kept)
        for _ in range(12):
            happen()
        events = dialer.events(ANYBODY, 2)
        happen()
        kept.meanwhile = happen
        assert await first(events, 12) == list(range(3, 15))

    asyncio.run(main())


def test_lines_of_others_are_left_out(kept):
    async def main():
        dialer, happen = a_dialer(kept)
        for _ in range(6):
            happen()
            happen("home")
        events = dialer.events(OFFICE_ONLY, 1)
        happen("home")
        happen()
        assert await first(events, 6) == [3, 5, 7, 9, 11, 14]

    asyncio.run(main())


def test_what_the_history_forgot_as_well_is_refused(kept):
    async def main():
        dialer, happen = a_dialer(kept)
        for _ in range(12):
            happen()
        kept.forgotten = 4
        with pytest.raises(RefusedError, match="up to number 4 are not kept"):
            await anext(dialer.events(ANYBODY, 2))

    asyncio.run(main())


def test_without_a_history_it_is_refused_at_once(kept):
    async def main():
        dialer, happen = a_dialer(kept)
        dialer._history = None
        for _ in range(12):
            happen()
        with pytest.raises(RefusedError, match="before number 8 are not kept"):
            dialer.events(ANYBODY, 2)

    asyncio.run(main())
