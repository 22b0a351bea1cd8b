from __future__ import annotations

import asyncio

import pytest

from siptapi_core import (
    Address,
    Context,
    HostPort,
    NoSettings,
    Number,
    PassedOn,
    ResolveContext,
    Resolved,
    ResolveError,
    Resolver,
    SipUri,
    SrvName,
    SrvRecord,
    Transport,
)
from siptapi_core.logs import logger
from siptapi_core.testing import ResolverContract
from siptapi_core.testing.fake_clock import FakeClock
from siptapi_core.testing.fake_dns import FakeDns
from siptapi_plugins import dns_srv

UDP, TCP, TLS = Transport
NAME = SrvName("_sip._udp.example.net", UDP, "example.com")
ONE, TWO = SrvRecord(10, 0, 5060, "one.example.net"), SrvRecord(20, 0, 5070, "two.example.net")
NOT_HERE = SrvRecord(0, 0, 0, "")
DOWN = ResolveError("nobody answered", temporary=True)


def resolve(target, transports=tuple(Transport), **zones):
    dns = FakeDns(srv={name.replace("_DOT_", "."): each for name, each in zones.items()})
    context = ResolveContext(line="desk", seconds_left=5.0, transports=transports)
    target = SipUri.parse(target) if isinstance(target, str) else target
    return asyncio.run(dns_srv.SrvResolver(dns).resolve(target, context)), dns.asked


def host(record, transport=UDP, verify_name="example.com"):
    return HostPort(record.target, record.port, transport, verify_name)


# The name that NAPTR gave


def test_a_name_leads_to_its_servers_in_order():
    resolved, asked = resolve(NAME, **{NAME.name: [ONE, TWO]})
    assert resolved.targets == (host(ONE), host(TWO))
    assert resolved.ttl == 60.0
    assert asked == [("SRV", NAME.name)]
    assert "10 0 one.example.net:5060, 20 0 two.example.net:5070" in resolved.why


def test_transport_and_certificate_are_what_was_decided_before():
    name = SrvName("_sips._tcp.example.net", TLS, "example.com")
    resolved, _ = resolve(name, **{name.name: [ONE]})
    assert resolved.targets == (host(ONE, TLS, "example.com"),)


def test_no_record_of_that_name_is_nothing():
    resolved, _ = resolve(NAME)
    assert resolved == Resolved(targets=(), why=f"there is no SRV of {NAME.name}", ttl=60.0)


def test_a_failure_is_that_of_the_name():
    with pytest.raises(ResolveError, match="nobody answered") as caught:
        resolve(NAME, **{NAME.name: DOWN})
    assert caught.value.temporary


def test_a_port_that_cannot_be_and_a_second_mention_are_left_out():
    no_port = SrvRecord(10, 0, 0, "one.example.net")
    resolved, _ = resolve(NAME, **{NAME.name: [no_port, ONE, ONE]})
    assert resolved.targets == (host(ONE),)


# A domain without NAPTR


def test_each_transport_that_we_speak_is_asked_for_in_our_order():
    zones = {"_sip._udp.example.com": [ONE], "_sip._tcp.example.com": [TWO]}
    resolved, asked = resolve("sip:example.com", **zones)
    assert resolved.targets == (host(ONE), host(TWO, TCP))
    assert asked == [("SRV", "_sip._udp.example.com"), ("SRV", "_sip._tcp.example.com")]
    resolved, _ = resolve("sip:example.com", transports=(TCP, UDP), **zones)
    assert resolved.targets == (host(TWO, TCP), host(ONE))
    resolved, _ = resolve("sip:example.com", transports=(UDP,), **zones)
    assert resolved.targets == (host(ONE),)


