"""How many listeners the event stream of the front end http bears, and what that costs.

A process serves, with a source of events that needs no telephones (ten events a call); this one
listens. One listener more reads nothing at all. Each listener must see every event, in order. Where
the machine has other work the CPU time says more than how long it took: that is of the oldest event
of a batch. Rounds are interleaved, medians count::

    python benchmarks/http_events.py [--listeners 500 20] [--calls-a-second 20 200] [--seconds 10]
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from measuring import interleaved, median, options, print_table, resident, save

from siptapi_core.commands import Caller, Command, Done, Reply
from siptapi_core.contracts import Context
from siptapi_core.dialer.event_bus import Bus, EventBus
from siptapi_core.dns import CachedDnsClient
from siptapi_core.events import (
    CalleeAnswered,
    CalleeRinging,
    CalleeTrying,
    CallEnded,
    CallPlaced,
    Event,
    HandedOver,
    Happening,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    ReferAccepted,
    Stage,
    TracedMessage,
)
from siptapi_core.logs import logger
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_frontends.http.frontend import HttpFrontend
from siptapi_frontends.http.settings import HttpSettings
from siptapi_frontends.http.tokens import Scope, TokenFile

CALL: tuple[Happening, ...] = (
    CallPlaced("+431505641", "sip:+431505641@pbx.example", "tapi"),
    PhoneCalling("refer-via-proxy"),
    PhoneRinging(),
    PhoneAnswered(),
    ReferAccepted(),
    CalleeTrying(),
    CalleeRinging(),
    CalleeAnswered(),
    HandedOver(),
    CallEnded(Outcome.ANSWERED, Stage.CALLEE),
)
REQUEST = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"
ID, TIME = re.compile(rb"\nid: (\d+)\nevent"), re.compile(rb'"time":([0-9.]+)')
TICKS = 100
"""How often a second something happens."""


class Source:
    """A dialer without telephones: events happen at a rate."""

    def __init__(self) -> None:
        self.bus = EventBus(SystemClock())
        self.messages: Bus[TracedMessage] = Bus()

    async def execute(self, _command: Command, _caller: Caller) -> Reply:
        return Done()

    def events(self, caller: Caller, after: int | None = None) -> AsyncIterator[Event]:
        return self.bus.subscribe_for(caller, after)

    def traced(self) -> AsyncIterator[TracedMessage]:
        return self.messages.subscribe()

    async def happen(self, calls_per_second: int, seconds: float) -> list[float]:
        """Let it happen; what is returned is by how much each tick was late, in seconds."""
        loop = asyncio.get_running_loop()
        began, late, told = loop.time(), [], 0
        for tick in range(int(seconds * TICKS)):
            due = began + tick / TICKS
            await asyncio.sleep(max(0.0, due - loop.time()))
            late.append(loop.time() - due)
            until = round((tick + 1) * calls_per_second * len(CALL) / TICKS)
            while told < until:
                call, step = divmod(told, len(CALL))
                self.bus.tell_of_call(f"call-{call}", "office", CALL[step])
                told += 1
        return late


async def serve(calls_per_second: int, seconds: float) -> None:
    """Serve, and say where and with which token; let it happen when a line is read."""
    with tempfile.TemporaryDirectory() as folder:
        source, clock = Source(), SystemClock()
        dns = CachedDnsClient(identifiers=SystemIdentifiers())
        context = Context(
            clock=clock, dns=dns, logger=logger("http"), state_folder=lambda: Path(folder)
        )
        frontend = HttpFrontend(HttpSettings(listen="127.0.0.1:0"), context)
        tokens = TokenFile(Path(folder) / "tokens.json")
        token = tokens.add("bench", scopes=frozenset(Scope), lines=None, created=time.time())
        ready = asyncio.Event()
        serving = asyncio.create_task(frontend.serve(source, ready.set))
        await ready.wait()
        print(json.dumps([frontend.port, token]), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        before, used = resident(), time.process_time()
        late = await source.happen(calls_per_second, seconds)
        used = time.process_time() - used
        await asyncio.sleep(1)
        figures = {
            "cpu": used / seconds,
            "late_median": statistics.median(late),
            "late_most": max(late),
            "memory_before": before,
            "memory": resident(),
        }
        print(json.dumps(figures), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


class Listener(asyncio.Protocol):
    """One connection; checks the order of ids, and notes how old some events are."""

    def __init__(self, token: str, events: int) -> None:
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[None] = loop.create_future()
        self.ages: list[float] = []
        self._request = REQUEST % token.encode()
        self._events = events
        self._seen = 0
        self._pieces = 0
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self.begun.done() and b"retry: " in data:
            self.begun.set_result(None)
        whole, _, self._rest = (self._rest + data).rpartition(b"\n\n")
        for found in ID.findall(b"\n" + whole):
            self._seen += 1
            assert int(found) == self._seen, (found, self._seen)
        self._pieces += 1
        if self._pieces % 10 == 0 and (times := TIME.findall(whole)):
            self.ages.append(time.time() - float(times[0]))
        if self._seen == self._events and not self.done.done():
            self.done.set_result(None)
            assert self._transport is not None
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or RuntimeError(f"ended after {self._seen} events"))


async def deaf(port: int, token: str) -> None:
    """Ask, and read nothing."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
    writer.write(REQUEST % token.encode())
    await asyncio.Event().wait()


