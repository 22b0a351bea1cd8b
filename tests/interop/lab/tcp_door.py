"""A way over TCP to a proxy that speaks UDP: a message of the stream is a datagram to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from siptapi_core.machine.endpoint import Endpoint
from siptapi_core.net.driver import Driver
from siptapi_core.net.stream_framing import LINE_BREAK, StreamFramer
from siptapi_core.sip.message import Request, parse_message
from siptapi_core.targets import Address


class TcpDoor:
    """Takes connections for ``endpoint``, which ``driver`` drives, at the same address over TCP.

    What is for an address that a connection names in its Via goes back over the latest such
    connection. Where there is none any more it is lost: nobody listens there.
    """

    def __init__(self, endpoint: Endpoint, driver: Driver) -> None:
        self._endpoint = endpoint
        self._driver = driver
        self._ends: dict[Address, asyncio.StreamWriter] = {}

    @asynccontextmanager
    async def opened(self, place: Address) -> AsyncIterator[None]:
        """Listen at ``place`` while this lasts."""
        server = await asyncio.start_server(self._accept, place.host, place.port)
        try:
            yield
        finally:
            server.close()
            for writer in self._ends.values():
                writer.transport.abort()

    def send(self, data: bytes, to: Address) -> None:
        """Send ``data`` to who is at ``to``."""
        writer = self._ends.get(to)
        if writer is not None and not writer.is_closing():
            writer.write(data)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = StreamFramer()
        with suppress(ConnectionError):  # it was cut off, in the middle of a message mostly
            while data := await reader.read(65536):
                framer.feed(data)
                while (frame := framer.take()) is not None:
                    if frame != LINE_BREAK:
                        self._deliver(frame, writer)
        writer.transport.abort()

    def _deliver(self, frame: bytes, writer: asyncio.StreamWriter) -> None:
        message = parse_message(frame)
        via = message.via
        end = Address(via.host, via.port or 5060)
        if isinstance(message, Request):
            self._ends[end] = writer
        self._driver.drive(self._endpoint.receive, frame, end)
