from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import asynccontextmanager

import pytest

from siptapi_core.errors import NetworkError
from siptapi_core.net import icmp_errors, udp
from siptapi_core.net.udp import DATAGRAMS_A_WAKE_UP, LONGEST_QUEUE, ROUTE_SECONDS, UdpTransport
from siptapi_core.targets import Address

LOOPBACKS = ["127.0.0.1", "::1"]
NOWHERE = Address("127.0.0.1", 9)
LARGEST = 9216 if sys.platform == "darwin" else 65507

on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux says which packet was refused"
)


class WithoutReaders(asyncio.SelectorEventLoop):
    """As the Windows Proactor: no file descriptor can be watched."""

    def add_reader(self, *args):
        raise NotImplementedError

    def add_writer(self, *args):
        raise NotImplementedError


Run = Callable[[Coroutine[object, object, object]], None]


@pytest.fixture(params=[asyncio.SelectorEventLoop, WithoutReaders], ids=["readers", "none"])
def run(request) -> Run:
    def run_in_loop(coroutine):
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(coroutine, 10))

    return run_in_loop


@pytest.fixture
def run_with_readers() -> Run:
    def run_in_loop(coroutine):
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(asyncio.wait_for(coroutine, 10))

    return run_in_loop


class Recorder:
    """The other end of a transport's callbacks, and its logger."""

    def __init__(self):
        self.received = asyncio.Queue()
        self.refused = asyncio.Queue()
        self.problems = []
        self.logged = []

    def receive(self, data, source):
        self.received.put_nowait((data, source))

    def refuse(self, to, problem):
        self.problems.append(problem)
        self.refused.put_nowait(to)

    def debug(self, event, **values):
        self.logged.append(("debug", event, values))

    def info(self, event, **values):
        self.logged.append(("info", event, values))

    def error(self, event, **values):
        self.logged.append(("error", event, values))


@asynccontextmanager
async def opened(host="127.0.0.1", port=0, receive=None):
    recorder = Recorder()
    transport = await UdpTransport.open(
        host=host,
        port=port,
        receive=receive or recorder.receive,
        refused=recorder.refuse,
        logger=recorder,
    )
    try:
        yield transport, recorder
    finally:
        await transport.close()


def own_address(transport, host="127.0.0.1"):
    return transport.local_address(Address(host, 9))


async def a_closed_port(host="127.0.0.1") -> Address:
    async with opened(host) as (transport, _):
        return own_address(transport, host)


class Tampered:
    """A real socket with some of its methods replaced."""

    def __init__(self, real, **methods):
        self._real = real
        self._methods = methods

    def __getattr__(self, name):
        return self._methods.get(name) or getattr(self._real, name)


@pytest.fixture
def tampered(monkeypatch):
    """Let every transport have a socket whose ``method`` calls ``replacement(real, *args)``."""
    really_bound = udp._bound_socket

    def tamper(method, replacement):
        def bound(host, port):
            real = really_bound(host, port)
            return Tampered(real, **{method: lambda *args: replacement(real, *args)})

        monkeypatch.setattr(udp, "_bound_socket", bound)

    return tamper


# What it is for


@pytest.mark.parametrize("host", LOOPBACKS)
def test_a_datagram_arrives_with_the_address_it_came_from(run, host):
    async def scenario():
        async with opened(host) as (alice, _), opened(host) as (bob, at_bob):
            alice.send(b"hello", own_address(bob, host))
            assert await at_bob.received.get() == (b"hello", own_address(alice, host))

    run(scenario())


@pytest.mark.parametrize("size", [0, 1, LARGEST])
@pytest.mark.parametrize("host", LOOPBACKS)
def test_a_datagram_of_any_size_arrives_whole(run, host, size):
    async def scenario():
        async with opened(host) as (alice, _), opened(host) as (bob, at_bob):
            alice.send(b"x" * size, own_address(bob, host))
            data, _ = await at_bob.received.get()
            assert data == b"x" * size

    run(scenario())


def test_an_address_is_made_once_for_many_datagrams(run):
    async def scenario():
        async with opened() as (alice, _), opened() as (bob, at_bob):
            for _ in range(2):
                alice.send(b"hello", own_address(bob))
            (_, first), (_, second) = [await at_bob.received.get() for _ in range(2)]
            assert first is second

    run(scenario())


