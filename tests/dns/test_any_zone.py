"""Whatever DNS says, or does not: an ordered list of addresses or a clear error, and soon."""

from __future__ import annotations

import asyncio
import time

from fake_nameserver import FakeNameserver
from hypothesis import event, given, settings
from hypothesis import strategies as st

from siptapi_core.dns_records import SrvRecord, order_servers
from siptapi_core.errors import ResolveError
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.resolving import MAXIMUM_STEPS, ResolverChain
from siptapi_core.resolution import StepOutcome
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Number, Transport
from siptapi_plugins.dns_a import AddressResolver
from siptapi_plugins.dns_srv import SrvResolver
from siptapi_plugins.enum_e164 import EnumResolver, EnumSettings
from siptapi_plugins.naptr import NaptrResolver

LIMIT_SECONDS = 1.0
NUMBER = Number("+431505641", "+431505641")
HOSTS = ["example.com", "a.example.com", "b.example.com"]
NAMES = [
    *HOSTS,
    *(f"{service}.{host}" for host in HOSTS for service in ("_sip._udp", "_sip._tcp")),
    "_sips._tcp.example.com",
    "1.4.6.5.0.5.1.3.4.e164.arpa",
]

names = st.sampled_from(NAMES)
targets = names | st.just("") | st.just("no.example.com")
small = st.integers(0, 3) | st.just(65535)
naptr = st.builds(
    '{} {} "{}" "{}" "{}" {}.'.format,
    small,
    small,
    st.sampled_from(["s", "u", "", "a", "S"]),
    st.sampled_from(["SIP+D2U", "SIP+D2T", "SIPS+D2T", "SIP+D2S", "E2U+sip", "E2U+tel", "x"]),
    st.sampled_from(
        ["", "!.*!sip:a@b.example!", "!(.*)!tel:\\\\1!", "!.*!tel:+4312!", "!((.*)*)*x!"]
    ),
    targets,
)
srv = st.builds("{} {} {} {}.".format, small, small, st.integers(0, 65535), targets)
records = st.fixed_dictionaries(
    {},
    optional={
        "NAPTR": st.lists(naptr, min_size=1, max_size=4, unique=True),
        "SRV": st.lists(srv, min_size=1, max_size=4, unique=True),
        "A": st.just(["127.0.0.1"]) | st.just(["127.0.0.2", "127.0.0.3"]),
        "AAAA": st.just(["::1"]),
    },
)
aliases = st.builds(lambda name: {"CNAME": [f"{name}."]}, names)
SOUND = {
    "example.com": {"NAPTR": ['0 0 "s" "SIPS+D2T" "" _sips._tcp.example.com.']},
    "_sips._tcp.example.com": {"SRV": ["0 0 5061 a.example.com."]},
    "_sip._tcp.example.com": {"SRV": ["1 1 5060 a.example.com.", "1 2 5060 b.example.com."]},
    "a.example.com": {"A": ["127.0.0.1"], "AAAA": ["::1"]},
    "b.example.com": {"A": ["127.0.0.2"]},
}
zones = st.builds(
    lambda sound, strange: sound | strange,
    st.sampled_from([{}, SOUND]),
    st.dictionaries(names, records | aliases, max_size=4),
)
faults = st.dictionaries(
    names,
    st.sampled_from(["SERVFAIL", "REFUSED", "timeout", "truncated", "garbage", "NXDOMAIN"]),
    max_size=2,
)
uris = st.builds(
    SipUri,
    st.sampled_from(HOSTS),
    scheme=st.sampled_from(["sip", "sips"]),
    port=st.none() | st.just(5070),
    parameters=st.just(()) | st.sampled_from([(("transport", "tcp"),), (("transport", "tls"),)]),
)


def chain(client):
    return ResolverChain(
        [
            ("naptr", NaptrResolver(client)),
            ("srv", SrvResolver(client)),
            ("a", AddressResolver(client)),
        ],
        line="desk",
        clock=SystemClock(),
        limit_seconds=LIMIT_SECONDS,
    )


@settings(deadline=None)
@given(zones, faults, uris)
def test_a_uri_leads_to_addresses_or_to_a_clear_error(zone, faulty, uri):
    server = FakeNameserver(zone, faults=faulty)
    trace = []
    problem = ""
    begun = time.monotonic()
    with server.serving() as client:
        try:
            found = asyncio.run(chain(client).next_hop(uri, trace))
        except ResolveError as error:
            found, problem = (), str(error)
    assert time.monotonic() - begun < LIMIT_SECONDS + 1
    event("found" if found else "not found")
    assert found or problem.startswith(f"{uri}: ")
    assert len(problem) < 2000
    assert len(trace) <= 4 * MAXIMUM_STEPS
    assert all(step.why for step in trace)
    assert len(set(found)) == len(found)
    for address in found:
        assert isinstance(address, Address)
        assert address.host in {"127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"}
        secure = address.transport is Transport.TLS
        assert address.verify_name == (uri.host if secure else None)
        assert secure or uri.scheme == "sip"
        if uri.port:
            assert address.port == uri.port
        if uri.transport == "tls":
            assert secure


@settings(deadline=None)
@given(zones, faults)
def test_a_number_leads_to_a_number_or_to_a_sip_uri(zone, faulty):
    trace = []
    with FakeNameserver(zone, faults=faulty).serving() as client:
        enum = EnumResolver(EnumSettings(), client)
        resolvers = ResolverChain([("enum", enum)], line="desk", clock=SystemClock())
        found = asyncio.run(resolvers.callee(NUMBER, trace))
    assert found == NUMBER or found in {Number("+4312", "+4312"), SipUri.parse("sip:a@b.example")}
    assert trace
    assert trace[-1].outcome is not StepOutcome.RESOLVED or found == trace[-1].targets[0]


@given(
    st.lists(st.builds(SrvRecord, small, small, st.just(5060), st.text(max_size=1))),
    st.lists(st.floats(0, 1), min_size=1),
)
def test_priorities_are_kept_whatever_is_drawn(servers, numbers):
    draws = iter(numbers * (len(servers) + 1))
    ordered = order_servers(servers, lambda low, high: low + (high - low) * next(draws))
    assert sorted(map(str, ordered)) == sorted(map(str, servers))
    assert [each.priority for each in ordered] == sorted(each.priority for each in servers)


@given(st.integers(1, 20), st.integers(1, 20))
def test_each_is_first_as_often_as_its_weight_says(one, two):
    servers = [SrvRecord(1, one, 5060, "one"), SrvRecord(1, two, 5060, "two")]
    every = one + two + 1  # the RFC draws from 0 to the sum, both included
    drawn = [
        order_servers(servers, lambda _low, _high, n=n: n + 0.5)[0].target for n in range(every)
    ]
    heavier_last = one <= two  # lighter ones come first in the running sum, and get the 0
    assert drawn.count("one") == one + heavier_last