@pytest.mark.parametrize(
    ("uri", "name", "transport"),
    [
        ("sip:example.com;transport=udp", "_sip._udp.example.com", UDP),
        ("sip:example.com;transport=tcp", "_sip._tcp.example.com", TCP),
        ("sip:example.com;transport=tls", "_sips._tcp.example.com", TLS),
        ("sips:example.com", "_sips._tcp.example.com", TLS),
        ("sips:example.com;transport=tcp", "_sips._tcp.example.com", TLS),
    ],
)
def test_a_transport_that_the_uri_asks_for_is_the_only_one(uri, name, transport):
    resolved, asked = resolve(uri, **{name: [ONE]})
    assert resolved.targets == (host(ONE, transport),)
    assert asked == [("SRV", name)]


def test_maddr_is_asked_for_and_the_certificate_is_still_for_the_host():
    resolved, _ = resolve(
        "sips:example.com;maddr=other.example", **{"_sips._tcp.other.example": [ONE]}
    )
    assert resolved.targets == (host(ONE, TLS, "example.com"),)


@pytest.mark.parametrize(
    "uri",
    ["sip:192.0.2.1", "sip:[::1]", "sip:example.com:5060", "sip:example.com;maddr=192.0.2.1"],
)
def test_a_port_or_an_ip_address_needs_no_srv(uri):
    assert resolve(uri) == (None, [])


def test_no_record_at_all_leaves_the_step_to_the_next_resolver():
    passed_on, _ = resolve("sip:example.com")
    assert isinstance(passed_on, PassedOn)
    assert passed_on.ttl == 60.0
    assert passed_on.why == (
        "there is no SRV of _sip._udp.example.com; there is no SRV of _sip._tcp.example.com"
    )


def test_so_does_a_server_that_does_not_know_such_questions():
    passed_on, _ = resolve("sips:example.com", **{"_sips._tcp.example.com": DOWN})
    assert passed_on == PassedOn(why="nobody answered")


def test_one_transport_that_fails_leaves_the_other():
    zones = {"_sip._udp.example.com": DOWN, "_sip._tcp.example.com": [ONE]}
    resolved, _ = resolve("sip:example.com", **zones)
    assert resolved.targets == (host(ONE, TCP),)
    assert "nobody answered" in resolved.why


def test_a_dot_says_that_there_is_no_service_and_no_address_is_tried():
    resolved, _ = resolve("sip:example.com", **{"_sip._udp.example.com": [NOT_HERE]})
    assert isinstance(resolved, Resolved)
    assert resolved.targets == ()
    assert "no such service here" in resolved.why


def test_without_a_transport_there_is_nothing_to_ask():
    passed_on, asked = resolve("sip:example.com", transports=(TLS,))
    assert isinstance(passed_on, PassedOn)
    assert asked == []


def test_a_transport_that_cannot_be_had_is_an_error():
    with pytest.raises(ResolveError, match="there is no transport 'sctp'"):
        resolve("sip:example.com;transport=sctp")


def test_thousands_of_records_are_not_all_told():
    records = [SrvRecord(n, 0, 5060, f"host{n}.example.net") for n in range(1000)]
    resolved, _ = resolve(NAME, **{NAME.name: records})
    assert "and 995 more" in resolved.why
    assert len(resolved.targets) == 1000


class TestContract(ResolverContract):
    mine = (NAME, SipUri("example.com"))
    foreign = (
        Number("+431505641", "+431505641"),
        HostPort("example.com", 5060, UDP, "example.com"),
        Address("192.0.2.1", 5060),
        SipUri("192.0.2.1"),
    )

    def make(self) -> Resolver:
        zone = dict.fromkeys((NAME.name, "_sip._udp.example.com"), (ONE,))
        return dns_srv.SrvResolver(FakeDns(srv=zone))


def test_it_is_offered_by_name():
    (offer,) = dns_srv.siptapi_resolvers()
    assert offer.name == "srv"
    dns = FakeDns(srv={NAME.name: [ONE]})
    context = Context(clock=FakeClock(), dns=dns, logger=logger("test"))
    step = offer.create(NoSettings(), context).resolve(
        NAME, ResolveContext(line="desk", seconds_left=5.0)
    )
    assert asyncio.run(step).targets == (host(ONE),)
