"""Memory of a call in progress, and what a flow costs with many calls and lines alive.

Calls in progress ring, at a phone that never picks up (a child of this script). What they take is
the growth of the resident memory, all garbage collected. Beside them, and beside 10,000 idle lines,
flows are made as in ``flows.py``, and their processor time is compared with that of an empty
daemon's; each count of calls is a process of its own, and rounds are interleaved. The calls keep no
NAT open (``keepalive = 0``): that is a packet each 25 s::

    python benchmarks/calls_alive.py [--calls 1 1000 20000] [--lines 10000] [--flows 500]
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import socket
import sys
import tempfile
from functools import partial

import sipp
from flows_siptapi import CALLER, dial, dial_one, serving
from measuring import (
    beside,
    child,
    cpu_seconds,
    interleaved,
    median,
    options,
    print_table,
    resident,
    save,
)

from siptapi_core.events import CallEnded, CallEvent, PhoneRinging

RINGING = "127.0.0.17:5072"
AT_ONCE = 100
LINE = f"""\
[lines.ringing]
domain = "127.0.0.17"
user = "phone"
outbound_proxy = "{RINGING}"
ring_timeout = 86400
keepalive = 0
"""
_COPIED = re.compile(rb"^(?:Via|From|To|Call-ID|CSeq): .*\r\n", re.MULTILINE)


def ring() -> None:
    """Answer each INVITE 180, each CANCEL with 200, and its INVITE with 487."""
    host, _, port = RINGING.partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 23)
        phone.bind((host, int(port)))
        print("ready", flush=True)
        while True:
            data, source = phone.recvfrom(65535)
            copied = b"".join(_COPIED.findall(data))
            if b";tag=" not in copied.partition(b"\nTo:")[2].partition(b"\r")[0]:
                copied = re.sub(rb"(?m)^(To: .*)\r", rb"\1;tag=phone\r", copied)
            if data.startswith(b"INVITE"):
                phone.sendto(_response(b"180 Ringing", copied), source)
            elif data.startswith(b"CANCEL"):
                phone.sendto(_response(b"200 OK", copied), source)
                invite = copied.replace(b" CANCEL\r\n", b" INVITE\r\n")
                phone.sendto(_response(b"487 Request Terminated", invite), source)


def _response(status: bytes, copied: bytes) -> bytes:
    return b"SIP/2.0 %b\r\n%bContent-Length: 0\r\n\r\n" % (status, copied)


def settled() -> int:
    """Bytes of this process in memory, all garbage collected."""
    gc.collect()
    return resident()


async def measure(calls: int, lines: int, flows: int) -> dict[str, float]:
    """Bytes a call, and processor seconds a flow beside them."""
    idle = "".join(
        f'[lines.u{number}]\ndomain = "127.0.0.17"\nuser = "u{number}"\n' for number in range(lines)
    )
    async with serving("refer-via-proxy", LINE + idle) as dialer:
        await dial(dialer, 64, 8)
        events = dialer.events(CALLER)
        await dial_one(dialer, "ringing")
        await _until_ringing(events, 1)
        before = settled()
        for begun in range(1, calls, AT_ONCE):
            some = min(AT_ONCE, calls - begun)
            for _ in range(some):
                await dial_one(dialer, "ringing")
            await _until_ringing(events, some)
        grown = settled() - before
        await _until_quiet()
        used = cpu_seconds()
        await dial(dialer, flows, 8)
        cpu = (cpu_seconds() - used) / flows
        print(json.dumps({"bytes": grown / max(1, calls - 1), "cpu": cpu}), flush=True)
        os._exit(0)  # nobody waits for twenty thousand hang-ups


async def _until_ringing(events: object, calls: int) -> None:
    while calls:
        event = await anext(events)  # type: ignore[call-overload]
        if isinstance(event, CallEvent):
            assert not isinstance(event.happening, CallEnded), event
            calls -= isinstance(event.happening, PhoneRinging)


async def _until_quiet() -> None:
    """The history has what happened so far."""
    for _ in range(120):
        used = cpu_seconds()
        await asyncio.sleep(1.5)
        if cpu_seconds() - used < 0.05:
            return


def with_phones(calls: int, lines: int, flows: int) -> dict[str, float]:
    """Measure in a process of its own, beside phones of its own."""
    phone = beside(sys.executable, __file__, "ring")
    with sipp.phone(), phone, tempfile.TemporaryDirectory() as folder:
        return child("calls_alive.py", "measure", calls, lines, flows, folder=folder)


def main() -> None:
    """Print a table, and write it as JSON."""
    given = options(__doc__, calls=([1, 1000, 20000], [1, 20]), lines=(10_000, 20), flows=(500, 20))
    kinds = [(calls, 0) for calls in given.calls] + [(1, given.lines)]
    contenders = {
        f"{calls:,} calls, {lines + 2:,} lines": partial(with_phones, calls, lines, given.flows)
        for calls, lines in kinds
    }
    rounds = interleaved(contenders, given.rounds)
    first = median(next(iter(rounds.values())), "cpu")
    rows = []
    for (name, measured), (calls, _) in zip(rounds.items(), kinds, strict=True):
        cpu = median(measured, "cpu")
        memory = f"{median(measured, 'bytes') / 1024:.1f}" if calls > 1 else ""
        rows.append((name, memory, f"{1e6 * cpu:,.0f}", f"{cpu / first:.2f}"))
    columns = ("alive", "KiB a call", "us of CPU a flow", "of the first")
    goals = "goals: 14 KiB a call, flat within 25 %"
    print_table(f"{given.rounds} interleaved rounds ({goals})", columns, rows)
    save(given, rounds=rounds)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["ring"]:
            ring()
        case ["measure", *counts]:
            asyncio.run(measure(*map(int, counts)))
        case _:
            main()
