"""Click-to-dial flows a second, and what each costs, beside sipp's own UAC and sipua.

A flow is INVITE (100, 180, 200), ACK, REFER (202), NOTIFY, NOTIFY, BYE: 13 messages. The phone is
sipp for all of them, a new one for each measurement; ours is the whole product: dialer, strategy,
all timers, events to a listener, history on. The bare loop is what the language takes, whatever is
built on it (``flows_floor.py``). A flow that fails ends the benchmark. Rounds are interleaved,
medians count; times are this machine's, ratios less so::

    python benchmarks/flows.py [--rounds 5] [--flows 2000] [--at-once 64] [--json FOLDER]
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import sipp
from measuring import child, interleaved, median, options, print_table, save

SIPP, FLOOR, SIPUA = "sipp's own UAC", "a bare loop in Python", "sipua"
MOST_OF_SIPUA = 8
"""At once: with more it loses packets, for its socket holds as many as is the system's default."""
STRATEGIES = ("refer-via-proxy", "refer-to-phone")


def with_phone(measure: Callable[[], dict[str, float]]) -> dict[str, float]:
    """What is measured against a new phone."""
    with sipp.phone():
        return measure()


def main() -> None:
    """Print a table, and write it as JSON."""
    given = options(__doc__, flows=(2000, 50), at_once=(64, 8))
    flows, at_once = given.flows, given.at_once
    measures: dict[str, Callable[[], dict[str, float]]] = {
        SIPP: partial(sipp.click_to_dial, 4 * flows, at_once),
        FLOOR: partial(child, "flows_floor.py", 4 * flows, at_once),
        **{
            f"siptapi, {name}": partial(child, "flows_siptapi.py", name, flows, at_once)
            for name in STRATEGIES
        },
        SIPUA: partial(child, "flows_sipua.py", max(1, flows // 4), min(at_once, MOST_OF_SIPUA)),
    }
    contenders = {name: partial(with_phone, measure) for name, measure in measures.items()}
    rounds = interleaved(contenders, given.rounds)
    fastest, slowest = median(rounds[SIPP], "flows"), median(rounds[SIPUA], "flows")
    cheapest = median(rounds[SIPP], "cpu")
    rows = []
    for name, measured in rounds.items():
        rate, cpu = median(measured, "flows"), median(measured, "cpu")
        ratios = (f"{rate / fastest:.3f}", f"{rate / slowest:.1f}")
        rows.append((name, f"{rate:,.0f}", *ratios, f"{1e6 * cpu:,.0f}", f"{cpu / cheapest:.1f}"))
    columns = ("", "flows/s", "of sipp's", "of sipua's", "us of CPU a flow", "of sipp's")
    goals = "goals: 0.30 of sipp's, 5 of sipua's, 4 times sipp's CPU"
    print_table(
        f"{given.rounds} interleaved rounds, {at_once} flows at once ({goals})", columns, rows
    )
    save(given, rounds=rounds)


if __name__ == "__main__":
    main()