def measured(listeners: int, calls_per_second: int, seconds: int) -> dict[str, float]:
    """Figures of a server with so many listeners."""
    return asyncio.run(measure(listeners, calls_per_second, seconds))


async def measure(listeners: int, calls_per_second: int, seconds: int) -> dict[str, float]:
    """As `measured`; each listener has seen every event, in order."""
    command = [sys.executable, __file__, "serve", str(calls_per_second), str(seconds)]
    with subprocess.Popen(  # noqa: ASYNC220  # nothing else goes on yet
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port, token = json.loads(server.stdout.readline())
        events, loop = calls_per_second * seconds * len(CALL), asyncio.get_running_loop()
        silent = loop.create_task(deaf(port, token))
        all_ = [
            (await loop.create_connection(lambda: Listener(token, events), "127.0.0.1", port))[1]
            for _ in range(listeners)
        ]
        await asyncio.gather(*(each.begun for each in all_))
        server.stdin.write("\n")
        server.stdin.flush()
        await asyncio.wait_for(asyncio.gather(*(each.done for each in all_)), seconds + 30)
        figures = json.loads(await asyncio.to_thread(server.stdout.readline))
        server.stdin.write("\n")
        server.stdin.close()
        silent.cancel()
    ages = sorted(age for each in all_ for age in each.ages)
    return {
        **figures,
        "cpu_each": figures["cpu"] * seconds / (events * listeners),
        "age": ages[len(ages) // 2],
        "age_99": ages[int(len(ages) * 0.99)],
        "age_most": ages[-1],
    }


def main() -> None:
    """Print a table, and write it as JSON."""
    given = options(
        __doc__, listeners=([500, 20], [5, 3]), calls_a_second=([20, 200], [5, 10]), seconds=(10, 1)
    )
    contenders = {
        f"{listeners} listeners, {calls} calls/s": partial(
            measured, listeners, calls, given.seconds
        )
        for listeners, calls in zip(given.listeners, given.calls_a_second, strict=True)
    }
    rounds = interleaved(contenders, given.rounds)
    rows = []
    for name, each in rounds.items():
        times = (f"{1e3 * median(each, what):.0f}" for what in ("age", "age_99", "age_most"))
        late = (f"{1e3 * median(each, what):.1f}" for what in ("late_median", "late_most"))
        cpu = f"{100 * median(each, 'cpu'):.0f}"
        one = f"{1e6 * median(each, 'cpu_each'):.1f}"
        memory = (
            f"{median(each, 'memory_before') / 2**20:.0f}, {median(each, 'memory') / 2**20:.0f}"
        )
        rows.append((name, cpu, one, " / ".join(times), " / ".join(late), memory))
    columns = (
        *("", "% of a core", "us an event and listener", "ms to a listener, median / p99 / most"),
        *("loop late, ms, median / most", "MiB before, after"),
    )
    goal = "goal: 500 listeners told within 100 ms"
    print_table(f"{given.rounds} interleaved rounds ({goal})", columns, rows)
    save(given, rounds=rounds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(int(sys.argv[2]), float(sys.argv[3])))
    else:
        main()
