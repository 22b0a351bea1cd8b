from __future__ import annotations

import asyncio

import pytest

from siptapi_core import (
    Address,
    Context,
    HostPort,
    NaptrRecord,
    NoSettings,
    Number,
    PassedOn,
    ResolveContext,
    Resolved,
    ResolveError,
    Resolver,
    SipUri,
    SrvName,
    Transport,
)
from siptapi_core.logs import logger
from siptapi_core.testing import ResolverContract
from siptapi_core.testing.fake_clock import FakeClock
from siptapi_core.testing.fake_dns import FakeDns
from siptapi_plugins import naptr

UDP, TCP, TLS = Transport
SERVICES = {UDP: "SIP+D2U", TCP: "SIP+D2T", TLS: "SIPS+D2T"}
NAMES = {
    UDP: SrvName("_sip._udp.example.net", UDP, "example.com"),
    TCP: SrvName("_sip._tcp.example.net", TCP, "example.com"),
    TLS: SrvName("_sips._tcp.example.net", TLS, "example.com"),
}


def record(order=10, preference=10, transport=UDP, **changes):
    values = {
        "flags": "s",
        "services": SERVICES[transport],
        "regexp": "",
        "replacement": NAMES[transport].name,
    }
    return NaptrRecord(order, preference, **(values | changes))


def resolve(uri, *records, transports=tuple(Transport), dns=None):
    dns = dns or FakeDns(naptr={"example.com": records})
    context = ResolveContext(line="desk", seconds_left=5.0, transports=transports)
    return asyncio.run(naptr.NaptrResolver(dns).resolve(SipUri.parse(uri), context))


# Who is asked


@pytest.mark.parametrize(
    "uri",
    [
        "sip:192.0.2.1",
        "sip:[2001:db8::1]",
        "sip:example.com:5060",
        "sip:example.com;transport=tcp",
        "sips:example.com;transport=tcp",
        "sip:example.com;maddr=192.0.2.1",
    ],
)
def test_nobody_is_asked_where_the_uri_decides(uri):
    dns = FakeDns(naptr={"example.com": [record()]})
    assert resolve(uri, dns=dns) is None
    assert dns.asked == []


def test_maddr_is_asked_for_and_the_certificate_is_still_for_the_host():
    dns = FakeDns(naptr={"example.com": [record()], "other.example": [record()]})
    resolved = resolve("sip:other.example;maddr=example.com", dns=dns)
    assert dns.asked == [("NAPTR", "example.com")]
    assert resolved.targets == (SrvName("_sip._udp.example.net", UDP, "other.example"),)


# What the records say


def test_the_preferred_of_one_order_come_first_and_later_orders_do_not_count():
    resolved = resolve(
        "sip:example.com",
        record(10, 10, TLS),
        record(10, 20, TCP),
        record(20, 10, UDP),
    )
    assert resolved.targets == (NAMES[TLS], NAMES[TCP])
    assert resolved.ttl == 60.0
    assert "20 10" in resolved.why
    assert "dropped: an earlier order counts" in resolved.why


def test_an_order_of_which_we_speak_nothing_leaves_the_choice_to_the_next():
    records = (record(10, 10, TLS), record(20, 10, TCP), record(30, 10, UDP))
    resolved = resolve("sip:example.com", *records, transports=(UDP,))
    assert resolved.targets == (NAMES[UDP],)
    assert "we do not speak tls" in resolved.why


def test_sips_goes_over_tls_whatever_the_records_say():
    records = (
        record(1, 1, UDP, replacement="_sips._tcp.example.net"),
        record(1, 2, TCP),
        record(2, 1, TLS),
    )
    resolved = resolve("sips:example.com", *records)
    assert resolved.targets == (NAMES[TLS],)
    assert "sips goes over TLS only" in resolved.why


def test_sips_without_tls_in_dns_is_left_to_the_usual_names():
    assert isinstance(resolve("sips:example.com", record(1, 1, UDP)), PassedOn)


def test_services_are_told_apart_whatever_their_case():
    resolved = resolve("sip:example.com", record(services="sip+d2u", flags="S"))
    assert resolved.targets == (NAMES[UDP],)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"services": "SIP+D2S"}, "no service of SIP that we know"),
        ({"services": "E2U+sip"}, "no service of SIP that we know"),
        ({"services": "http+N2L"}, "no service of SIP that we know"),
        ({"services": ""}, "no service of SIP that we know"),
        ({"flags": "u", "regexp": "!.*!http://evil.example!"}, "it names no SRV record"),
        ({"flags": ""}, "it names no SRV record"),
        ({"replacement": ""}, "it names no SRV record"),
        ({"regexp": "!.*!sip:mallory@evil.example!"}, "it names no SRV record"),
    ],
)
def test_what_is_no_way_to_a_server_is_dropped_with_words(changes, why):
    passed_on = resolve("sip:example.com", record(**changes))
    assert isinstance(passed_on, PassedOn)
    assert f"(dropped: {why})" in passed_on.why
    assert passed_on.ttl == 60.0
    assert resolve("sip:example.com", record(**changes), record(20)).targets == (NAMES[UDP],)


def test_one_name_is_looked_up_once():
    resolved = resolve("sip:example.com", record(10, 10), record(10, 20))
    assert resolved.targets == (NAMES[UDP],)


def test_thousands_of_records_are_not_all_told():
    resolved = resolve("sip:example.com", *[record(10, n) for n in range(1000)])
    assert "and 995 more" in resolved.why
    assert len(resolved.why) < 1000


# Nothing there


def test_no_record_leaves_the_step_to_the_next_resolver():
    passed_on = resolve("sip:example.com")
    assert passed_on == PassedOn(why="there is no NAPTR of example.com", ttl=60.0)


def test_so_does_a_server_that_does_not_know_such_questions():
    dns = FakeDns(naptr={"example.com": ResolveError("nobody answered", temporary=True)})
    assert resolve("sip:example.com", dns=dns) == PassedOn(why="nobody answered")


class TestContract(ResolverContract):
    mine = (SipUri("example.com"),)
    foreign = (
        Number("+431505641", "+431505641"),
        NAMES[UDP],
        HostPort("example.com", 5060, UDP, "example.com"),
        Address("192.0.2.1", 5060),
        SipUri("192.0.2.1"),
    )

    def make(self) -> Resolver:
        return naptr.NaptrResolver(FakeDns(naptr={"example.com": [record()]}))


def test_it_is_offered_by_name():
    (offer,) = naptr.siptapi_resolvers()
    assert offer.name == "naptr"
    dns = FakeDns(naptr={"example.com": [record()]})
    context = Context(clock=FakeClock(), dns=dns, logger=logger("test"))
    resolver = offer.create(NoSettings(), context)
    step = resolver.resolve(SipUri("example.com"), ResolveContext(line="desk", seconds_left=5.0))
    resolved = asyncio.run(step)
    assert isinstance(resolved, Resolved)
    assert resolved.targets == (NAMES[UDP],)
