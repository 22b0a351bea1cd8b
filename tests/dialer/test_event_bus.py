from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing

import pytest

from siptapi_core.commands import Caller
from siptapi_core.dialer import event_bus
from siptapi_core.dialer.event_bus import Bus, EventBus
from siptapi_core.errors import RefusedError
from siptapi_core.events import LineChanged, PhoneRinging
from siptapi_core.testing.fake_clock import FakeClock

ANYBODY = Caller(frontend="test")


async def taken(subscription):
    return [item async for item in subscription]


@pytest.fixture
def kept_five(monkeypatch):
    monkeypatch.setattr(event_bus, "KEPT", 5)


def test_every_listener_gets_everything_since_it_began_to_listen():
    async def run():
        bus: Bus[int] = Bus()
        bus.publish(1)
        first = bus.subscribe()
        bus.publish(2)
        second = bus.subscribe()
        bus.publish(3)
        bus.close()
        bus.publish(4)
        assert await taken(first) == [2, 3]
        assert await taken(second) == [3]
        assert await taken(first) == []  # it stays at its end

    asyncio.run(run())


def test_a_listener_waits_for_what_comes():
    async def run():
        bus: Bus[int] = Bus()
        subscription = bus.subscribe()
        waiting = asyncio.ensure_future(anext(subscription))
        await asyncio.sleep(0)
        assert not waiting.done()
        bus.publish(1)
        assert await waiting == 1

    asyncio.run(run())


def test_a_listener_that_closes_gets_what_is_queued_and_no_more():
    async def run():
        bus: Bus[int] = Bus()
        subscription = bus.subscribe()
        bus.publish(1)
        subscription.close()
        subscription.close()
        bus.publish(2)
        assert await taken(subscription) == [1]
        assert len(bus.subscriptions) == 0

    asyncio.run(run())


def test_a_slow_listener_is_told_what_it_missed_and_holds_nobody_up(kept_five):
    async def run():
        bus: Bus[int] = Bus()
        slow, quick = bus.subscribe(), bus.subscribe()
        heard = []
        for number in range(7):
            bus.publish(number)
            heard.append(await anext(quick))
        assert heard == list(range(7))
        assert len(bus.subscriptions) == 1
        assert [await anext(slow) for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(RefusedError, match="more than 5 events behind"):
            await anext(slow)

    asyncio.run(run())


def test_exactly_as_many_as_are_kept_is_not_behind(kept_five):
    async def run():
        bus: Bus[int] = Bus()
        subscription = bus.subscribe()
        for number in range(5):
            bus.publish(number)
        bus.close()
        assert await taken(subscription) == [0, 1, 2, 3, 4]

    asyncio.run(run())


def test_a_listener_that_is_gone_is_forgotten():
    bus: Bus[int] = Bus()
    subscription = bus.subscribe()
    assert len(bus.subscriptions) == 1
    del subscription
    gc.collect()
    assert len(bus.subscriptions) == 0
    bus.publish(1)


def events_of(*lines):
    """A bus, and what it was told: one event a line, of ids from 1."""
    bus = EventBus(FakeClock())
    for line in lines:
        bus.tell_of_call("call", line, PhoneRinging())
    return bus


def test_events_can_be_heard_again_after_a_number():
    async def run():
        bus = events_of("office", "office", "office")
        from_now, from_two, from_start = (bus.subscribe_for(ANYBODY, n) for n in (None, 2, 0))
        too_far = bus.subscribe_for(ANYBODY, 99)
        bus.tell_of_line("office", LineChanged())
        bus.close()
        assert [e.id for e in await taken(from_now)] == [4]
        assert [e.id for e in await taken(from_two)] == [3, 4]
        assert [e.id for e in await taken(from_start)] == [1, 2, 3, 4]
        assert [e.id for e in await taken(too_far)] == [4]

    asyncio.run(run())


def test_who_asks_for_events_that_are_forgotten_is_told(kept_five):
    async def run():
        bus = events_of(*["office"] * 8)
        assert len(await taken_of(bus, 3)) == 5
        for after in (0, 2):
            with pytest.raises(RefusedError, match="before number 4 are not kept"):
                bus.subscribe_for(ANYBODY, after)

    asyncio.run(run())


def test_ids_go_on_where_an_earlier_process_ended():
    async def run():
        bus = EventBus(FakeClock(), last=41)
        with pytest.raises(RefusedError, match="before number 42 are not kept"):
            bus.subscribe_for(ANYBODY, 40)
        bus.tell_of_line("office", LineChanged())
        assert [e.id for e in await taken_of(bus, 41)] == [42]

    asyncio.run(run())


def test_a_listener_hears_of_its_own_lines_only():
    async def run():
        bus = events_of("office", "home")
        listener = bus.subscribe_for(Caller(frontend="test", lines=frozenset({"home"})), 0)
        bus.tell_of_line("office", LineChanged())
        bus.tell_of_line("home", LineChanged())
        bus.close()
        assert [(e.id, e.line) for e in await taken(listener)] == [(2, "home"), (4, "home")]

    asyncio.run(run())


def test_an_event_is_written_down_before_anybody_is_told():
    async def run():
        told_before = []
        bus = EventBus(FakeClock(), record=lambda event: told_before.append((event.id, len(heard))))
        listener, heard = bus.subscribe_for(ANYBODY), []
        for _ in range(2):
            bus.tell_of_line("office", LineChanged())
            heard.append(await anext(listener))
        assert told_before == [(1, 0), (2, 1)]

    asyncio.run(run())


async def taken_of(bus, after):
    subscription = bus.subscribe_for(ANYBODY, after)
    bus.close()
    return await taken(subscription)


def test_sinks_are_told_too():
    told = []
    bus = EventBus(FakeClock())
    bus.sinks.append(told.append)
    bus.tell_of_line("office", LineChanged())
    assert [event.id for event in told] == [1]


def test_once_closed_nothing_happens_any_more():
    """A registration or a call may still stir while the network is being closed."""
    written, told = [], []
    bus = EventBus(FakeClock(), record=written.append)
    bus.sinks.append(told.append)
    bus.tell_of_line("office", LineChanged())
    bus.close()
    bus.tell_of_line("office", LineChanged())
    assert [event.id for event in written] == [event.id for event in told] == [1]


def test_who_stops_listening_is_forgotten_at_once():
    async def run():
        bus = EventBus(FakeClock())
        async with aclosing(bus.subscribe_for(ANYBODY)) as listener:
            assert bus.subscriptions == (listener,)
        assert bus.subscriptions == ()
        bus.tell_of_line("office", LineChanged())
        assert listener._items == []

    asyncio.run(run())