def test_the_memory_of_addresses_is_bounded(run, monkeypatch):
    monkeypatch.setattr(udp, "CACHE_SIZE", 2)

    async def scenario():
        async with opened() as (alice, at_alice):
            for _ in range(5):
                async with opened() as (bob, _):
                    bob.send(b"hello", own_address(alice))
                    _, source = await at_alice.received.get()
                    assert source == own_address(bob)
            assert len(alice._sources) <= 2

    run(scenario())


def test_more_may_wait_than_the_system_gives_by_itself(run_with_readers):
    async def scenario():
        size = (socket.SOL_SOCKET, socket.SO_RCVBUF)
        async with opened() as (transport, _):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as usual:
                assert transport._socket.getsockopt(*size) > usual.getsockopt(*size)

    run_with_readers(scenario())


def test_other_work_has_its_turn_after_some_datagrams(run_with_readers):
    async def scenario():
        received = []
        at_the_next_turn = []

        def receive(data, source):
            if not received:
                loop.call_soon(lambda: at_the_next_turn.append(len(received)))
            received.append(data)
            if len(received) == 100:
                finished.set()

        loop = asyncio.get_running_loop()
        finished = asyncio.Event()
        async with opened(receive=receive) as (transport, _):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                to = own_address(transport)
                for number in range(100):
                    sender.sendto(b"%d" % number, (to.host, to.port))
            await finished.wait()
        assert received == [b"%d" % number for number in range(100)]
        assert at_the_next_turn == [DATAGRAMS_A_WAKE_UP]

    run_with_readers(scenario())


def test_what_one_datagram_raises_does_not_stop_the_next(run):
    async def scenario():
        received = asyncio.Queue()

        def receive(data, source):
            if data == b"bad":
                raise LookupError(data)
            received.put_nowait(data)

        async with opened(receive=receive) as (transport, recorder):
            to = own_address(transport)
            transport.send(b"bad", to)
            transport.send(b"good", to)
            assert await received.get() == b"good"
            ((level, _, values),) = recorder.logged
            assert level == "error"
            assert values["source"] == str(to)
            assert isinstance(values["exc_info"], LookupError)

    run(scenario())


# Opening and closing


@pytest.mark.parametrize("host", LOOPBACKS)
def test_a_taken_port_is_an_error_that_names_it(run, host):
    async def scenario():
        async with opened(host) as (transport, _):
            taken = own_address(transport, host)
            with pytest.raises(NetworkError, match="in use") as caught:
                async with opened(host, taken.port):
                    pass
            assert str(taken) in str(caught.value)

    run(scenario())


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("192.0.2.77", 5060, "udp:192.0.2.77:5060 is no address of this machine"),
        ("localhost", 5060, "'localhost' is no IP address"),
        ("127.0.0.1", 65536, "65536 is no port"),
        ("127.0.0.1", -1, "-1 is no port"),
    ],
)
def test_what_cannot_be_opened_is_an_error_that_says_why(run_with_readers, host, port, words):
    async def scenario():
        with pytest.raises(NetworkError, match=words):
            async with opened(host, port):
                pass

    run_with_readers(scenario())


def test_a_machine_without_ipv6_gets_an_error(run_with_readers, monkeypatch):
    def no_socket(*args):
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    async def scenario():
        with monkeypatch.context() as patch:
            patch.setattr(udp.socket, "socket", no_socket)
            with pytest.raises(NetworkError, match=r"udp:\[::1\]:5060 .* not supported"):
                await UdpTransport.open(
                    host="::1", port=5060, receive=None, refused=None, logger=None
                )

    run_with_readers(scenario())


def test_close_gives_the_port_back_and_ends_everything(run):
    async def scenario():
        async with opened() as (transport, recorder), opened() as (other, _):
            address = own_address(transport)
            transport.send(b"refused", Address("::1", 9))
            await transport.close()
            await transport.close()
            transport.send(b"late", own_address(other))
            other.send(b"late", address)
            await turns_of_the_loop()
            async with opened(port=address.port) as (again, at_again):
                other.send(b"hello", own_address(again))
                assert (await at_again.received.get())[0] == b"hello"
            assert recorder.received.empty()
            assert recorder.refused.empty()

    run(scenario())


# Refusals


