"""Which socket or connection a message leaves by."""

from __future__ import annotations

import asyncio
import sys

import pytest

from siptapi_core.errors import NetworkError
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.sip.message import Headers, Request
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Transport


class Log:
    def debug(self, event, **values): ...

    warning = error = info = debug


class User:
    """Who sends a request and waits for what becomes of it."""

    def __init__(self):
        self.outcome = asyncio.get_running_loop().create_future()

    def on_response(self, transaction, response, source, now):
        self.outcome.set_result((response.status, source))

    def on_timeout(self, transaction, now):
        raise AssertionError("a timeout")

    def on_transport_error(self, transaction, problem, now):
        self.outcome.set_result(problem)


def options(subject=""):
    headers = [
        ("Max-Forwards", "70"),
        ("From", "<sip:a@a.test>;tag=1"),
        ("To", "<sip:b@b.test>"),
        ("Call-ID", "call"),
        ("CSeq", "1 OPTIONS"),
        ("Subject", subject),
    ]
    return Request("OPTIONS", SipUri(host="b.test"), Headers(headers))


async def open_network(**options):
    return await SipNetwork.open(
        clock=SystemClock(), identifiers=SystemIdentifiers(), logger=Log(), **options
    )


async def ask(network, to, request=None):
    user = User()
    network.drive(
        lambda now: network.agent.transactions.request(request or options(), to, user, now)
    )
    return await asyncio.wait_for(user.outcome, 10)


def run(coroutine):
    asyncio.run(asyncio.wait_for(coroutine, 20))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_response_comes_back_over_the_connection(host):
    async def test():
        network = await open_network(hosts=(host,))
        traced = []
        network.tracers.append(traced.append)
        vias = []

        async def serve(reader, writer):
            request = await reader.readuntil(b"\r\n\r\n")
            vias.append(writer.get_extra_info("peername")[:2])
            head = request.split(b"\r\n", 1)[1].replace(b"Subject: \r\n", b"")
            writer.write(b"SIP/2.0 200 OK\r\n" + head)
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, host, 0)
        peer = Address(host, server.sockets[0].getsockname()[1], Transport.TCP)
        local = network.agent.local_address(peer)
        assert await ask(network, peer) == (200, peer)
        assert [(local.host, local.port)] == vias
        assert [message.peer for message in traced] == [str(peer)] * 2
        assert f"Via: SIP/2.0/TCP {'[::1]' if ':' in host else host}:{local.port}" in traced[0].text
        await network.close()
        server.close()
        await server.wait_closed()

    run(test())


def test_a_refused_connection_fails_the_request_with_its_reason():
    async def test():
        network = await open_network()
        peer = Address("127.0.0.1", 9, Transport.TCP)
        assert await ask(network, peer) == "tcp:127.0.0.1:9 accepts no connections"
        await network.close()

    run(test())


def test_udp_users_have_no_streams():
    async def test():
        network = await open_network(hosts=("127.0.0.1",))
        network.agent.local_address(Address("127.0.0.1", 9))
        assert network._streams is None
        assert network.transports == (Transport.UDP, Transport.TCP, Transport.TLS)
        with pytest.raises(NetworkError, match=r"no way to tcp:\[::1\]:9: no such address family"):
            network.agent.local_address(Address("::1", 9, Transport.TCP))
        await network.close()

    run(test())


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has one loopback address")
@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        (("127.0.0.2", "127.0.0.1", "::1"), "127.0.0.1"),  # what the system itself would use
        (("127.0.0.3", "127.0.0.2"), "127.0.0.3"),
    ],
)
def test_of_several_addresses_the_routing_table_chooses(hosts, expected):
    async def test():
        network = await open_network(hosts=hosts)
        for transport in (Transport.UDP, Transport.TCP):
            local = network.agent.local_address(Address("127.0.0.9", 9, transport))
            assert (local.host, local.transport) == (expected, transport)
        await network.close()

    run(test())


def test_where_every_port_is_taken_the_first_is_named():
    async def test():
        first = await open_network(hosts=("127.0.0.1",))
        port = first.agent.local_address(Address("127.0.0.1", 9)).port
        words = f"none of 2 ports can be used: udp:127.0.0.1:{port} is in use"
        with pytest.raises(NetworkError, match=words):
            await open_network(hosts=("127.0.0.1",), ports=(port, port))
        with pytest.raises(NetworkError, match="there is no port for"):
            await open_network(hosts=("127.0.0.1",), ports=())
        await first.close()

    run(test())
