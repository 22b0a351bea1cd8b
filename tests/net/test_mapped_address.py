"""STUN through SIP's own socket, from the line's network down to servers on loopback."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

import pytest
from attrs import frozen

from siptapi_core.contracts import ResolveContext, Resolved
from siptapi_core.errors import NetworkError, ResolveError
from siptapi_core.events import CallEnded, CallFailed, Outcome, Stage
from siptapi_core.machine.refer_plan import ReferPlan
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.line_network import LineNetwork
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.stun import StunClass, StunMessage
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, HostPort, Target, Transport

MAPPED = Address("198.51.100.7", 40000)
PROXY = SipUri("127.0.0.1", port=9)
NOWHERE = HostPort("nowhere.test", 3478, Transport.UDP, "nowhere.test")


class Log:
    """Keeps the warnings."""

    def __init__(self):
        self.warnings = []
        self.warned = asyncio.Event()

    def debug(self, event, **values): ...

    info = error = debug

    def warning(self, event, **values):
        self.warnings.append((event, values))
        self.warned.set()


class Literals:
    """A resolver of IP literals; a URI may ask for a transport."""

    async def resolve(self, target: Target, context: ResolveContext) -> Resolved:
        if target.host.endswith(".test"):
            raise ResolveError(f"there is no {target.host}")
        transport = target.transport or "udp"
        address = Address(target.host, target.port, Transport(transport))
        return Resolved(targets=(address,), why="literal")


class StunServer(asyncio.DatagramProtocol):
    """Sees everybody at ``sees``."""

    def __init__(self, sees=MAPPED):
        self.sees = sees
        self.asked = []

    async def open(self, host="127.0.0.1"):
        self.transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=(host, 0)
        )
        return self

    @property
    def address(self):
        return Address(*self.transport.get_extra_info("sockname")[:2])

    @property
    def host_port(self):
        return HostPort(self.address.host, self.address.port, Transport.UDP, "")

    def datagram_received(self, data, source):
        request = StunMessage.parse(data)
        assert request.message_class is StunClass.REQUEST
        self.asked.append(source)
        mapped = (self.sees.host, self.sees.port)
        answer = StunMessage.binding_success(request.transaction_id, mapped).encode()
        self.transport.sendto(answer, source)


@frozen
class Rig:
    network: SipNetwork
    line: LineNetwork
    log: Log
    servers: list[StunServer]

    def ask(self, *servers, towards=PROXY, refresh=25.0):
        return self.line.mapped_address(
            towards, [server.host_port for server in self.servers] + [*servers], refresh=refresh
        )


def on_rig(test, *servers):
    """Run ``test(rig)`` with these servers up."""

    async def run():
        log, clock = Log(), SystemClock()
        network = await SipNetwork.open(
            clock=clock, identifiers=SystemIdentifiers(), logger=log, hosts=("127.0.0.1",)
        )
        chain = ResolverChain([("literals", Literals())], line="desk", clock=clock)
        line = LineNetwork(network, chain, None, line="desk")
        opened = [await server.open() for server in servers]
        try:
            await test(Rig(network, line, log, opened))
        finally:
            await network.close()
            for server in opened:
                server.transport.close()

    asyncio.run(asyncio.wait_for(run(), 20))


def test_the_servers_are_asked_through_the_socket_of_sip():
    async def test(rig):
        assert await rig.ask() == MAPPED
        port = rig.network.agent.local_address(Address("127.0.0.1", 9)).port
        assert [server.asked for server in rig.servers] == [[("127.0.0.1", port)]] * 2

    on_rig(test, StunServer(), StunServer())


def test_of_several_sockets_it_is_the_one_that_the_proxy_is_reached_by():
    async def test(rig):
        hosts = ("127.0.0.1", "127.0.0.2")
        options = {"clock": SystemClock(), "identifiers": SystemIdentifiers(), "logger": rig.log}
        network = await SipNetwork.open(hosts=hosts, **options)
        by_way_of_the_second = network._sockets[False]["127.0.0.2"]
        network._socket = lambda towards: by_way_of_the_second
        server = rig.servers[0]
        await network.mapped_address(Address("127.0.0.9", 9), (server.address,), 25.0)
        assert server.asked == [("127.0.0.2", by_way_of_the_second.bound.port)]
        await network.close()

    on_rig(test, StunServer())


def test_what_was_said_is_believed_for_a_while():
    async def test(rig):
        assert await asyncio.gather(rig.ask(), rig.ask()) == [MAPPED, MAPPED]
        assert await rig.ask() == MAPPED
        assert len(rig.servers[0].asked) == 1

    on_rig(test, StunServer())


def test_without_a_refresh_it_is_asked_each_time():
    async def test(rig):
        await rig.ask(refresh=0)
        await rig.ask(refresh=0)
        assert len(rig.servers[0].asked) == 2

    on_rig(test, StunServer())


def test_a_change_of_the_mapping_is_logged():
    async def test(rig):
        rig.network.agent.register("call", "tag", None)  # a call is going on
        await rig.ask(refresh=0.05)
        rig.servers[0].sees = Address("198.51.100.7", 40001)
        await rig.log.warned.wait()
        ((event, values),) = rig.log.warnings
        assert "the NAT has changed our address" in event
        assert values["before"] == "udp:198.51.100.7:40000"
        assert values["now"] == "udp:198.51.100.7:40001"

    on_rig(test, StunServer())


def test_servers_that_disagree():
    async def test(rig):
        with pytest.raises(NetworkError, match="symmetric"):
            await rig.ask()

    on_rig(test, StunServer(), StunServer(Address("198.51.100.7", 40001)))


def test_who_gave_up_waiting_is_not_told():
    async def test(rig):
        impatient = asyncio.ensure_future(rig.ask())
        await asyncio.sleep(0)
        patient = asyncio.ensure_future(rig.ask())
        await asyncio.sleep(0)
        impatient.cancel()
        assert await patient == MAPPED
        assert impatient.cancelled()

    on_rig(test, StunServer())


@pytest.mark.skipif(not hasattr(socket, "MSG_ERRQUEUE"), reason="only Linux tells who refused")
def test_nobody_is_there():
    async def test(rig):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        with pytest.raises(NetworkError, match="nobody is there"):
            await rig.ask(HostPort("127.0.0.1", port, Transport.UDP, ""))

    on_rig(test)


def test_a_server_that_cannot_be_found_does_not_keep_the_others_from_answering():
    async def test(rig):
        assert await rig.ask(NOWHERE) == MAPPED

    on_rig(test, StunServer())


def test_a_server_whose_address_is_spelt_otherwise():
    async def test(rig):
        server = await StunServer(Address("2001:db8::7", 1)).open("::1")
        options = {"clock": SystemClock(), "identifiers": SystemIdentifiers(), "logger": rig.log}
        network = await SipNetwork.open(hosts=("::1",), **options)
        chain = ResolverChain([("literals", Literals())], line="desk", clock=SystemClock())
        port = server.address.port
        where = HostPort("0:0:0:0:0:0:0:1", port, Transport.UDP, "")
        mapped = await LineNetwork(network, chain, None).mapped_address(
            SipUri("::1", port=9), [where], refresh=0
        )
        assert mapped == Address("2001:db8::7", 1)
        await network.close()
        server.transport.close()

    on_rig(test)


def test_no_server_can_be_found():
    async def test(rig):
        with pytest.raises(NetworkError, match=r"can be asked: .*there is no nowhere\.test"):
            await rig.ask(NOWHERE)
        with pytest.raises(NetworkError, match="none has an IPv4 address"):
            await rig.ask(HostPort("::1", 3478, Transport.UDP, ""))

    on_rig(test)


def test_stun_is_for_udp():
    async def test(rig):
        with pytest.raises(NetworkError, match="over TCP, which needs no STUN"):
            await rig.ask(towards=PROXY.with_parameter("transport", "tcp"))
        with pytest.raises(ResolveError, match=r"there is no nowhere\.test"):
            await rig.ask(towards=SipUri("nowhere.test", port=5060))

    on_rig(test, StunServer())


def test_an_answer_that_nobody_asked_for_is_neither_traced_nor_taken_for_sip():
    async def test(rig):
        traced, received, ended = [], [], asyncio.Event()
        rig.network.tracers.append(traced.append)

        def receive(data, source, now):
            received.append(data)
            if data == b"end":
                ended.set()

        rig.network.agent.receive = receive
        us = rig.network.agent.local_address(Address("127.0.0.1", 9))
        answer = StunMessage.binding_success(bytes(12), ("198.51.100.7", 1)).encode()
        for data in (answer, b"\0no STUN", b"end"):
            rig.servers[0].transport.sendto(data, (us.host, us.port))
        await ended.wait()
        assert received == [b"\0no STUN", b"end"]
        assert [message.text for message in traced] == ["\0no STUN", "end"]

    on_rig(test, StunServer())


def test_lines_without_stun_do_not_import_it():
    program = (
        "import sys; import siptapi_core.net.line_network, siptapi_plugins.refer_via_stun;"
        "print([name for name in sys.modules if 'stun' in name and 'refer_via_stun' not in name])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"


# --- a plan that is made inside the attempt ------------------------------------------------------


def make_plan(**parts):
    account = SipUri("pbx.test", "200")
    parts = {"next_hop": PROXY} | parts
    return ReferPlan(
        strategy="test",
        target=account,
        from_=NameAddr(account),
        refer_to=SipUri("pbx.test", "301"),
        referred_by=account,
        **parts,
    )


async def happenings(attempt):
    return [each async for each in attempt.events()]


def test_a_plan_is_made_inside_the_attempt():
    async def test(rig):
        async def planning():
            return make_plan(next_hop=SipUri("nowhere.test"), direct=True)

        failed, ended = await happenings(rig.line.refer_call(planning))
        assert "there is no nowhere.test" in failed.reason
        assert ended == CallEnded(Outcome.FAILED, Stage.PHONE)

    on_rig(test)


@pytest.mark.parametrize(
    ("error", "words"),
    [(NetworkError("no way"), "no way"), (ZeroDivisionError("oh"), "broke while it made its plan")],
)
def test_a_plan_that_cannot_be_made_is_a_failed_attempt(error, words):
    async def test(rig):
        async def planning():
            raise error

        failed, ended = await happenings(rig.line.refer_call(planning))
        assert isinstance(failed, CallFailed)
        assert words in failed.reason
        assert ended == CallEnded(Outcome.FAILED, Stage.PROXY)

    on_rig(test)


@pytest.mark.parametrize("moments", [0, 1, 2])
def test_a_hang_up_while_the_plan_is_made(moments):
    async def test(rig):
        async def planning():
            await asyncio.Event().wait()

        attempt = rig.line.refer_call(planning)
        for _ in range(moments):
            await asyncio.sleep(0)
        await attempt.hang_up()
        assert await happenings(attempt) == [CallEnded(Outcome.CANCELLED, Stage.PROXY)]

    on_rig(test)