@on_linux
@pytest.mark.parametrize("host", LOOPBACKS)
def test_a_refused_port_is_told_and_delays_nobody_else(run, host):
    async def scenario():
        dead = await a_closed_port(host)
        async with opened(host) as (alice, at_alice), opened(host) as (bob, at_bob):
            for number in range(20):
                alice.send(b"anybody?", dead)
                alice.send(b"%d" % number, own_address(bob, host))
            assert [await at_alice.refused.get() for _ in range(20)] == [dead] * 20
            for number in range(20):
                assert (await at_bob.received.get())[0] == b"%d" % number
            bob.send(b"still here?", own_address(alice, host))
            assert (await at_alice.received.get())[0] == b"still here?"

    run(scenario())


@on_linux
def test_a_single_refusal_is_told(run):
    async def scenario():
        dead = await a_closed_port()
        async with opened() as (alice, at_alice):
            alice.send(b"anybody?", dead)
            assert await at_alice.refused.get() == dead
            ((level, event, values),) = at_alice.logged
            assert (level, event) == ("info", "packet refused")
            assert values == {"to": str(dead), "why": "Connection refused"}

    run(scenario())


@on_linux
def test_a_refusal_is_found_where_nothing_but_the_error_queue_tells_of_it(run_with_readers):
    async def scenario():
        dead = await a_closed_port()
        async with opened() as (alice, at_alice):
            alice.send(b"anybody?", dead)
            await turns_of_the_loop(1)
            assert alice._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            assert await at_alice.refused.get() == dead

    run_with_readers(scenario())


@on_linux
def test_a_loop_that_cannot_bear_an_error_queue_gets_none(run_with_readers, monkeypatch):
    async def scenario():
        recverr = (socket.IPPROTO_IP, 11)
        async with opened() as (transport, _):
            assert transport._socket.getsockopt(*recverr) == 1
        with monkeypatch.context() as patch:
            patch.setattr(asyncio, "SelectorEventLoop", type("AnotherKindOfLoop", (), {}))
            async with opened() as (transport, _):
                assert transport._socket.getsockopt(*recverr) == 0

    run_with_readers(scenario())


def test_an_error_that_will_pass_is_no_refusal(run, monkeypatch):
    async def scenario():
        async with opened() as (alice, at_alice), opened() as (bob, at_bob):
            bob_address = own_address(bob)
            passing = icmp_errors.IcmpError((bob_address.host, bob_address.port), 113, final=False)
            errors = [[passing]]
            monkeypatch.setattr(icmp_errors, "take", lambda _socket: errors.pop() if errors else [])
            alice._take_icmp_errors()
            alice.send(b"hello", bob_address)
            await at_bob.received.get()
            assert at_alice.refused.empty()
            assert not errors

    run(scenario())


@pytest.mark.parametrize(
    ("data", "to", "why"),
    [
        (b"x", Address("::1", 5060), "::1 is no IPv4 address"),
        (b"x", Address("sip.example", 5060), "'sip.example' is no IP address"),
        (b"x", Address("127.0.0.1", 70000), "70000 is no port"),
        (b"x" * 70000, NOWHERE, "Message too long|maximum|larger"),
        (b"x" * 65530, NOWHERE, "Message too long|maximum|larger"),
        (b"x", Address("255.255.255.255", 9), "ermission|access"),
    ],
    ids=["family", "name", "port", "size", "size with headers", "broadcast"],
)
def test_what_cannot_be_sent_is_refused_afterwards(run, data, to, why):
    async def scenario():
        async with opened() as (transport, recorder):
            transport.send(data, to)
            assert recorder.refused.empty(), "send called back before it returned"
            assert await recorder.refused.get() == to
            ((level, event, values),) = recorder.logged
            assert (level, event, values["to"]) == ("info", "packet refused", str(to))
            assert re.search(why, values["why"])
            assert recorder.problems == [f"there is no way to {to}: {values['why']}"]
            transport.send(b"hello", own_address(transport))
            assert (await recorder.received.get())[0] == b"hello"

    run(scenario())


def test_the_refused_address_has_no_verify_name(run):
    async def scenario():
        async with opened() as (transport, recorder):
            transport.send(b"x", Address("::1", 9, verify_name="sip.example"))
            assert await recorder.refused.get() == Address("::1", 9)

    run(scenario())


