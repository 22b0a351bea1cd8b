"""A daemon that is asked for more than it can do, and one that works for long.

The short form is for every day; ``nox -s soak`` loads it for half an hour.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from lab.daemon import CALLER, Daemon, Heard
from lab.laboratory import Lab
from lab.lossy_town import CALLEES, DOMAIN, FIRST_NUMBER, FarEnd, open_far_end

from siptapi_core.commands import Dial, Dialling, HangUp, ListCalls, Reload, ShowStatus, Status
from siptapi_core.contracts import Dialer
from siptapi_core.demo.phone import SimulatedPhone
from siptapi_core.demo.phone_calls import CallPhase
from siptapi_core.errors import BusyError, RefusedError
from siptapi_core.sip.uri import SipUri

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and 127.0.0.0/8"),
]

SECONDS = float(os.environ.get("SIPTAPI_SOAK_SECONDS", "60"))
ABSORBED = 34.0
"""Seconds after which the last transaction of the last call is forgotten (timers H, J, M)."""
FULL = 4500
"""Calls after which what is kept of the past has the size that it stays at: 10,000 events, 16 MiB
of messages, and whose 4,096 Call-IDs were."""
LEAK = 4096
"""KiB by which memory may grow after that: the allocator's, who gives little back."""
WARM, A_CALL, IN_MEMORY = 12 * 1024, 16, 40
"""KiB for what is imported and cached by the first calls, and that a call may take while it is
remembered, and as long as its transactions live: twice of what it was."""
POOL = 7
"""Threads that wait for work once there was some: asyncio's, and the history's."""
STEADY = ("calls", "transactions", "dialogs", "connections", "watches", "followed calls", "tasks")


def serve(lab: Lab, far_end: FarEnd, **tables: Any) -> Daemon:
    line = {
        "domain": DOMAIN,
        "user": "200",
        "password": "secret",
        "phone": "201",
        "outbound_proxy": f"{far_end.proxy.address.host}:{far_end.proxy.address.port}",
        "register": True,
    }
    return lab.daemon(tables={"lines.office": line} | tables)


def with_daemon(
    lab: Lab, use: Callable[[Daemon, Dialer, Heard, FarEnd], Awaitable[None]], **tables: Any
) -> None:
    """Let ``use`` load a daemon whose far end lives in this loop."""

    async def main() -> None:
        async with open_far_end() as far_end:
            daemon = await asyncio.to_thread(serve, lab, far_end, **tables)
            async with daemon.connect() as dialer:
                heard = Heard(dialer)
                await dialer.execute(ListCalls(), CALLER)  # then it listens for certain
                async with asyncio.timeout(SECONDS + 200):
                    await use(daemon, dialer, heard, far_end)

    asyncio.run(main())


# --- overload ------------------------------------------------------------------------------------


