from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from fake_nameserver import FakeNameserver

from siptapi_core.dns import CachedDnsClient, questions
from siptapi_core.dns_records import NaptrRecord, SrvRecord
from siptapi_core.errors import ResolveError
from siptapi_core.testing.counting_identifiers import CountingIdentifiers

SRV = "_sip._udp.example.com"
ZONE = {
    "example.com": {
        "NAPTR": [
            '20 10 "s" "SIP+D2U" "" _sip._udp.example.com.',
            '10 20 "s" "SIP+D2T" "" _sip._tcp.example.com.',
            '10 10 "u" "E2U+sip" "!^\\\\+43(.*)$!sip:\\\\1@example.com!i" .',
        ]
    },
    SRV: {"SRV": ["20 0 5060 two.example.com.", "10 0 5061 one.example.com.", "30 0 0 ."]},
    "one.example.com": {"A": ["192.0.2.1", "192.0.2.2"], "AAAA": ["2001:db8::1"]},
    "v4.example.com": {"A": ["192.0.2.3"]},
    "alias.example.com": {"CNAME": ["other.example.com."]},
    "other.example.com": {"CNAME": ["v4.example.com."]},
    "loop.example.com": {"CNAME": ["pool.example.com."]},
    "pool.example.com": {"CNAME": ["loop.example.com."]},
}


def ask(server, *questions):
    """The answers to ``("srv", name)`` and so on, from one client."""

    async def run(client):
        return [await getattr(client, kind)(name, 5.0) for kind, name in questions]

    with server.serving() as client:
        return asyncio.run(run(client))


def failure(server, kind, name, **options):
    with pytest.raises(ResolveError) as caught:
        ask(server, (kind, name), **options)
    return caught.value


# Records


def test_naptr_records_come_by_order_and_preference():
    (answer,) = ask(FakeNameserver(ZONE), ("naptr", "example.com"))
    assert answer.records == (
        NaptrRecord(10, 10, "u", "E2U+sip", "!^\\+43(.*)$!sip:\\1@example.com!i", ""),
        NaptrRecord(10, 20, "s", "SIP+D2T", "", "_sip._tcp.example.com"),
        NaptrRecord(20, 10, "s", "SIP+D2U", "", "_sip._udp.example.com"),
    )
    assert answer.ttl == pytest.approx(300, abs=2)
    assert answer.why == "NAPTR of example.com"


def test_srv_records_come_by_priority():
    (answer,) = ask(FakeNameserver(ZONE), ("srv", SRV))
    assert answer.records == (
        SrvRecord(10, 0, 5061, "one.example.com"),
        SrvRecord(20, 0, 5060, "two.example.com"),
        SrvRecord(30, 0, 0, ""),
    )


def test_addresses_are_those_of_both_families():
    (answer,) = ask(FakeNameserver(ZONE), ("addresses", "one.example.com"))
    assert sorted(answer.records) == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
    assert answer.why == "A and AAAA of one.example.com"
    assert answer.ttl == pytest.approx(300, abs=2)


def test_aliases_are_followed():
    (answer,) = ask(FakeNameserver(ZONE), ("addresses", "alias.example.com"))
    assert answer.records == ("192.0.2.3",)


def test_bytes_that_are_no_text_are_marked():
    zone = {"example.com": {"NAPTR": ['1 1 "\\255" "\\254" "\\253" .']}}
    (answer,) = ask(FakeNameserver(zone), ("naptr", "example.com"))
    assert answer.records == (NaptrRecord(1, 1, "\ufffd", "\ufffd", "\ufffd", ""),)


# Nothing, and failures


@pytest.mark.parametrize("kind", ["naptr", "srv", "addresses"])
def test_a_name_that_is_not_there_has_no_records(kind):
    (answer,) = ask(FakeNameserver(ZONE), (kind, "no.example.com"))
    assert answer.records == ()
    assert "there is n" in answer.why
    assert answer.ttl == pytest.approx(60, abs=2)


def test_neither_has_one_with_other_records_only():
    (answer,) = ask(FakeNameserver(ZONE), ("srv", "v4.example.com"))
    assert answer.records == ()
    assert answer.why == "there is no SRV of v4.example.com"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("SERVFAIL", "127.0.0.1@53 said SERVFAIL"),
        ("REFUSED", "127.0.0.1@53 said REFUSED"),
        ("FORMERR", "127.0.0.1@53 said FORMERR"),
        ("YXDOMAIN", "too long"),
        ("refused", "connection refused"),
        ("garbage", "no DNS message"),
        ("truncated", "half an answer"),
        ("timeout", "no DNS server answered within 0.04 s"),
    ],
)
def test_a_failure_says_what_the_server_said_and_may_pass(fault, words):
    error = failure(FakeNameserver(faults={"example.com": fault}), "naptr", "example.com")
    assert error.temporary
    assert str(error).startswith("NAPTR of example.com: ")
    assert words in str(error)


def test_what_did_not_fit_is_asked_for_over_tcp():
    server = FakeNameserver(faults={"example.com": "truncated"})
    failure(server, "srv", "example.com")
    assert server.asked == [("SRV", "example.com"), ("SRV", "example.com/tcp")]


def test_aliases_in_a_circle_are_a_failure_with_words():
    error = failure(FakeNameserver(ZONE), "srv", "loop.example.com")
    assert "CNAMEs in a circle" in str(error)