def test_a_read_that_fails_for_an_earlier_packet_is_passed_over(run, tampered):
    """As on Windows, where nobody says which packet it was (WSAECONNRESET)."""
    failures = [ConnectionResetError(10054, "reset")] * 3

    def recvfrom(real, size):
        if failures:
            raise failures.pop()
        return real.recvfrom(size)

    async def scenario():
        tampered("recvfrom", recvfrom)
        async with opened() as (transport, recorder):
            transport.send(b"hello", own_address(transport))
            assert (await recorder.received.get())[0] == b"hello"
            assert recorder.refused.empty()
            assert [event for _, event, _ in recorder.logged] == ["reading failed"] * 3

    run(scenario())


def test_a_send_that_fails_for_an_earlier_packet_is_made_again(run, tampered):
    failures = [ConnectionResetError(10054, "reset")] * 2

    def sendto(real, data, name):
        if failures:
            raise failures.pop()
        return real.sendto(data, name)

    async def scenario():
        tampered("sendto", sendto)
        async with opened() as (transport, recorder):
            transport.send(b"hello", own_address(transport))
            assert (await recorder.received.get())[0] == b"hello"
            assert recorder.refused.empty()
            assert recorder.logged == []

    run(scenario())


def test_a_proactor_that_reports_a_refusal_as_no_datagram_is_read_on():
    class Proactor(WithoutReaders):
        reported = False

        async def sock_recvfrom(self, sock, bufsize):
            if not self.reported:
                self.reported = True
                return b"", None
            return await super().sock_recvfrom(sock, bufsize)

    async def scenario():
        async with opened() as (transport, recorder):
            transport.send(b"hello", own_address(transport))
            assert (await recorder.received.get())[0] == b"hello"

    with asyncio.Runner(loop_factory=Proactor) as runner:
        runner.run(asyncio.wait_for(scenario(), 10))


# A full buffer


class Clog:
    """Makes ``sendto`` fail as with a full buffer, until it is opened."""

    def __init__(self):
        self.closed = True

    def sendto(self, real, data, name):
        if self.closed:
            raise BlockingIOError(errno.EAGAIN, "full")
        return real.sendto(data, name)


@pytest.fixture
def clog(tampered) -> Iterator[Clog]:
    clog = Clog()
    tampered("sendto", clog.sendto)
    return clog


def test_what_the_system_cannot_take_goes_out_later_in_order(run, clog):
    async def scenario():
        async with opened() as (transport, recorder):
            to = own_address(transport)
            for number in range(5):
                transport.send(b"%d" % number, to)
            await turns_of_the_loop()
            assert recorder.received.empty()
            clog.closed = False
            transport.send(b"5", to)
            received = [(await recorder.received.get())[0] for _ in range(6)]
            assert received == [b"0", b"1", b"2", b"3", b"4", b"5"]
            transport.send(b"6", to)
            assert (await recorder.received.get())[0] == b"6"
            assert transport.dropped == 0

    run(scenario())


async def turns_of_the_loop(number=5):
    for _ in range(number):
        await asyncio.sleep(0)


def test_a_queue_that_stays_full_loses_packets_and_counts_them(run, clog):
    async def scenario():
        async with opened() as (transport, recorder):
            to = own_address(transport)
            for number in range(LONGEST_QUEUE + 3):
                transport.send(b"%d" % number, to)
            assert transport.dropped == 3
            clog.closed = False
            received = [(await recorder.received.get())[0] for _ in range(200)]
            assert received == [b"%d" % number for number in range(200)]

    run(scenario())


def test_a_queue_is_tried_again_while_the_buffer_stays_full(run_with_readers, clog, monkeypatch):
    monkeypatch.setattr(udp, "PAUSE_SECONDS", 0)

    async def scenario():
        async with opened() as (transport, recorder):
            transport.send(b"hello", own_address(transport))
            await turns_of_the_loop()
            clog.closed = False
            assert (await recorder.received.get())[0] == b"hello"

    run_with_readers(scenario())
    with asyncio.Runner(loop_factory=WithoutReaders) as runner:
        clog.closed = True
        runner.run(asyncio.wait_for(scenario(), 10))


def test_close_sends_what_waits_for_the_next_turn(run):
    async def scenario():
        async with opened() as (transport, _), opened() as (other, at_other):
            transport.send(b"BYE", own_address(other))
            await transport.close()
            assert (await at_other.received.get())[0] == b"BYE"

    run(scenario())


