"""The user agent on real sockets, on loopback (TCP, TLS and STUN have tests of their own)."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest
from attrs import evolve

from siptapi_core.errors import NetworkError
from siptapi_core.events import Direction
from siptapi_core.machine.timers import SipTimers
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.sip.message import Headers, Request, parse_message
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Transport
from siptapi_core.version import VERSION

LOOPBACK = "127.0.0.1"


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


HOSTS = [LOOPBACK, *(["::1"] if has_ipv6() else [])]


class Logger:
    """Remembers."""

    def __init__(self):
        self.lines = []

    def debug(self, event, **values):
        self.lines.append((event, values))

    info = warning = error = debug


class Peer(asyncio.DatagramProtocol):
    """A bare socket on the other side."""

    @classmethod
    async def open(cls, host=LOOPBACK):
        loop = asyncio.get_running_loop()
        transport, peer = await loop.create_datagram_endpoint(cls, local_addr=(host, 0))
        peer.transport = transport
        peer.address = Address(*transport.get_extra_info("sockname")[:2])
        peer.received = asyncio.Queue()
        return peer

    def datagram_received(self, data, addr):
        self.received.put_nowait(data)

    async def next(self):
        return parse_message(await asyncio.wait_for(self.received.get(), 5))

    def send(self, data, to):
        self.transport.sendto(data, (to.host, to.port))


@asynccontextmanager
async def opened(**parts):
    logger = Logger()
    network = await SipNetwork.open(
        clock=SystemClock(),
        identifiers=SystemIdentifiers(),
        logger=logger,
        **{"hosts": (LOOPBACK,), **parts},
    )
    network.test_logger = logger
    try:
        yield network
    finally:
        await network.close()


class User:
    """Who sent a request; what came is in ``heard``."""

    def __init__(self):
        self.heard = asyncio.Queue()

    def on_response(self, transaction, response, source, now):
        self.heard.put_nowait((response.status, source))

    def on_timeout(self, transaction, now):
        self.heard.put_nowait("timeout")

    def on_transport_error(self, transaction, problem, now):
        self.heard.put_nowait(problem)

    async def next(self):
        return await asyncio.wait_for(self.heard.get(), 5)


def options(call_id="call-1", **headers):
    pairs = [
        ("Max-Forwards", "70"),
        ("From", "<sip:200@example.com>;tag=ours"),
        ("To", "<sip:201@example.com>"),
        ("Call-ID", call_id),
        ("CSeq", "1 OPTIONS"),
        *((name.replace("_", "-"), value) for name, value in headers.items()),
    ]
    return Request("OPTIONS", SipUri(host="example.com"), Headers(pairs))


def send(network, to, request=None):
    user = User()
    network.drive(
        lambda now: network.agent.transactions.request(request or options(), to, user, now)
    )
    return user


def run(main):
    asyncio.run(asyncio.wait_for(main(), 10))


@pytest.mark.parametrize("host", HOSTS)
def test_a_request_goes_out_and_its_response_comes_back(host):
    async def main():
        peer = await Peer.open(host)
        async with opened(hosts=(host,)) as network:
            user = send(network, peer.address)
            request = await peer.next()
            assert request.via.host == host
            assert request.via.transport == "UDP"
            peer.send(request.response(200).encode(), Address(host, request.via.port))
            assert await user.next() == (200, peer.address)
        peer.transport.close()

    run(main)


@pytest.mark.skipif("len(HOSTS) == 1", reason="this machine has no IPv6")
def test_both_families_are_open_by_default_each_with_its_own_address():
    async def main():
        async with opened(hosts=("0.0.0.0", "::")) as network:
            for host in HOSTS:
                peer = await Peer.open(host)
                send(network, peer.address)
                assert (await peer.next()).via.host == host
                peer.transport.close()

    run(main)


def asks(peer, network):
    """Somebody at ``peer`` asks what we can do."""
    via = f"SIP/2.0/UDP {peer.address.host}:{peer.address.port};branch=z9hG4bK-1"
    request = options()
    request = request.with_headers(request.headers.with_first("Via", via))
    peer.send(request.encode(), network.agent.local_address(peer.address))


def test_whoever_had_a_request_of_ours_may_ask_something_himself():
    async def main():
        peer = await Peer.open()
        async with opened() as network:
            assert network.agent.product == f"SIPTAPI/{VERSION}"
            user = send(network, peer.address)
            peer.send(
                (await peer.next()).response(200).encode(),
                network.agent.local_address(peer.address),
            )
            assert await user.next() == (200, peer.address)
            asks(peer, network)
            assert (await peer.next()).status == 200
        peer.transport.close()

    run(main)


def test_a_proxy_may_ask_something_before_it_heard_of_us():
    async def main():
        peer = await Peer.open()
        async with opened() as network:
            network.expect_calls(SipUri("pbx.example"), [peer.address])
            asks(peer, network)
            assert (await peer.next()).status == 200
        assert not [event for event, _ in network.test_logger.lines if event == "request refused"]
        peer.transport.close()

    run(main)


def test_a_stranger_gets_no_answer_and_a_line_in_the_log():
    async def main():
        stranger, peer = await Peer.open(), await Peer.open("127.0.0.2")
        async with opened(hosts=("127.0.0.1",)) as network:
            network.expect_calls(SipUri("pbx.example"), [peer.address])
            asks(stranger, network)
            asks(peer, network)  # which is answered after the stranger was not
            assert (await peer.next()).status == 200
            assert stranger.received.empty()
            port = stranger.address.port
            assert (
                "request refused",
                {
                    "address": LOOPBACK,
                    "port": port,
                    "method": "OPTIONS",
                    "reason": "not accepted",
                    "unreported": 0,
                },
            ) in network.test_logger.lines
        stranger.transport.close()
        peer.transport.close()

    run(main)


def test_retransmissions_come_by_the_timers_it_is_given():
    async def main():
        peer = await Peer.open()
        async with opened(timers=SipTimers(t1=0.01, t2=0.02)) as network:
            user = send(network, peer.address)
            for _ in range(4):
                await peer.next()
            assert await user.next() == "timeout"
        peer.transport.close()

    run(main)


@pytest.mark.skipif("sys.platform != 'linux'", reason="only Linux says which packet was refused")
def test_a_port_where_nobody_is_refuses():
    async def main():
        peer = await Peer.open()
        peer.transport.close()
        await asyncio.sleep(0)
        async with opened() as network:
            user = send(network, peer.address)
            assert "refuse" in await user.next()

    run(main)


@pytest.mark.parametrize("host", HOSTS)
def test_each_socket_that_is_opened_is_logged(host):
    async def main():
        async with opened(hosts=(host,)) as network:
            local = network.agent.local_address(Address(host, 9))
            assert network.test_logger.lines == [("socket opened", {"local": local})]

    run(main)


def test_an_address_family_that_is_not_there_is_no_way():
    async def main():
        async with opened() as network:
            there = Address("::1", 5060)
            with pytest.raises(NetworkError, match="no such address family"):
                network.agent.local_address(there)
            network._send(b"x", there)
            await asyncio.sleep(0)
            assert network.test_logger.lines[-1][0] == "packet not sent"
            with pytest.raises(NetworkError, match="no such address family"):
                network.reachable((there,))
            with pytest.raises(NetworkError, match="there is no address"):
                network.reachable(())
            near, far = Address(LOOPBACK, 5060), Address("192.0.2.1", 5060)
            assert network.reachable((there, near, there, far)) == (near, there, far)
            by_tcp = evolve(near, transport=Transport.TCP)
            assert network.reachable((by_tcp,)) == (by_tcp,)
            assert network._streams is None, "nobody has sent anything"

    run(main)


def test_what_cannot_be_sent_is_told_to_who_waits():
    async def main():
        async with opened() as network:
            network.agent.transactions._local_address = lambda _to: Address(LOOPBACK, 5060)
            user = send(network, Address("::1", 5060))
            assert "no such address family" in await user.next()

    run(main)


def test_a_route_that_is_lost_leaves_the_address_that_was():
    async def main():
        async with opened() as network:
            to = Address(LOOPBACK, 5060)
            before = network.agent.local_address(to)

            def lost(_towards):
                raise NetworkError("there is no way")

            [transport] = network._sockets[False].values()
            transport.local_address = lost
            assert network.agent.local_address(to) == before
            with pytest.raises(NetworkError, match="there is no way"):
                network.agent.local_address(Address("127.0.0.2", 5060))

    run(main)


def test_a_port_in_use_is_an_error_and_gives_all_sockets_back():
    async def main():
        async with opened() as network:
            taken = network.agent.local_address(Address(LOOPBACK, 1)).port
            with pytest.raises(NetworkError, match="in use"):
                async with opened(hosts=("127.0.0.2", LOOPBACK), ports=(taken,)):
                    pass
            async with opened(hosts=("127.0.0.2",), ports=(taken,)):
                pass
            with pytest.raises(NetworkError, match="in use"):
                async with opened(ports=(taken,)):
                    pass

    run(main)


def test_without_a_port_there_is_no_socket():
    async def main():
        with pytest.raises(NetworkError, match=r"there is no port for 127\.0\.0\.1"):
            async with opened(ports=()):
                pass

    run(main)


def test_the_first_port_that_is_free_is_taken():
    async def main():
        async with opened() as network:
            taken = network.agent.local_address(Address(LOOPBACK, 1)).port
            async with opened(ports=(taken, 0)) as other:
                assert other.agent.local_address(Address(LOOPBACK, 1)).port not in (0, taken)

    run(main)


def test_a_machine_without_ipv6_does_without(monkeypatch):
    from siptapi_core.net import sip_network

    real = sip_network.UdpTransport.open

    async def without(*, host, **parts):
        if ":" in host:
            raise NetworkError("[::]:0 cannot be used: Address family not supported")
        return await real(host=host, **parts)

    monkeypatch.setattr(sip_network.UdpTransport, "open", without)

    async def main():
        async with opened(hosts=(LOOPBACK, "::")) as network:
            assert [event for event, _ in network.test_logger.lines][1:] == ["no IPv6"]
        with pytest.raises(NetworkError):
            async with opened(hosts=("::",)):
                pass
        with pytest.raises(NetworkError):
            async with opened(hosts=(LOOPBACK, "::1")):
                pass

    run(main)


def test_messages_are_traced_both_ways_with_their_credentials_masked():
    async def main():
        peer = await Peer.open()
        async with opened() as network:
            traced = []
            network.tracers.append(traced.append)
            secret = 'Digest username="200", realm="pbx", nonce="n", uri="u", response="abc123"'
            user = send(network, peer.address, options(Proxy_Authorization=secret))
            request = await peer.next()
            assert request.headers.get("Proxy-Authorization") == secret
            peer.send(request.response(200).encode(), network.agent.local_address(peer.address))
            await user.next()
            sent, received = traced
            assert (sent.direction, received.direction) == (Direction.SENT, Direction.RECEIVED)
            assert sent.peer == received.peer == str(peer.address)
            assert sent.call_id == received.call_id == "call-1"
            assert sent.first_line.startswith("OPTIONS ")
            assert received.first_line == "SIP/2.0 200 OK"
            assert "abc123" not in sent.text
            assert "abc123" not in received.text
            assert 0 < sent.time <= received.time
        peer.transport.close()

    run(main)


def test_whatever_comes_is_traced_too():
    async def main():
        peer = await Peer.open()
        async with opened() as network:
            traced = asyncio.Queue()
            network.tracers.append(traced.put_nowait)
            us = network.agent.local_address(peer.address)
            peer.send(b"\xff no SIP", us)
            peer.send(b"BYE sip:a SIP/2.0\r\ni : short\xff\r\n\r\n", us)
            noise = await asyncio.wait_for(traced.get(), 5)
            compact = await asyncio.wait_for(traced.get(), 5)
            assert (noise.call_id, compact.call_id) == ("", "short\ufffd")
            assert noise.text == "\ufffd no SIP"
        peer.transport.close()

    run(main)


def test_a_tracer_may_leave_while_it_is_called():
    async def main():
        async with opened() as network:
            heard = []

            def once(message):
                network.tracers.remove(once)
                heard.append("once")

            network.tracers += [once, lambda _message: heard.append("always")]
            network._trace(Direction.SENT, b"x", Address(LOOPBACK, 1))
            network._trace(Direction.SENT, b"x", Address(LOOPBACK, 1))
            assert heard == ["once", "always", "always"]

    run(main)


def test_nothing_happens_after_the_close():
    async def main():
        peer = await Peer.open()
        async with opened() as network:
            pass
        await network.close()
        user = send(network, peer.address)
        await asyncio.sleep(0.01)
        assert peer.received.empty()
        assert user.heard.empty()
        peer.transport.close()

    run(main)


def test_tcp_and_tls_are_begun_once_however_few_connections_there_are():
    async def main():
        async with opened() as network:
            by_tcp = Address(LOOPBACK, 5060, Transport.TCP)
            assert network._transport(by_tcp) is network._transport(by_tcp)

    run(main)
