"""A real dialer on simulated phones: for tests of front ends, and of whatever watches calls.

::

    async with demo_dialer() as (dialer, number):
        await dialer.execute(Dial(number=number), Caller(frontend="test"))
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from siptapi_core.contracts import Dialer
from siptapi_core.demo import Ending, open_demo
from siptapi_core.dialer import open_dialer
from siptapi_core.plugin_loading import load_plugins


@asynccontextmanager
async def demo_dialer(ending: Ending = Ending.ANSWERED) -> AsyncIterator[tuple[Dialer, str]]:
    """A dialer, and a number whose calls end with ``ending``; everything is on loopback.

    Raises:
        NetworkError: no socket could be opened there.
    """
    catalog = load_plugins(third_party=False, daemon=False)
    async with open_demo(ending) as demo, open_dialer(demo.settings, catalog) as dialer:
        yield dialer, demo.number
