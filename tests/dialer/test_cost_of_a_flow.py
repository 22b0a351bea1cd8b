"""What a click-to-dial flow may cost at most, in figures that are the same on every machine.

Functions of ours that are called, from the dial to the end of the call, by the whole product; and
bytes for a call in progress. A budget is a tenth above what was counted when it was written down
(docs/performance.md). Who needs more raises it, in a change that says what for.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tracemalloc
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType

import pytest
from phone_in_memory import SETTINGS, PhoneInMemory

import siptapi_core
import siptapi_plugins
from siptapi_core.commands import Caller, Dial
from siptapi_core.dialer import open_daemon
from siptapi_core.events import CallEnded, Outcome, PhoneRinging
from siptapi_core.net import sip_network
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import parse

CALLS_A_FLOW = 870
BYTES_A_CALL = 13_600
"""With what the phone itself keeps, and the events and messages that are kept for a while."""
FLOWS = 20
ANYBODY = Caller(frontend="test")
OURS = tuple(str(Path(each.__path__[0])) for each in (siptapi_core, siptapi_plugins))


@asynccontextmanager
async def serving(folder, *, history):
    kept = '[history]\nfile = "history.db"\n' if history else "[history]\nenabled = false\n"
    settings = parse(kept + SETTINGS, where=str(folder / "siptapi.toml"))
    catalog = load_plugins(files=(), third_party=False)
    async with open_daemon(settings, catalog) as daemon:
        ready, stop = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(daemon.serve(ready.set, stop))
        await ready.wait()
        yield daemon.dialer
        stop.set()
        await task


async def dial(dialer, flows, until):
    """One call after the other."""
    events = dialer.events(ANYBODY)
    for _ in range(flows):
        await dialer.execute(Dial(number="1002"), ANYBODY)
        async for event in events:
            if isinstance(event.happening, until):
                break
        yield event


@pytest.fixture
def phone(monkeypatch):
    class Phone(PhoneInMemory):
        pass

    monkeypatch.setattr(sip_network, "UdpTransport", Phone)
    return Phone


def test_functions_called_in_a_flow(phone, tmp_path):
    called = 0

    def count(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal called
        if event == "call" and frame.f_code.co_filename.startswith(OURS):
            called += 1

    async def main():
        async with serving(tmp_path, history=True) as dialer:
            async for _ in dial(dialer, 3, CallEnded):
                pass  # what is imported or compiled once, is by now
            sys.setprofile(count)
            try:
                async for event in dial(dialer, FLOWS, CallEnded):
                    assert event.happening.outcome is Outcome.ANSWERED
            finally:
                sys.setprofile(None)

    asyncio.run(asyncio.wait_for(main(), 30))
    assert called / FLOWS <= CALLS_A_FLOW


def test_memory_of_a_call_in_progress(phone, tmp_path):
    phone.picks_up = False
    used = 0

    async def main():
        nonlocal used
        async with serving(tmp_path, history=False) as dialer:
            async for _ in dial(dialer, 3, PhoneRinging):
                pass
            gc.collect()
            tracemalloc.start()
            try:
                async for _ in dial(dialer, 5 * FLOWS, PhoneRinging):
                    pass
                gc.collect()
                used, _ = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            await dialer.outgoing.close()  # the daemon would wait for them

    asyncio.run(asyncio.wait_for(main(), 60))
    assert used / (5 * FLOWS) <= BYTES_A_CALL
