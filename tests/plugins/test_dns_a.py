from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

from siptapi_core import (
    Address,
    Context,
    HostPort,
    NoSettings,
    Number,
    ResolveContext,
    ResolveError,
    SipUri,
    SrvName,
    Transport,
)
from siptapi_core.logs import logger
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.testing.fake_clock import FakeClock
from siptapi_core.testing.fake_dns import FakeDns
from siptapi_plugins import dns_a

UDP, TCP, TLS = Transport


def resolve(target):
    resolver = dns_a.AddressResolver(FakeDns())
    context = ResolveContext(line="desk", seconds_left=5.0)
    return asyncio.run(resolver.resolve(target, context))


def resolve_uri(text):
    return resolve(SipUri.parse(text)).targets


def host_port(host, transport=UDP, port=5060):
    return HostPort(host, port, transport, "sip.example")


@pytest.fixture
def system(monkeypatch):
    """What the system knows of names; records what it was asked."""

    class System:
        def __init__(self):
            self.names = {}
            self.failure = None
            self.asked = []

        def getaddrinfo(self, host, port, family=0, type=0, proto=0, flags=0):  # noqa: A002
            self.asked.append((host, port, type))
            if self.failure is not None:
                raise self.failure
            return [
                (socket.AF_INET6 if ":" in name[0] else socket.AF_INET, type, 17, "", name)
                for name in self.names[host]
            ]

    system = System()
    monkeypatch.setattr(socket, "getaddrinfo", system.getaddrinfo)
    return system


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("sip:192.0.2.1", Address("192.0.2.1", 5060)),
        ("sip:bob@192.0.2.1:5070", Address("192.0.2.1", 5070)),
        ("sip:[2001:db8::1]", Address("2001:db8::1", 5060)),
        ("sip:[2001:db8::1]:5070;transport=udp", Address("2001:db8::1", 5070)),
        ("sip:192.0.2.1;transport=TCP", Address("192.0.2.1", 5060, TCP)),
        ("sip:192.0.2.1;transport=tls", Address("192.0.2.1", 5061, TLS, "192.0.2.1")),
        ("sips:192.0.2.1", Address("192.0.2.1", 5061, TLS, "192.0.2.1")),
        ("sips:192.0.2.1:5070;transport=tcp", Address("192.0.2.1", 5070, TLS, "192.0.2.1")),
        ("sips:192.0.2.1;transport=tls", Address("192.0.2.1", 5061, TLS, "192.0.2.1")),
        ("sip:sip.example;maddr=192.0.2.9", Address("192.0.2.9", 5060)),
        ("sips:sip.example;maddr=192.0.2.9", Address("192.0.2.9", 5061, TLS, "sip.example")),
    ],
)
def test_an_ip_address_is_itself_and_nobody_is_asked(system, text, address):
    assert resolve_uri(text) == (address,)
    assert system.asked == []


def test_a_name_becomes_the_systems_addresses_in_its_order(system):
    system.names["sip.example"] = [
        ("2001:db8::1", 5070, 0, 0),
        ("192.0.2.1", 5070),
        ("2001:db8::1", 5070, 0, 0),
        ("fe80::1", 5070, 0, 2),
    ]
    resolved = resolve(SipUri.parse("sip:bob@sip.example:5070"))
    assert resolved.targets == (
        Address("2001:db8::1", 5070),
        Address("192.0.2.1", 5070),
        Address("fe80::1%2", 5070),
    )
    assert "sip.example" in resolved.why
    assert resolved.ttl is None
    assert system.asked == [("sip.example", 5070, socket.SOCK_DGRAM)]


def test_what_srv_decided_is_kept(system):
    system.names["proxy.sip.example"] = [("192.0.2.1", 5071)]
    resolved = resolve(HostPort("proxy.sip.example", 5071, TLS, "sip.example"))
    assert resolved.targets == (Address("192.0.2.1", 5071, TLS, "sip.example"),)
    assert system.asked == [("proxy.sip.example", 5071, socket.SOCK_STREAM)]


def test_only_tls_expects_a_certificate():
    assert resolve(host_port("192.0.2.1", TLS)).targets[0].verify_name == "sip.example"
    assert resolve(host_port("192.0.2.1", TCP)).targets[0].verify_name is None
    assert resolve(host_port("192.0.2.1", UDP)).targets[0].verify_name is None


def test_localhost_is_this_machine():
    hosts = {address.host for address in resolve_uri("sip:localhost")}
    assert hosts & {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "target", [Number("112"), SrvName("_sip._udp.sip.example", UDP, ""), Address("192.0.2.1", 5060)]
)
def test_other_steps_are_left_to_others(target):
    assert resolve(target) is None


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("sip:sip.example;transport=sctp", "no transport 'sctp'; there is udp, tcp, tls"),
        ("sips:192.0.2.1;transport=udp", "sips goes over TLS, never over UDP"),
    ],
)
def test_a_transport_that_cannot_be_had_is_an_error(uri, words):
    with pytest.raises(ResolveError, match=words) as caught:
        resolve_uri(uri)
    assert not caught.value.temporary


@pytest.mark.parametrize("name", ["EAI_NONAME", "EAI_NODATA"])
def test_a_name_that_does_not_exist_is_nothing(system, name):
    number = getattr(socket, name, socket.EAI_NONAME)
    system.failure = socket.gaierror(number, "Name or service not known")
    resolved = resolve(host_port("no.example"))
    assert resolved.targets == ()
    assert resolved.why == "looking up no.example: Name or service not known"


