from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from siptapi_core.errors import NetworkError
from siptapi_core.net import stream, stream_connection
from siptapi_core.net.socket_name import family_of
from siptapi_core.net.stream import StreamTransport
from siptapi_core.net.stream_options import StreamOptions
from siptapi_core.net.udp import source_host
from siptapi_core.targets import Address, Transport

LOOPBACKS = ["127.0.0.1", "::1"]
MESSAGE = b"OPTIONS sip:a@b SIP/2.0\r\nl: 2\r\n\r\nab"


class Server:
    """The other end: what it reads, and a writer for each connection in order."""

    def __init__(self):
        self.writers: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        self.received = asyncio.Queue()
        self.peers = []

    async def serve(self, reader, writer):
        self.peers.append(writer.get_extra_info("peername")[:2])
        self.writers.put_nowait(writer)
        try:
            while data := await reader.read(65536):
                self.received.put_nowait(data)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def read(self, expected: bytes):
        data = b""
        while len(data) < len(expected):
            data += await self.received.get()
        assert data == expected


class Rig:
    """A transport and everything that it tells."""

    def __init__(self, options=None):
        self.received = asyncio.Queue()
        self.refused = asyncio.Queue()
        self.broken = asyncio.Queue()
        self.logged = []
        self.busy = False
        self.asked = []
        self.transport = StreamTransport(
            receive=lambda data, source: self.received.put_nowait((data, source)),
            refused=lambda address, problem: self.refused.put_nowait((address, problem)),
            broken=lambda address, problem: self.broken.put_nowait((address, problem)),
            local_host=lambda towards: source_host(family_of(towards.host), towards),
            in_use=lambda: self.busy,
            options=lambda line: self.asked.append(line) or options or StreamOptions(),
            logger=self,
        )

    def debug(self, event, **values): ...

    def info(self, event, **values):
        self.logged.append((event, values))

    warning = error = info


