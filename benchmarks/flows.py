"""Click-to-dial flows a second, and what each costs, beside sipp's own UAC and sipua.

A flow is INVITE (100, 180, 200), ACK, REFER (202), NOTIFY, NOTIFY, BYE: 13 messages. The phone is
sipp for all of them, a new one for each measurement; ours is the whole product: dialer, strategy,
all timers, events to a listener, history on. A flow that fails ends the benchmark. Rounds are
interleaved, medians count; times are this machine's, ratios less so::

    python benchmarks/flows.py [--rounds 5] [--flows 2000] [--at-once 64] [--json FOLDER]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import sipp
from measuring import MINIMUM_ROUNDS, interleaved, machine, median, print_table, save

HERE = Path(__file__).parent
SIPP, SIPUA = "sipp's own UAC", "sipua"
MOST_OF_SIPUA = 8
"""At once: with more it loses packets, for its socket holds as many as is the system's default."""
STRATEGIES = ("refer-via-proxy", "refer-to-phone")


def child(script: str, *arguments: object) -> dict[str, float]:
    """What a script beside this one prints, in a process of its own."""
    with sipp.phone():
        done = subprocess.run(
            [sys.executable, HERE / script, *map(str, arguments)],
            check=False,
            stdout=subprocess.PIPE,
            text=True,
            timeout=600,
        )
    if done.returncode:
        sys.exit(f"{script} failed")
    result: dict[str, float] = json.loads(done.stdout)
    return result


def sipp_alone(flows: int, at_once: int) -> dict[str, float]:
    """sipp against sipp."""
    with sipp.phone():
        return sipp.click_to_dial(flows, at_once)


def main() -> None:
    """Print a table, and write it as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=MINIMUM_ROUNDS)
    parser.add_argument("--flows", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--json", type=Path, default=HERE / "results")
    given = parser.parse_args()
    flows, at_once = given.flows, given.at_once
    contenders: dict[str, Callable[[], dict[str, float]]] = {
        SIPP: partial(sipp_alone, 4 * flows, at_once),
        **{
            f"siptapi, {name}": partial(child, "flows_siptapi.py", name, flows, at_once)
            for name in STRATEGIES
        },
        SIPUA: partial(child, "flows_sipua.py", max(1, flows // 4), min(at_once, MOST_OF_SIPUA)),
    }
    before = machine()
    rounds = interleaved(contenders, given.rounds)
    fastest, slowest = median(rounds[SIPP], "flows"), median(rounds[SIPUA], "flows")
    cheapest = median(rounds[SIPP], "cpu")
    rows = []
    for name, measured in rounds.items():
        rate, cpu = median(measured, "flows"), median(measured, "cpu")
        ratios = (f"{rate / fastest:.3f}", f"{rate / slowest:.1f}")
        rows.append((name, f"{rate:,.0f}", *ratios, f"{1e6 * cpu:,.0f}", f"{cpu / cheapest:.1f}"))
    columns = ("", "flows/s", "of sipp's", "of sipua's", "us of CPU a flow", "of sipp's")
    print_table(f"{given.rounds} interleaved rounds, {at_once} flows at once", columns, rows)
    save("flows", {"began_on": before, "at_once": at_once, "rounds": rounds}, given.json)


if __name__ == "__main__":
    main()
