"""A SIP server in this process that answers every request with 200, each in its own odd way."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from lab.addresses import PORT

from siptapi_core.machine.response_routing import mark_source, reply_address
from siptapi_core.sip.message import Request, parse_message
from siptapi_core.targets import Address

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER"


class OddServer(asyncio.DatagramProtocol):
    """Adds ``headers`` to each answer; ``lies`` about our port, another each time."""

    def __init__(self, headers: dict[str, str], *, lies: bool = False, mute: bool = False) -> None:
        self._headers = {"Allow": ALLOW, "Contact": "<sip:alice@127.0.0.9>"} | headers
        self._lies = itertools.count(40000) if lies else None
        self._mute = mute
        self.heard: list[str] = []

    def connection_made(self, transport: Any) -> None:
        """See asyncio."""
        self._transport = transport

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        """Answer."""
        request = parse_message(data)
        assert isinstance(request, Request)
        self.heard.append(request.method)
        if self._mute:
            return
        address = Address(*source)
        marked = mark_source(request, address)
        answer = marked.response(200, to_tag="odd", headers=list(self._headers.items())).encode()
        if self._lies is not None:
            port = str(next(self._lies)).encode()
            answer = answer.replace(b"rport=%d" % source[1], b"rport=%s" % port)
        to = reply_address(marked.via, address)
        self._transport.sendto(answer, (to.host, to.port))


@asynccontextmanager
async def odd_server(host: str, make: Callable[[], OddServer]) -> AsyncIterator[OddServer]:
    """The server, while this lasts."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(make, local_addr=(host, PORT))
    try:
        yield server
    finally:
        transport.close()