def test_one_family_is_enough():
    class NoIPv6(FakeNameserver):
        async def answer(self, request, patience, *, over_tcp):
            self.faults = {"v4.example.com": "SERVFAIL"} if "AAAA" in str(request) else {}
            return await super().answer(request, patience, over_tcp=over_tcp)

    (answer,) = ask(NoIPv6(ZONE), ("addresses", "v4.example.com"))
    assert answer.records == ("192.0.2.3",)


def test_no_family_is_a_failure():
    server = FakeNameserver(faults={"v4.example.com": "SERVFAIL"})
    assert "AAAA of v4.example.com: " in str(failure(server, "addresses", "v4.example.com"))


@pytest.mark.parametrize("name", ["a..example", "x" * 64 + ".example", ".".join(["x" * 63] * 5)])
def test_what_can_be_no_name_is_not_asked_for(name):
    server = FakeNameserver()
    error = failure(server, "naptr", name)
    assert "is no host name" in str(error)
    assert not error.temporary
    assert server.asked == []


def test_no_time_is_a_failure():
    async def run(client):
        await client.srv(SRV, 0)

    with FakeNameserver(ZONE).serving() as client, pytest.raises(ResolveError, match="within 0 s"):
        asyncio.run(run(client))


@pytest.mark.parametrize("name", ["localhost", "a.LOCALHOST.", "demo.invalid"])
def test_names_that_are_never_in_dns_are_not_asked_for(name):
    server = FakeNameserver(ZONE)
    (answer,) = ask(server, ("naptr", name))
    assert answer.records == ()
    assert "RFC 6761" in answer.why
    assert server.asked == []


# The cache


def test_an_answer_is_kept_for_its_time_and_so_is_nothing():
    server = FakeNameserver(ZONE)
    ask(server, ("srv", SRV), ("srv", SRV), ("srv", "no.example.com"), ("srv", "no.example.com"))
    assert server.asked == [("SRV", SRV), ("SRV", "no.example.com")]


def test_a_failure_is_not_kept():
    server = FakeNameserver(ZONE, faults={SRV: "SERVFAIL"})

    async def run(client):
        with pytest.raises(ResolveError):
            await client.srv(SRV, 5.0)
        server.faults = {}
        return await client.srv(SRV, 5.0)

    with server.serving() as client:
        assert asyncio.run(run(client)).records


def test_an_answer_without_a_time_to_live_is_asked_for_again():
    server = FakeNameserver(ZONE, ttl=0)
    ask(server, ("srv", SRV), ("srv", SRV))
    assert len(server.asked) == 2


def test_no_answer_is_kept_for_longer_than_is_sensible():
    week = 7 * 86_400
    answers = ask(
        FakeNameserver(ZONE, ttl=week, negative_ttl=week),
        ("srv", SRV),
        ("srv", "no.example.com"),
        ("srv", "example.com"),
    )
    assert [answer.ttl for answer in answers] == [
        questions.LONGEST_TTL,
        questions.LONGEST_NEGATIVE_TTL,
        questions.LONGEST_NEGATIVE_TTL,
    ]


def test_nothing_without_word_for_how_long_is_soon_asked_for_again():
    (answer,) = ask(FakeNameserver(ZONE, negative_ttl=None), ("srv", "no.example.com"))
    assert answer.ttl <= questions.LONGEST_NEGATIVE_TTL


# Weights


def drawn(jitter):
    class Drawing(CountingIdentifiers):
        def jitter(self, low, high):
            return jitter(low, high)

    records = [f"10 {weight} 5060 w{weight}.example.com." for weight in (0, 1, 3)]
    server = FakeNameserver({SRV: {"SRV": [*records, "5 0 5060 first.example.com."]}})
    with server.serving() as client:
        client._identifiers = Drawing()
        answer = asyncio.run(client.srv(SRV, 5.0))
    return [record.target.split(".")[0] for record in answer.records]


def test_weights_are_drawn_by_the_source_that_was_given():
    assert drawn(lambda low, _high: low) == ["first", "w0", "w1", "w3"]
    assert drawn(lambda _low, high: high) == ["first", "w3", "w1", "w0"]
    assert drawn(lambda low, high: (low + high) / 2) == ["first", "w3", "w1", "w0"]


# The servers


def test_without_servers_those_of_the_system_are_asked_and_read_anew_after_a_failure(monkeypatch):
    read = []

    class Resolver(questions.dns.asyncresolver.Resolver):
        def read_resolv_conf(self, f):
            read.append(f)
            self.nameservers = []

        read_registry = lambda self: self.read_resolv_conf("")  # noqa: E731

    monkeypatch.setattr(questions.dns.asyncresolver, "Resolver", Resolver)
    client = CachedDnsClient(identifiers=CountingIdentifiers())
    assert not client.has_own_servers

    async def run():
        for _ in range(2):
            with pytest.raises(ResolveError, match="there is no DNS server to ask"):
                await client.srv(SRV, 1.0)

    asyncio.run(run())
    assert len(read) == 2


def test_a_system_without_servers_says_so(monkeypatch):
    def unset(*_args, **_options):
        raise questions.dns.resolver.NoResolverConfiguration("cannot open /etc/resolv.conf")

    monkeypatch.setattr(questions.dns.asyncresolver, "Resolver", unset)
    client = CachedDnsClient(identifiers=CountingIdentifiers())
    with pytest.raises(ResolveError, match="this system has no DNS server set") as caught:
        asyncio.run(client.srv(SRV, 1.0))
    assert caught.value.temporary


def test_dnspython_is_imported_with_the_first_question_only():
    program = "import sys, siptapi_core.dialer; print('dns' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "False"
