"""Many calls at once over one TCP connection that is cut off, in the middle of what it carries.

The short form is for every day; ``nox -s soak`` makes more, also where the cuts come at any moment,
and prints the rows of docs/reliability.md.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from contextlib import suppress

import pytest
from lab.lossy_town import Told, Town, check_truth, expected_of, open_town
from lab.relay import Weather

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(sys.platform != "linux", reason="needs 127.0.0.0/8"),
]

CALLS = int(os.environ.get("SIPTAPI_LOSSY_CALLS", "48"))
RATE = 6.0
BEGIN, EVERY = 2.0, 4.0
"""Seconds until the connection is cut, and from then on: one that lasted is opened again."""
PATIENCE = 10.0
"""Seconds that a phone may ring or be silent: its word may have been lost with a connection."""
NEAR = 1.0
"""Seconds from a cut in which a call may yet begin over the connection that is no more."""
WEATHERS = {"every 4 s": Weather(delay=0.02, jitter=0.05)}
if CALLS > 100:
    WEATHERS["at any moment"] = Weather(delay=0.02, jitter=0.05, cuts=0.002)


@pytest.mark.parametrize("name", list(WEATHERS))
def test_every_call_ends_and_the_phone_saw_what_is_told(name: str) -> None:
    weather = WEATHERS[name]

    async def main() -> None:
        patience = {"patience": PATIENCE, "silence": PATIENCE}
        async with open_town(weather, seed=CALLS, tcp=True, **patience) as town:
            cutting = asyncio.create_task(cut(town))
            async with asyncio.timeout(60 + 5 * CALLS / RATE):
                told = await town.call(CALLS, rate=RATE)
            cutting.cancel()
            with suppress(asyncio.CancelledError):
                await cutting
            check(town, told)
            print(row(name, town, told))

    async def cut(town: Town) -> None:
        await asyncio.sleep(BEGIN)
        while not weather.cuts:
            await asyncio.to_thread(town.relay.cut)
            await asyncio.sleep(EVERY)

    asyncio.run(main())


def check(town: Town, told: dict[str, Told]) -> None:
    assert len(told) == CALLS
    assert town.calls_in_progress() == 0
    assert town.relay.ended, "it was cut"
    check_truth(told, town.seen())
    for number, each in told.items():
        assert was_cut(town, each) or each.ended == expected_of(number), (number, each)


def was_cut(town: Town, told: Told) -> bool:
    over = told.begun + told.seconds
    return any(told.begun - NEAR < moment <= over for moment in town.relay.ended)


def row(name: str, town: Town, told: dict[str, Told]) -> str:
    """A row of the table in docs/reliability.md."""
    as_ever = sum(each.ended == expected_of(number) for number, each in told.items())
    others = Counter(
        each.ended.outcome.value
        for number, each in told.items()
        if each.ended != expected_of(number)
    )
    seconds = sorted(each.seconds for each in told.values())
    cut = sum(was_cut(town, each) for each in told.values())
    return (
        f"| {name} | {len(told)} | {len(town.relay.ended)} | {cut} | {as_ever} "
        f"| {others['failed']} | {others['unknown']} "
        f"| {seconds[len(seconds) // 2]:.2f} s | {seconds[-1]:.1f} s |"
    )
