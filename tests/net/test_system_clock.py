from __future__ import annotations

import asyncio
import time

from siptapi_core.net.clock import SystemClock


def test_both_clocks_are_the_systems():
    clock = SystemClock()
    before = time.monotonic(), time.time()
    now = clock.monotonic(), clock.time()
    after = time.monotonic(), time.time()
    assert before[0] <= now[0] <= after[0]
    assert before[1] <= now[1] <= after[1]


def test_the_monotonic_clock_is_the_one_of_asyncio():
    async def scenario():
        loop = asyncio.get_running_loop()
        before = loop.time()
        assert before <= SystemClock().monotonic() <= loop.time()

    asyncio.run(scenario())
