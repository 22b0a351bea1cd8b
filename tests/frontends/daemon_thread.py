"""A daemon in a thread: a fake dialer behind a real control line, for commands that look for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fake_dialer import FakeDialer

from siptapi_core.control.server import ControlServer
from siptapi_core.logs import logger
from siptapi_core.settings import ControlSettings


@contextmanager
def daemon(dialer: FakeDialer, settings_file: object, *, listen: str = "") -> Iterator[None]:
    """Serve ``dialer``, for those who mean ``settings_file``, while this lasts."""
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()
    server = ControlServer(
        dialer,
        settings_file=str(settings_file),
        settings=ControlSettings(listen=listen),
        logger=logger("test"),
    )

    async def serve() -> None:
        async with server:
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()