@pytest.mark.parametrize(("name", "temporary"), [("EAI_AGAIN", True), ("EAI_FAIL", False)])
def test_a_look_up_that_fails_says_whether_it_may_work_later(system, name, temporary):
    system.failure = socket.gaierror(getattr(socket, name), "Failure in name resolution")
    with pytest.raises(ResolveError, match=r"looking up no\.example: Failure") as caught:
        resolve(host_port("no.example"))
    assert caught.value.temporary is temporary


@pytest.mark.parametrize("host", ["a..example", "x" * 64 + ".example", "nul\0.example", "\ud800"])
def test_what_can_be_no_name_is_an_error_and_not_asked_of_anyone(host):
    with pytest.raises(ResolveError, match="is no host name") as caught:
        resolve(host_port(host))
    assert not caught.value.temporary


def test_a_look_up_that_hangs_holds_up_neither_the_limit_nor_the_end(monkeypatch):
    answer = threading.Event()
    threads = []

    def getaddrinfo(*args, **options):
        threads.append(threading.current_thread())
        answer.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    chain = ResolverChain(
        [("a", dns_a.AddressResolver(FakeDns()))],
        line="desk",
        clock=SystemClock(),
        limit_seconds=0.05,
    )
    begun = time.monotonic()
    with pytest.raises(ResolveError, match=r"not resolved within 0\.05 s") as caught:
        asyncio.run(chain.next_hop(SipUri("slow.example")))
    assert caught.value.temporary
    assert time.monotonic() - begun < 5
    (thread,) = threads
    assert thread.daemon
    answer.set()
    thread.join(10)  # its answer, with the loop closed, disturbs nobody
    assert not thread.is_alive()


def test_an_answer_after_the_limit_disturbs_nobody(monkeypatch):
    answer = threading.Event()

    def getaddrinfo(*args, **options):
        answer.wait(10)
        return []

    async def scenario():
        failures = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: failures.append(context))
        look_up = loop.create_task(
            dns_a.AddressResolver(FakeDns()).resolve(
                host_port("slow.example"), ResolveContext(line="desk", seconds_left=5.0)
            )
        )
        await asyncio.sleep(0)
        look_up.cancel()
        await asyncio.wait([look_up])
        answer.set()
        for thread in threading.enumerate():
            if thread.name == "look up slow.example":
                thread.join(10)
        await asyncio.sleep(0)
        assert failures == []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    asyncio.run(scenario())


def test_it_is_offered_by_name():
    (offer,) = dns_a.siptapi_resolvers()
    assert offer.name == "a"
    assert offer.settings is NoSettings
    context = Context(clock=FakeClock(), dns=FakeDns(), logger=logger("test"))
    resolver = offer.create(NoSettings(), context)
    context = ResolveContext(line="desk", seconds_left=5.0)
    resolved = asyncio.run(resolver.resolve(SipUri("192.0.2.1"), context))
    assert resolved.targets == (Address("192.0.2.1", 5060),)


# Servers of the settings


def resolve_by(dns, target):
    context = ResolveContext(line="desk", seconds_left=5.0)
    return asyncio.run(dns_a.AddressResolver(dns).resolve(target, context))


def test_servers_of_the_settings_are_asked_and_the_system_is_not(system):
    dns = FakeDns(addresses={"sip.example": ["127.0.0.1", "::1", "127.0.0.1"]})
    resolved = resolve_by(dns, host_port("sip.example", TLS, 5061))
    assert set(resolved.targets) == {
        Address("::1", 5061, TLS, "sip.example"),
        Address("127.0.0.1", 5061, TLS, "sip.example"),
    }
    assert len(resolved.targets) == 2
    assert resolved.ttl == 60.0
    assert dns.asked == [("A", "sip.example")]
    assert system.asked == []


def test_those_without_a_way_come_last_else_ipv6_first(monkeypatch):
    def has_way(address):
        return address.host != "2001:db8::1"

    monkeypatch.setattr(dns_a, "_has_way", has_way)
    hosts = ["127.0.0.2", "127.0.0.1", "2001:db8::1", "2001:db8::2"]
    dns = FakeDns(addresses={"sip.example": hosts})
    resolved = resolve_by(dns, host_port("sip.example"))
    found = [address.host for address in resolved.targets]
    assert found == ["2001:db8::2", "127.0.0.2", "127.0.0.1", "2001:db8::1"]


def test_a_way_is_there_where_a_socket_could_send():
    assert dns_a._has_way(Address("127.0.0.1", 5060))
    assert not dns_a._has_way(Address("999.0.0.1", 5060))


def test_what_they_do_not_know_is_nothing_and_a_failure_is_one():
    dns = FakeDns(addresses={"down.example": ResolveError("nobody answered", temporary=True)})
    nothing = resolve_by(dns, host_port("no.example"))
    assert nothing.targets == ()
    with pytest.raises(ResolveError, match="nobody answered"):
        resolve_by(dns, host_port("down.example"))


def test_localhost_is_the_system_s_all_the_same(system):
    system.names["LOCALHOST"] = [("127.0.0.1", 5060)]
    dns = FakeDns(addresses={})
    assert resolve_by(dns, host_port("LOCALHOST")).targets == (Address("127.0.0.1", 5060),)
    assert dns.asked == []
