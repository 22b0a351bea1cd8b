"""A process that makes calls up, as fast as it can, and prints each event that its listener got.

``python recording_process.py FILE CALLS SEED daemon|dial``; each line is ``ID CALL EVENT``. It
prints nothing that is not told, and what it prints has left it: the pipe survives a kill.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

from siptapi_core.commands import Caller
from siptapi_core.dialer.event_bus import EventBus
from siptapi_core.events import (
    CalleeAnswered,
    CalleeRinging,
    CallEnded,
    CallFailed,
    CallPlaced,
    HandedOver,
    Happening,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    Stage,
)
from siptapi_core.history import CallHistory, call_history
from siptapi_core.history import journal as journal_module
from siptapi_core.logs import logger
from siptapi_core.net.clock import SystemClock
from siptapi_core.settings import HistorySettings

ANSWERED: tuple[Happening, ...] = (
    CallPlaced("+431505641", "sip:+431505641@example.com", "test"),
    PhoneCalling("refer-via-proxy"),
    PhoneRinging(),
    PhoneAnswered(),
    CalleeRinging(),
    CalleeAnswered(),
    HandedOver(),
    CallEnded(Outcome.ANSWERED, Stage.CALLEE),
)
BUSY: tuple[Happening, ...] = (
    *ANSWERED[:4],
    CallFailed(Stage.CALLEE, 486, "Besetzt, später"),
    CallEnded(Outcome.BUSY, Stage.CALLEE),
)


async def make_calls(file: Path, calls: int, chance: random.Random, *, daemon: bool) -> None:
    clock = SystemClock()
    history = CallHistory(file, HistorySettings(), clock=clock, logger=logger("recording"))
    if daemon:
        await history.begin()
    events = EventBus(clock, history.record, history.last_event)
    listener = events.subscribe_for(Caller(frontend="test"))

    async def listen() -> None:
        async for event in listener:
            os.write(1, f"{event.id} {event.call} {event.happening.name}\n".encode())

    listening = asyncio.create_task(listen())
    waiting = [f"{os.getpid()}-{number}" for number in range(calls)]
    going_on = {}
    while waiting or going_on:
        if waiting and len(going_on) < 20:
            going_on[waiting.pop()] = iter(chance.choice((ANSWERED, BUSY)))
        call = chance.choice(list(going_on))
        happening = next(going_on[call], None)
        if happening is None:
            del going_on[call]
        else:
            events.tell_of_call(call, "office", happening)
        await asyncio.sleep(chance.choice((0, 0, 0, 0.001)))
    events.close()
    await listening
    await history.close()


if __name__ == "__main__":
    call_history.TAKE_OVER_AFTER = 0.02
    journal_module.FILE_BYTES = 20_000
    _, file, calls, seed, kind = sys.argv
    asyncio.run(make_calls(Path(file), int(calls), random.Random(seed), daemon=kind == "daemon"))