def test_what_one_turn_sends_leaves_together_in_order(run, tampered):
    sent = []

    def sendto(real, data, name):
        sent.append(data)
        return real.sendto(data, name)

    async def scenario():
        tampered("sendto", sendto)
        async with opened() as (transport, _):
            for number in range(LONGEST_QUEUE + 1):
                transport.send(b"%d" % number, own_address(transport))
                assert len(sent) == (0 if number < LONGEST_QUEUE else LONGEST_QUEUE)
            await turns_of_the_loop()
            assert sent == [b"%d" % number for number in range(LONGEST_QUEUE + 1)]
            assert transport.dropped == 0

    run(scenario())


def test_close_forgets_what_is_queued(run, clog):
    async def scenario():
        async with opened() as (transport, _), opened() as (other, at_other):
            transport.send(b"queued", own_address(other))
            await transport.close()
            clog.closed = False
            other.send(b"hello", own_address(other))
            assert (await at_other.received.get())[0] == b"hello"

    run(scenario())


def test_a_send_that_meets_only_errors_of_others_is_queued(run, tampered, monkeypatch):
    calls = []

    def sendto(real, data, name):
        calls.append(data)
        if len(calls) <= udp.SEND_TRIES:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "somebody else's")
        return real.sendto(data, name)

    async def scenario():
        tampered("sendto", sendto)
        async with opened() as (transport, recorder):
            others = icmp_errors.IcmpError(("127.0.0.1", 9), errno.ECONNREFUSED, final=True)
            with monkeypatch.context() as patch:
                patch.setattr(icmp_errors, "take", lambda _socket: [others])
                transport.send(b"hello", own_address(transport))
                await turns_of_the_loop(1)
            assert (await recorder.received.get())[0] == b"hello"
            assert [await recorder.refused.get() for _ in range(udp.SEND_TRIES)] == [NOWHERE] * 3

    run(scenario())


# Local addresses


def test_the_local_address_of_a_bound_socket_is_where_it_is_bound(run):
    async def scenario():
        async with opened("127.0.0.3") as (transport, _):
            local = transport.local_address(Address("127.0.0.1", 5060))
            assert local.host == "127.0.0.3"
            assert local.port == transport._socket.getsockname()[1]

    run(scenario())


@pytest.mark.parametrize(("wildcard", "host"), [("0.0.0.0", "127.0.0.1"), ("::", "::1")])
def test_the_local_address_of_an_open_socket_is_the_one_towards_the_other_side(run, wildcard, host):
    async def scenario():
        async with opened(wildcard) as (transport, at_transport), opened(host) as (other, _):
            local = transport.local_address(own_address(other, host))
            assert local.host == host
            other.send(b"hello", local)
            assert await at_transport.received.get() == (b"hello", own_address(other, host))

    run(scenario())


def test_a_route_is_asked_for_again_when_it_is_old_or_failed(run, monkeypatch):
    asked = []

    def source_host(family, towards):
        asked.append(towards.host)
        return f"127.0.0.{len(asked)}"

    async def scenario():
        async with opened("0.0.0.0") as (transport, recorder):
            monkeypatch.setattr(udp, "source_host", source_host)
            loop = asyncio.get_running_loop()
            towards = Address("127.0.0.9", 5060)
            assert transport.local_address(towards).host == "127.0.0.1"
            assert transport.local_address(towards).host == "127.0.0.1"
            with monkeypatch.context() as patch:
                later = loop.time() + ROUTE_SECONDS
                patch.setattr(loop, "time", lambda: later)
                assert transport.local_address(towards).host == "127.0.0.2"
            transport.send(b"x" * 70000, towards)
            await recorder.refused.get()
            assert transport.local_address(towards).host == "127.0.0.3"
            assert asked == ["127.0.0.9"] * 3

    run(scenario())


@pytest.mark.parametrize(
    ("towards", "words"),
    [
        (Address("255.255.255.255", 9), "there is no way to udp:255.255.255.255:9"),
        (Address("::1", 9), "::1 is no IPv4 address"),
    ],
)
def test_no_way_there_is_an_error(run_with_readers, towards, words):
    async def scenario():
        async with opened("0.0.0.0") as (transport, _):
            with pytest.raises(NetworkError, match=words):
                transport.local_address(towards)

    run_with_readers(scenario())


def test_a_process_out_of_files_has_no_way_to_anybody_new(monkeypatch):
    def refuse(*_arguments):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(udp.socket, "socket", refuse)
    with pytest.raises(NetworkError, match=r"no way to .*: Too many open files"):
        udp.source_host(socket.AF_INET, Address("127.0.0.1", 5060))
