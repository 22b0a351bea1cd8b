"""Messages on the wire, and the calls that they belong to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from siptapi_core.commands import Caller, Dial, Reject
from siptapi_core.demo import open_demo
from siptapi_core.demo.open_town import open_town
from siptapi_core.dialer import open_daemon, open_dialer
from siptapi_core.events import CallEnded, CallEvent, IncomingEnded, IncomingRinging
from siptapi_core.logs import logger
from siptapi_core.net import sip_network
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import Sections

ANYBODY = Caller(frontend="test")


def plugins():
    return load_plugins(files=(), third_party=False)


def run(main):
    asyncio.run(asyncio.wait_for(main, 30))


async def until(events, kind):
    async for event in events:
        if isinstance(event, CallEvent) and isinstance(event.happening, kind):
            return event.call
    raise AssertionError(kind)


def test_every_message_of_a_call_says_whose_it_is():
    async def main():
        async with open_demo() as demo, open_dialer(demo.settings, plugins()) as dialer:
            traced, calls = dialer.traced(), []
            for _ in range(2):
                events = dialer.events(ANYBODY)
                calls.append((await dialer.execute(Dial(number=demo.number), ANYBODY)).call)
                await until(events, CallEnded)
        messages = [message async for message in traced]
        for call in calls:
            lines = [each.first_line.split()[0] for each in messages if each.call == call]
            assert lines[0] == "INVITE"
            assert {"ACK", "REFER", "NOTIFY", "BYE"} <= set(lines)
        assert {each.call for each in messages} == set(calls)

    run(main())


def test_an_incoming_call_says_whose_it_is_once_it_has_an_id(tmp_path: Path):
    async def main():
        async with (
            open_town(tmp_path, Sections(), rings=1.0) as town,
            open_daemon(town.settings, plugins()) as daemon,
        ):
            stop, ready = asyncio.Event(), asyncio.Event()
            serving = asyncio.create_task(daemon.serve(ready.set, stop))
            events, traced = daemon.dialer.events(ANYBODY), daemon.dialer.traced()
            await ready.wait()
            while daemon.status().registered < 2:
                await anext(events)
            town.phones.call("Anna")
            call = await until(events, IncomingRinging)
            await daemon.dialer.execute(Reject(call=call), ANYBODY)
            assert await until(events, IncomingEnded) == call
            stop.set()
            await serving
        messages = [message async for message in traced]
        [dialog] = {each.call_id for each in messages if each.call == call}
        of_it = [each for each in messages if each.call_id == dialog]
        assert of_it[0].first_line.startswith("INVITE")
        assert of_it[0].call == ""
        assert {each.call for each in of_it[1:]} <= {"", call}

    run(main())


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sip_network, "NAMED_CALLS", 3)

    async def main():
        network = await SipNetwork.open(
            clock=SystemClock(),
            identifiers=SystemIdentifiers(),
            logger=logger("test"),
            hosts=("127.0.0.1",),
        )
        for number in range(5):
            network.name_call(f"id-{number}", f"c{number}")
        assert network._calls == {"id-2": "c2", "id-3": "c3", "id-4": "c4"}
        await network.close()

    run(main())
