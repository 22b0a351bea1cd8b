"""`siptapi serve --demo` in a thread of its own: the real daemon, proxy, phones and front end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any
from unittest.mock import patch

from attrs import evolve

from siptapi_core.demo import open_town as town
from siptapi_core.plugin_loading import load_plugins
from siptapi_frontends.cli import serve_demo

PATIENCE = 30.0
"""Seconds that starting and stopping may take."""
LINGER = 0.3
"""Seconds that a call is held after a failure, usually 2: nobody listens to what is said."""
_open_town = town.open_town


@asynccontextmanager
async def _quick_town(*given: Any, **named: Any) -> AsyncIterator[town.DemoTown]:
    async with _open_town(*given, **named) as opened:
        lines = {
            name: evolve(line, failure_linger=LINGER)
            for name, line in opened.settings.lines.items()
        }
        yield opened.evolve(settings=evolve(opened.settings, lines=lines))


@contextmanager
def served_demo(*, rings: float) -> Iterator[str]:
    """Serve it while this lasts; the address lets one browser in."""
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()
    addresses = []

    async def serve() -> None:
        page = serve_demo.open_page(load_plugins(third_party=False), rings=rings)
        async with AsyncExitStack() as stack:
            # Of several that begin at once only one would get the usual port.
            with (
                patch.object(town, "open_town", _quick_town),
                patch.object(serve_demo, "USUAL_PORT", 0),
            ):
                daemon, address = await stack.enter_async_context(page)
            addresses.append(address)
            await daemon.serve(ready.set, stop)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        loop.close()