@asynccontextmanager
async def joined(host="127.0.0.1", options=None) -> AsyncIterator[tuple[Rig, Server, Address]]:
    server, rig = Server(), Rig(options)
    listening = await asyncio.start_server(server.serve, host, 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield rig, server, Address(host, port, Transport.TCP)
    finally:
        await rig.transport.close()
        listening.close()
        await listening.wait_closed()
        for _ in range(5):
            await asyncio.sleep(0)


def run(coroutine):
    asyncio.run(asyncio.wait_for(coroutine, 10))


@pytest.mark.parametrize("host", LOOPBACKS)
def test_messages_go_both_ways_over_one_connection(host):
    async def test():
        async with joined(host) as (rig, server, peer):
            local = rig.transport.local_address(peer)
            rig.transport.send(b"before it is open", peer)
            await server.read(b"before it is open")
            rig.transport.send(b"after", peer)
            await server.read(b"after")
            assert rig.transport.local_address(peer) == local
            assert server.peers == [(local.host, local.port)]
            assert local.transport is Transport.TCP
            writer = await server.writers.get()
            for piece in (b"\r\n" + MESSAGE + MESSAGE[:9], MESSAGE[9:]):
                writer.write(piece)
                await writer.drain()
            for _ in range(2):
                assert await rig.received.get() == (MESSAGE, peer)
            assert rig.refused.empty()

    run(test())


def test_each_line_has_a_connection_of_its_own():
    async def test():
        async with joined() as (rig, server, peer):
            other = Address(peer.host, peer.port, peer.transport, line="other")
            rig.transport.send(b"1", peer)
            rig.transport.send(b"2", other)
            await server.writers.get()
            await server.writers.get()
            assert len(set(server.peers)) == 2
            assert rig.asked == ["", "other"]

    run(test())


def closed_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("host", LOOPBACKS)
def test_a_refused_connection_is_told_with_the_reason(host):
    async def test():
        rig = Rig()
        peer = Address(host, closed_port(host), Transport.TCP)
        rig.transport.send(b"x", peer)
        assert rig.refused.empty(), "never from inside send"
        assert await rig.refused.get() == (peer, f"{peer} accepts no connections")
        await rig.transport.close()

    run(test())


def test_a_peer_that_does_not_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(stream_connection, "CONNECT_SECONDS", 0.01)

    async def test():
        rig = Rig()
        loop = asyncio.get_running_loop()

        async def never(*_):
            await loop.create_future()

        loop.sock_connect = never
        peer = Address("127.0.0.1", 9, Transport.TCP)
        rig.transport.send(b"x", peer)
        assert await rig.refused.get() == (peer, f"{peer} did not answer within 0.01 s")
        await rig.transport.close()

    run(test())


def test_other_failures_have_the_system_s_words(monkeypatch):
    async def test():
        rig = Rig()

        async def unreachable(*_):
            raise OSError(113, "No route to host")

        asyncio.get_running_loop().sock_connect = unreachable
        peer = Address("127.0.0.1", 9, Transport.TCP)
        rig.transport.send(b"x", peer)
        problem = f"there is no connection to {peer}: No route to host"
        assert await rig.refused.get() == (peer, problem)
        await rig.transport.close()

    run(test())


def test_where_there_is_no_way_it_says_so():
    async def test():
        rig = Rig()
        nowhere = Address("255.255.255.255", 9, Transport.TCP)
        with pytest.raises(NetworkError, match="no way to tcp:255"):
            rig.transport.local_address(nowhere)
        rig.transport.send(b"x", nowhere)
        address, problem = await rig.refused.get()
        assert address == nowhere
        assert "no way to" in problem
        await rig.transport.close()

    run(test())


def test_a_lost_connection_is_told_and_opened_anew_when_needed():
    async def test():
        async with joined() as (rig, server, peer):
            rig.transport.send(b"1", peer)
            (await server.writers.get()).close()
            assert await rig.broken.get() == (peer, f"{peer} closed the connection")
            rig.transport.send(b"2", peer)
            await server.read(b"12")
            assert len(server.peers) == 2
            assert server.peers[0] == server.peers[1], "the port that our Via names"
            assert rig.refused.empty()

    run(test())


@pytest.mark.parametrize(
    ("busy", "lasted", "again"), [(True, 0.0, True), (True, 60.0, False), (False, 0.0, False)]
)
def test_during_calls_a_lost_connection_is_opened_again(monkeypatch, busy, lasted, again):
    monkeypatch.setattr(stream, "RECONNECT_SECONDS", lasted)

    async def test():
        async with joined() as (rig, server, peer):
            rig.busy = busy
            rig.transport.send(b"1", peer)
            (await server.writers.get()).close()
            await rig.broken.get()
            if again:
                await server.writers.get()
                assert server.peers[0] == server.peers[1], "the port that our Contact names"
            else:
                for _ in range(5):
                    await asyncio.sleep(0)
                assert len(server.peers) == 1
                assert not rig.transport._connections

    run(test())


def test_where_the_port_is_taken_meanwhile_another_does(monkeypatch):
    monkeypatch.setattr(stream, "RECONNECT_SECONDS", 0.0)

    async def test():
        async with joined() as (rig, server, peer):
            rig.busy = True
            rig.transport.send(b"1", peer)
            writer = await server.writers.get()
            bind = socket.socket.bind

            def refuse_old(self, name):
                if name[1]:
                    raise OSError(98, "Address already in use")
                bind(self, name)

            monkeypatch.setattr(
                stream.socket, "socket", type("S", (socket.socket,), {"bind": refuse_old})
            )
            writer.close()
            await server.writers.get()
            assert server.peers[0] != server.peers[1]

    run(test())


def test_what_is_no_sip_ends_the_connection():
    async def test():
        async with joined() as (rig, server, peer):
            rig.transport.send(b"1", peer)
            writer = await server.writers.get()
            writer.write(MESSAGE + b"GET / HTTP/1.1\r\n\r\n" + MESSAGE)
            assert (await rig.received.get())[0] == MESSAGE
            _, problem = await rig.broken.get()
            assert problem.startswith(f"{peer} sent what is no SIP: a message without")
            assert rig.received.empty()

    run(test())


def test_one_message_that_is_not_handled_does_not_end_the_rest():
    async def test():
        async with joined() as (rig, server, peer):
            handled = []

            def receive(data, source):
                handled.append(data)
                if len(handled) == 1:
                    raise ValueError("a bug")
                rig.received.put_nowait(data)

            rig.transport._receive = receive
            rig.transport.send(b"1", peer)
            (await server.writers.get()).write(MESSAGE * 2)
            assert await rig.received.get() == MESSAGE
            assert [event for event, _ in rig.logged] == ["message not handled"]

    run(test())


def test_pongs_for_who_has_gone_fill_no_log(caplog):
    async def test():
        async with joined() as (rig, server, peer):
            rig.transport.send(b"1", peer)
            await server.read(b"1")
            connection = rig.transport._connections[peer]
            connection._transport.abort()  # as after a reset, of which we are told in the next turn
            connection.data_received(b"\r\n\r\n" * 1000)
            await connection._lost.wait()

    run(test())
    assert caplog.records == []


def test_a_ping_gets_a_pong():
    async def test():
        async with joined() as (rig, server, peer):
            rig.transport.send(b"1", peer)
            writer = await server.writers.get()
            await server.read(b"1")
            writer.write(b"\r\n" + MESSAGE + b"\r\n\r\n")
            await server.read(b"\r\n")
            assert await rig.received.get() == (MESSAGE, peer)

    run(test())


def test_pings_are_sent_and_must_be_answered_by_who_has_answered_one(monkeypatch):
    monkeypatch.setattr(stream_connection, "PONG_SECONDS", 0.02)

    async def test():
        async with joined(options=StreamOptions(keepalive=0.01)) as (rig, server, peer):
            rig.transport.local_address(peer)
            writer = await server.writers.get()
            await server.read(b"\r\n\r\n")
            await server.read(b"\r\n\r\n")  # who never answered may not know pings
            writer.write(b"\r\n")
            old = rig.transport.local_address(peer)
            assert await rig.broken.get() == (peer, f"{peer} answers no more")
            assert rig.transport.local_address(peer) != old, "the system keeps the port for a while"

    run(test())


def test_who_takes_nothing_any_more_is_given_up(monkeypatch):
    monkeypatch.setattr(stream_connection, "LARGEST_BACKLOG", 10)

    async def test():
        rig = Rig()
        peer = Address("127.0.0.1", closed_port("127.0.0.1"), Transport.TCP)
        rig.transport.send(b"x" * 11, peer)
        assert await rig.refused.get() == (peer, f"{peer} takes nothing any more")
        await rig.transport.close()

    run(test())


def test_who_was_given_up_while_connecting_is_not_written_to(monkeypatch):
    monkeypatch.setattr(stream_connection, "LARGEST_BACKLOG", 10)

    async def test():
        async with joined() as (rig, server, peer):
            rig.transport.send(b"x" * 11, peer)
            await rig.refused.get()
            (await server.writers.get()).close()
            assert server.received.empty()

    run(test())


def test_nothing_more_is_read_from_who_takes_no_answer():
    async def test():
        async with joined(options=StreamOptions(keepalive=60)) as (rig, server, peer):
            rig.transport.send(b"1", peer)
            writer = await server.writers.get()
            await server.read(b"1")
            connection = rig.transport._connections[peer]
            connection._transport.get_write_buffer_size = lambda: 1 << 30
            rig.transport._receive = lambda data, _: (
                rig.received.put_nowait(data),
                rig.transport.send(b"answer", peer),
            )
            writer.write(MESSAGE * 2)
            assert await rig.broken.get() == (peer, f"{peer} takes nothing any more")
            assert rig.received.qsize() == 1
            connection._ping()
            assert connection._timer.cancelled()

    run(test())


def test_an_address_that_no_socket_can_have_is_told():
    async def test():
        rig = Rig()
        rig.transport._local_host = lambda _: "127.0.0.1"
        peer = Address("127.0.0.1", 70000, Transport.TCP)
        rig.transport.send(b"x", peer)
        assert await rig.refused.get() == (peer, "70000 is no port; ports go from 0 to 65535")
        rig.transport._local_host = lambda _: "192.0.2.1"
        with pytest.raises(NetworkError, match=r"^192\.0\.2\.1 has no port for a connection: "):
            rig.transport.local_address(Address("127.0.0.1", 9, Transport.TCP))
        await rig.transport.close()

    run(test())


def test_nothing_is_told_after_close():
    async def test():
        async with joined() as (rig, server, peer):
            rig.transport.send(b"last words", peer)
            await server.writers.get()
            rig.transport.send(b"x", Address("127.0.0.1", 9, Transport.TCP))
            rig.transport.send(b"x", Address("255.255.255.255", 9, Transport.TCP))
            await rig.transport.close()
            await rig.transport.close()
            rig.transport.send(b"too late", peer)
            await server.read(b"last words")
            assert rig.refused.empty()

    run(test())


def test_a_peer_that_does_not_say_goodbye_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(stream_connection, "CLOSE_SECONDS", 0.01)

    async def test():
        async with joined() as (rig, server, peer):
            rig.transport.send(b"1", peer)
            await server.read(b"1")
            connection = rig.transport._connections[peer]
            connection._transport.close = lambda: None
            await rig.transport.close()

    run(test())
