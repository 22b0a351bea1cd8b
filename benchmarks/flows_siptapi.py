"""Click-to-dial flows by SIPTAPI as ``siptapi serve`` runs it: see ``flows.py``.

A listener, as every front end is one, dials the next call for each that ended. Processor time is
that of all its threads, the history's among them.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from measuring import cpu_seconds

from siptapi_core.commands import Caller, Dial, Dialling
from siptapi_core.dialer import open_daemon
from siptapi_core.dialer.local_dialer import LocalDialer
from siptapi_core.errors import BusyError
from siptapi_core.events import CallEnded, CallEvent, CallId, Outcome
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import load
from siptapi_frontends.cli.serve import COLLECTED

CALLER = Caller(frontend="benchmark")
SETTINGS = """\
local_addresses = ["127.0.0.1"]
max_calls = 100000
[history]
file = "history.db"
[lines.office]
domain = "127.0.0.15"
user = "phone"
"""
STRATEGIES = {
    "refer-via-proxy": 'outbound_proxy = "127.0.0.15:5070"\n',
    "refer-to-phone": 'phone = "phone@127.0.0.15:5070"\nstrategies = ["refer-to-phone"]\n',
}


@asynccontextmanager
async def serving(strategy: str, more: str = "") -> AsyncIterator[LocalDialer]:
    """The dialer of a daemon that serves one line, ``more`` being other lines."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "siptapi.toml"
        file.write_text(SETTINGS + STRATEGIES[strategy] + more, encoding="utf-8")
        stop, ready = asyncio.Event(), asyncio.Event()
        async with open_daemon(load(file), load_plugins()) as daemon:
            task = asyncio.create_task(daemon.serve(ready.set, stop))
            await ready.wait()
            gc.freeze()  # as `siptapi serve` does
            gc.set_threshold(*COLLECTED)
            yield daemon.dialer
            stop.set()
            await task


async def dial_one(dialer: LocalDialer, line: str = "office") -> CallId:
    """Dial; whoever is refused because others made the machine late tries again, as it is told."""
    while True:
        try:
            reply = await dialer.execute(Dial(number="1002", line=line), CALLER)
        except BusyError:
            await asyncio.sleep(0.1)
        else:
            assert isinstance(reply, Dialling)
            return reply.call


async def dial(dialer: LocalDialer, flows: int, at_once: int) -> None:
    """Dial ``flows`` calls, ``at_once`` at a time; each must be answered."""
    events = dialer.events(CALLER)
    left = flows
    for _ in range(min(at_once, flows)):
        left -= 1
        await dial_one(dialer)
    ended = 0
    async for event in events:
        if isinstance(event, CallEvent) and isinstance(event.happening, CallEnded):
            if event.happening.outcome is not Outcome.ANSWERED:
                sys.exit(f"a call failed: {event}")
            ended += 1
            if ended == flows:
                return
            if left:
                left -= 1
                await dial_one(dialer)


async def measure(strategy: str, flows: int, at_once: int) -> dict[str, float]:
    """Flows a second, and seconds of processor time a flow."""
    async with serving(strategy) as dialer:
        await dial(dialer, at_once, at_once)  # what is compiled or imported once, is by now
        began, used = time.perf_counter(), cpu_seconds()
        await dial(dialer, flows, at_once)
        seconds = time.perf_counter() - began
    return {"flows": flows / seconds, "cpu": (cpu_seconds() - used) / flows}


if __name__ == "__main__":
    _, chosen, flows_, at_once_ = sys.argv
    print(json.dumps(asyncio.run(measure(chosen, int(flows_), int(at_once_)))))
