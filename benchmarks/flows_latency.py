"""What SIPTAPI adds to the set-up of a call, at a steady rate of calls.

Three waits are ours, and each is between two things that happen in this process:

dial
    from the command to the INVITE on its way to the socket: numbers, strategy, next hop, history.
REFER
    from the 200 of the phone, as it was read from the socket, to the REFER.
event
    from a NOTIFY, as it was read, to the listener that is told what it says.

Time in which a packet or a command waits because we are busy counts only from where it is read; so
``late`` tells how far behind its plan each dial was begun. On a machine that others use, what they
take counts too: ``--own-time`` counts only what this process has of the processors. The phone is
sipp::

    python benchmarks/flows_latency.py [--rates 100 250 500] [--seconds 10] [--own-time]
"""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import sipp
from flows_siptapi import CALLER, dial, serving
from measuring import interleaved, median, options, print_table, save

from siptapi_core.commands import Dial, Dialling
from siptapi_core.errors import BusyError
from siptapi_core.events import CalleeAnswered, CallEnded, CallEvent, Outcome
from siptapi_core.net import sip_network
from siptapi_core.net.udp import UdpTransport
from siptapi_core.targets import Address

clock = time.perf_counter
_CALL_ID = re.compile(rb"^Call-ID: (\S+)", re.MULTILINE)


class Watch:
    """Notes when packets pass between the socket and SIPTAPI."""

    def __init__(self) -> None:
        self.begun: dict[str, float] = {}
        self.invited: list[float] = []
        self.answered: dict[bytes, float] = {}
        self.referred: list[float] = []
        self.notified = 0.0
        """When the NOTIFY was read that is being looked at, or has been last."""

    def sent(self, data: bytes) -> None:
        """A packet is about to be given to the socket."""
        if data.startswith(b"INVITE"):
            self.invited.append(clock())
        elif data.startswith(b"REFER"):
            begun = self.answered.pop(_call_id(data))
            self.referred.append(clock() - begun)

    def received(self, data: bytes) -> None:
        """A packet was read from the socket."""
        if data.startswith(b"SIP/2.0 200") and b" INVITE\r\n" in data:
            self.answered[_call_id(data)] = clock()
        elif data.startswith(b"NOTIFY"):
            self.notified = clock()


def _call_id(data: bytes) -> bytes:
    found = _CALL_ID.search(data)
    assert found is not None
    return found[1]


def watched(watch: Watch) -> type[UdpTransport]:
    """The UDP transport, with ``watch`` beside it."""

    class Watched(UdpTransport):
        @classmethod
        async def open(
            cls, *, receive: Callable[[bytes, Address], None], **others: object
        ) -> UdpTransport:
            def noted(data: bytes, source: Address) -> None:
                watch.received(data)
                receive(data, source)

            return await super().open(receive=noted, **others)  # type: ignore[arg-type]

        def send(self, data: bytes, to: Address) -> None:
            watch.sent(data)
            super().send(data, to)

    return Watched


async def measure(rate: float, seconds: float) -> dict[str, float]:  # noqa: C901  # one story
    """Milliseconds, median and 99th percentile of each wait."""
    watch = Watch()
    sip_network.UdpTransport = watched(watch)  # type: ignore[misc]
    flows = int(rate * seconds)
    begun: list[float] = []
    late: list[float] = []
    told: list[float] = []
    refused = ended = 0
    async with serving("refer-via-proxy") as dialer:
        await dial(dialer, 64, 8)
        watch.invited.clear()
        watch.referred.clear()
        events = dialer.events(CALLER)

        async def make_calls() -> None:
            nonlocal refused
            start = time.perf_counter()
            for number in range(flows):
                due = start + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                behind, now = time.perf_counter() - due, clock()
                try:
                    reply = await dialer.execute(Dial(number="1002"), CALLER)
                except BusyError:
                    refused += 1
                else:
                    assert isinstance(reply, Dialling)
                    late.append(behind)
                    begun.append(now)

        async def listen() -> None:
            nonlocal ended
            async for event in events:
                if not isinstance(event, CallEvent):
                    continue
                if isinstance(event.happening, CalleeAnswered):
                    told.append(clock() - watch.notified)
                elif isinstance(event.happening, CallEnded):
                    if event.happening.outcome is not Outcome.ANSWERED:
                        sys.exit(f"a call failed: {event}")
                    ended += 1

        listening = asyncio.create_task(listen())
        await make_calls()
        async with asyncio.timeout(30):
            while ended < len(begun):
                if listening.done():
                    await listening
                await asyncio.sleep(0.05)
        listening.cancel()
    invited = [sent - dialled for dialled, sent in zip(begun, watch.invited, strict=True)]
    figures = {"dial": invited, "REFER": watch.referred, "event": told, "late": late}
    return {"refused": float(refused)} | {
        f"{name} {what}": 1e3 * value
        for name, values in figures.items()
        for what, value in (("median", statistics.median(values)), ("p99", _p99(values)))
    }


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]


def with_phone(rate: float, seconds: float) -> dict[str, float]:
    """What is measured against a new phone."""
    with sipp.phone():
        return asyncio.run(measure(rate, seconds))


def main() -> None:
    """Print a table, and write it as JSON."""
    global clock  # noqa: PLW0603  # one for all that is measured
    given = options(
        __doc__, rates=([100, 250, 500], [20]), seconds=(10.0, 1.0), own_time=(False, False)
    )
    clock = time.process_time if given.own_time else time.perf_counter
    contenders = {
        f"{rate} flows/s": partial(with_phone, rate, given.seconds) for rate in given.rates
    }
    rounds = interleaved(contenders, given.rounds)
    names = ("dial", "REFER", "event", "late")
    rows = [
        (
            kind,
            *(
                f"{median(each, f'{name} median'):.2f} / {median(each, f'{name} p99'):.2f}"
                for name in names
            ),
            f"{median(each, 'refused'):g}",
        )
        for kind, each in rounds.items()
    ]
    columns = ("ms, median / p99", *names, "refused")
    goal = "goal: p99 at most 8 ms, but for late"
    print_table(f"set-up latency added, {given.rounds} interleaved rounds ({goal})", columns, rows)
    save(given, rounds=rounds)


if __name__ == "__main__":
    main()