def test_ten_times_too_many_calls_are_refused_at_once_and_the_others_finished(lab: Lab) -> None:
    """20 calls may be in progress, of which each takes a second: 20 a second, and 200 are asked."""
    most, seconds = 20, 3

    async def use(daemon: Daemon, dialer: Dialer, heard: Heard, far_end: FarEnd) -> None:
        for callee in far_end.callees:
            callee.behaviour = callee.behaviour.evolve(answer_after=1.0, reject_with=None)
        waits: list[float] = []

        async def dial() -> Dialling | None:
            begun = time.monotonic()
            try:
                return await dialer.execute(Dial(number=str(FIRST_NUMBER)), CALLER)  # type: ignore[return-value]
            except BusyError as error:
                words.add(str(error))
                return None
            finally:
                waits.append(time.monotonic() - begun)

        words: set[str] = set()
        dials = []
        begun = time.monotonic()
        for _ in range(10 * most * seconds):
            dials.append(asyncio.create_task(dial()))
            await asyncio.sleep(1 / (10 * most))
        replies = await asyncio.gather(*dials)
        lasted = time.monotonic() - begun
        placed = [reply.call for reply in replies if reply is not None]
        while heard.endings().keys() < set(placed):
            await heard.until("call_ended")
        outcomes = Counter(heard.endings().values())
        print(f"{len(placed)} of {len(dials)} calls, refused within {max(waits):.3f} s: {outcomes}")
        assert heard.endings().keys() == set(placed), "nothing is told of those that were refused"
        assert outcomes == {"answered": len(placed)}
        assert most <= len(placed) <= most * (lasted + 1)
        assert any("calls are in progress" in each for each in words)
        assert sorted(waits)[len(waits) // 2] < 0.2
        assert sorted(waits)[len(waits) * 99 // 100] < 2.0
        assert (await counters(dialer))["refused as busy"] == len(dials) - len(placed)

    with_daemon(lab, use, **{"": {"max_calls": most}})


# --- endurance -----------------------------------------------------------------------------------


def test_half_of_what_it_can_do_for_long_leaves_nothing_behind(lab: Lab) -> None:
    async def use(daemon: Daemon, dialer: Dialer, heard: Heard, far_end: FarEnd) -> None:
        before = await counters(dialer)
        for phone in (far_end.phone, *far_end.callees):
            forget_what_is_over(phone)
        ears = asyncio.create_task(listen(heard))
        await make_calls(dialer, 20, rate=1000.0)  # imports, caches
        await until_over(dialer)
        begun = time.monotonic()
        await make_calls(dialer, 60, rate=1000.0)
        await until_over(dialer)
        rate = min(60 / (time.monotonic() - begun), 60.0) / 2
        stop = asyncio.Event()
        chores = asyncio.create_task(do_chores(daemon, dialer, far_end, stop))
        samples: list[Sample] = []
        made, begun = 0, time.monotonic()
        while (now := time.monotonic() - begun) < SECONDS:
            made += await make_calls(dialer, max(1, round(rate)), rate=rate, hang_up_every=10)
            samples.append(Sample(now, made, await counters(dialer)))
        stop.set()
        await chores
        await until_over(dialer)
        await asyncio.sleep(ABSORBED)
        after = await counters(dialer)
        ears.cancel()
        print(f"{made} calls, {rate:.1f} a second: {before} -> {after}")
        report(samples)
        before |= {"transactions": 0, "timers": 2, "threads": before["threads"] + POOL}
        for name in (*STEADY, "timers", "listeners", "threads", "open files", "incoming calls"):
            assert after[name] <= before[name], (name, before, after)
        assert after["waiting events"] == 0
        check_memory(samples, before, after, rate)

    with_daemon(lab, use)


class Sample(NamedTuple):
    """The counters ``at`` seconds from the beginning, when ``calls`` had begun."""

    at: float
    calls: int
    counters: dict[str, int]


def check_memory(
    samples: list[Sample], before: dict[str, int], after: dict[str, int], rate: float
) -> None:
    """Flat once it is full; where that takes longer than the test, as small as so few calls are."""
    full = [each.counters["resident KiB"] for each in samples if each.calls > FULL]
    if len(full) > 60:
        assert max(full[-30:]) - max(full[:30]) < LEAK, full
    assert full or SECONDS < 1800, "this machine is too slow to tell"
    calls = min(samples[-1].calls, FULL)
    grown = after["resident KiB"] - before["resident KiB"]
    assert grown < WARM + A_CALL * calls + IN_MEMORY * rate * ABSORBED, (before, after)


async def make_calls(
    dialer: Dialer, count: int, *, rate: float, hang_up_every: int | None = None
) -> int:
    """Begin calls, ``rate`` a second; returns how many."""
    begun = time.monotonic()
    for index in range(count):
        await asyncio.sleep(max(0.0, begun + index / rate - time.monotonic()))
        number = str(FIRST_NUMBER + index % len(CALLEES))
        try:
            reply = await dialer.execute(Dial(number=number), CALLER)
        except BusyError:  # the machine has something else to do
            await asyncio.sleep(1.0)
            continue
        if hang_up_every and index % hang_up_every == 0 and isinstance(reply, Dialling):
            try:
                await dialer.execute(HangUp(call=reply.call), CALLER)
            except RefusedError:  # the phone has it already
                continue
    return count


async def until_over(dialer: Dialer) -> None:
    for _ in range(3000):
        if not (await counters(dialer))["calls"]:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("calls do not end")


async def listen(heard: Heard) -> None:
    while True:
        await heard.until("call_ended")
        heard.events.clear()


async def do_chores(daemon: Daemon, dialer: Dialer, far_end: FarEnd, stop: asyncio.Event) -> None:
    """What happens beside calls: callers, listeners that come and go, other settings."""
    caller, account = far_end.callees[0], SipUri(host=DOMAIN, user="200")
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        caller.call(account, lambda *_report: None, loop.time())
        await asyncio.sleep(1.0)
        caller.hang_up(loop.time())
        async with daemon.connect() as other:
            visitor = Heard(other)
            await other.execute(ListCalls(), CALLER)
            with suppress(TimeoutError):  # the last of them comes too late for that
                await asyncio.wait_for(visitor.until("call_placed"), 3)
        await dialer.execute(Reload(), CALLER)


async def counters(dialer: Dialer) -> dict[str, int]:
    status = await dialer.execute(ShowStatus(), CALLER)
    assert isinstance(status, Status)
    return dict(status.counters)


def forget_what_is_over(phone: SimulatedPhone) -> None:
    def forget(_what: str) -> None:
        phone.seen.clear()
        phone.incoming[:] = [each for each in phone.incoming if each.phase is not CallPhase.OVER]
        phone.outgoing[:] = [each for each in phone.outgoing if each.phase is not CallPhase.OVER]

    phone.on_change = forget


def report(samples: list[Sample]) -> None:
    """Rows of the table in docs/reliability.md."""
    for minute in (1, 5, 10, 15, 20, 25, 30):
        for at, calls, sample in samples:
            if at >= 60 * minute - 1:
                values = " | ".join(str(sample[name]) for name in (*STEADY, "timers"))
                print(f"| {minute} | {calls} | {values} | {sample['resident KiB'] >> 10} MiB |")
                break
