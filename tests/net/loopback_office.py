"""A server on loopback, and many lines that speak with it over one network."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from siptapi_core.logs import logger
from siptapi_core.machine.timers import SipTimers
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.sip.auth import Authorization, Credentials
from siptapi_core.targets import Address

LOOPBACK = "127.0.0.1"
CHALLENGE = ("WWW-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"')


class Server(asyncio.DatagramProtocol):
    """``seen`` are all requests that it got. With a ``password`` it wants that first."""

    def __init__(self):
        self.status = 200
        self.password = None
        self.seen = []
        self.heard = asyncio.Event()

    @classmethod
    async def open(cls):
        loop = asyncio.get_running_loop()
        transport, server = await loop.create_datagram_endpoint(cls, local_addr=(LOOPBACK, 0))
        server.transport = transport
        server.address = Address(*transport.get_extra_info("sockname")[:2])
        return server

    def status_of(self, request):
        """What it answers to ``request``."""
        if self.password is None:
            return self.status
        given = request.headers.get("Authorization")
        right = given and Authorization.parse(given).verify(request.method, b"", self.password)
        return self.status if right else 401

    def users(self):
        return [request.to.uri.user for request in self.seen]


class Office:
    """Lines whose ``password`` is read when it is needed, and raised where it is an error."""

    def __init__(self, network, server):
        self.network = network
        self.server = server
        self.read = 0
        self.password = "pw"

    async def credentials(self):
        self.read += 1
        await asyncio.sleep(0)
        if isinstance(self.password, Exception):
            raise self.password
        return Credentials("200", self.password)

    async def until(self, condition):
        """Wait for it; it is asked when the server heard something or something was told."""
        async with asyncio.timeout(10):
            while not condition():
                self.server.heard.clear()
                await self.server.heard.wait()


@asynccontextmanager
async def opened(server, t1):
    """A network, and a server of that class; no task is left."""
    before = asyncio.all_tasks()
    network = await SipNetwork.open(
        clock=SystemClock(),
        identifiers=SystemIdentifiers(),
        logger=logger("test"),
        hosts=(LOOPBACK,),
        timers=SipTimers(t1=t1, t2=8 * t1),
    )
    made = await server.open()
    try:
        yield network, made
        assert asyncio.all_tasks() == before
    finally:
        made.transport.close()
        await network.close()


def run(main):
    asyncio.run(asyncio.wait_for(main(), 20))
