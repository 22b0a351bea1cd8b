"""`siptapi serve --demo` in a thread of its own: the real daemon, proxy, phones and front end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from siptapi_core.plugin_loading import load_plugins
from siptapi_frontends.cli.serve_demo import open_page

PATIENCE = 30.0
"""Seconds that starting and stopping may take."""


@contextmanager
def served_demo(*, rings: float) -> Iterator[str]:
    """Serve it while this lasts; the address lets one browser in."""
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()
    addresses = []

    async def serve() -> None:
        async with open_page(load_plugins(third_party=False), rings=rings) as (daemon, address):
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
