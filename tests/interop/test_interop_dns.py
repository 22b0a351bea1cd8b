"""Servers and callees found in the zones of a real DNS server."""

from __future__ import annotations

from typing import Any

import pytest
from lab.kamailio import DOMAIN
from lab.laboratory import Lab

pytestmark = pytest.mark.interop

MANY = "\n".join(
    f"_sip._tcp.many SRV {number} 0 5060 a-host-with-quite-a-long-name-{number}.many"
    for number in range(60)
)
ZONE = f"""\
@             NAPTR 10 10 "s" "SIP+D2U"  "" _sip._udp
@             NAPTR 10 20 "s" "SIP+D2T"  "" _sip._tcp
@             NAPTR 20 10 "s" "SIPS+D2T" "" _sips._tcp
_sip._udp     SRV 20 0 5070 backup
_sip._udp     SRV 10 0 5060 proxy
_sip._tcp     SRV 10 0 5062 proxy
_sips._tcp    SRV 10 0 5061 proxy
proxy         A 127.0.0.8
proxy         AAAA ::1
backup        A 127.0.0.9

_sip._udp.srv SRV 10 0 5080 proxy
plain         A 127.0.0.7
none          NAPTR 10 10 "s" "SIP+D2S" "" _sip._sctp
_sip._udp.none SRV 0 0 0 .
none          A 127.0.0.7
loop          CNAME pool
pool          CNAME loop
evil          NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp
evil          NAPTR 10 20 "u" "SIPS+D2T" "!.*!http://evil.test!" .
_sips._tcp.evil SRV 10 0 5061 proxy
{MANY}
a-host-with-quite-a-long-name-0.many  A 127.0.0.1
a-host-with-quite-a-long-name-59.many A 127.0.0.2
"""
ENUM = """\
*.1.3.4             NAPTR 10 10 "u" "E2U+sip" "!^\\\\+431(.*)$!sip:\\\\1@office.test!i" .
1.4.6.5.0.5.2.3.4   NAPTR 10 10 "" "" "" rules
rules               NAPTR 10 10 "u" "E2U+email:mailto" "!^.*$!mailto:a@office.test!" .
rules               NAPTR 20 10 "u" "E2U+pstn:tel" "!^.*$!tel:+49-30-1234567!" .
2.4.6.5.0.5.2.3.4   NAPTR 10 10 "" "" "" 3.4.6.5.0.5.2.3.4
3.4.6.5.0.5.2.3.4   NAPTR 10 10 "" "" "" 2.4.6.5.0.5.2.3.4
"""


def addresses(answer: dict[str, Any]) -> list[str]:
    return [f"{each['transport']}:{each['host']}:{each['port']}" for each in answer["addresses"]]


def taken(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Who took each step, and what became of it."""
    return [(step["resolver"], step["outcome"]) for step in answer["steps"]]


def test_naptr_srv_and_addresses_in_their_order(lab: Lab) -> None:
    answer = lab.resolve("sip:dns.test", lab.knot({"dns.test": ZONE}))
    assert addresses(answer) == [
        "udp:::1:5060",
        "udp:127.0.0.8:5060",
        "udp:127.0.0.9:5070",
        "tcp:::1:5062",
        "tcp:127.0.0.8:5062",
    ]
    assert taken(answer)[:2] == [("naptr", "resolved"), ("srv", "resolved")]
    assert all(0 < step["ttl"] <= 300 for step in answer["steps"])
    assert "an earlier order counts" in answer["steps"][0]["why"]


def test_what_the_uri_says_goes_before_what_dns_says(lab: Lab) -> None:
    dns = lab.knot({"dns.test": ZONE})

    def found(target: str) -> list[str]:
        return addresses(lab.resolve(target, dns))

    assert found("sips:dns.test") == ["tls:::1:5061", "tls:127.0.0.8:5061"]
    assert found("sip:dns.test;transport=tcp") == ["tcp:::1:5062", "tcp:127.0.0.8:5062"]
    assert found("sip:proxy.dns.test:5099") == ["udp:::1:5099", "udp:127.0.0.8:5099"]
    assert found("sip:127.0.0.5") == ["udp:127.0.0.5:5060"]
    assert found("sips:evil.dns.test") == ["tls:::1:5061", "tls:127.0.0.8:5061"]


def test_without_naptr_srv_and_without_srv_addresses(lab: Lab) -> None:
    dns = lab.knot({"dns.test": ZONE})
    answer = lab.resolve("srv.dns.test", dns)
    assert addresses(answer) == ["udp:::1:5080", "udp:127.0.0.8:5080"]
    assert taken(answer)[:2] == [("naptr", "passed_on"), ("srv", "resolved")]
    answer = lab.resolve("plain.dns.test", dns)
    assert addresses(answer) == ["udp:127.0.0.7:5060"]
    assert taken(answer) == [("naptr", "passed_on"), ("srv", "passed_on"), ("a", "resolved")]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("none.dns.test", "no such service here"),
        ("loop.dns.test", "CNAME"),
        ("no.dns.test", "there is neither A nor AAAA of no.dns.test"),
        ("elsewhere.test", "said REFUSED"),
    ],
)
def test_what_leads_nowhere_says_why(lab: Lab, target: str, words: str) -> None:
    answer = lab.resolve(target, lab.knot({"dns.test": ZONE}))
    assert answer["addresses"] == []
    assert words in answer["problem"]


def test_an_answer_that_is_too_long_for_udp_comes_over_tcp(lab: Lab) -> None:
    answer = lab.resolve("sip:many.dns.test;transport=tcp", lab.knot({"dns.test": ZONE}))
    assert addresses(answer)[0] == "tcp:127.0.0.1:5060"
    assert len(answer["steps"][0]["targets"]) == 60


@pytest.mark.parametrize(
    ("number", "callee"),
    [
        ("+4312002", "sip:2002@office.test"),
        ("+432505641", "sip:+49301234567@office.test"),
        ("+432505642", "sip:+432505642@office.test"),  # rules in a circle: as if there were none
        ("+434505641", "sip:+434505641@office.test"),
    ],
)
def test_numbers_in_a_private_tree(lab: Lab, number: str, callee: str) -> None:
    dns = lab.knot({"e164.test": ENUM})
    line = {"callee_resolvers": ["enum"], "outbound_proxy": "127.0.0.1:5060"}
    answer = lab.resolve(number, dns, resolvers=["a"], **line)
    assert answer["callee"] == callee


def test_a_call_finds_its_proxy_and_its_callee_in_dns(lab: Lab) -> None:
    proxy = lab.kamailio()
    records = (
        f'@ NAPTR 1 1 "s" "SIP+D2U" "" _sip._udp\n_sip._udp SRV 1 1 5060 pbx\npbx A {proxy.host}'
    )
    dns = lab.knot({DOMAIN: records, "e164.test": ENUM})
    lab.baresip("alice", registrar=proxy)
    callee = lab.baresip("2002", registrar=proxy)
    tables = {"dns": {"servers": [dns.server]}, "resolvers.enum": {"suffixes": ["e164.test"]}}
    call = lab.dial("+4312002", tables=tables, callee_resolvers=["enum"])
    assert call.finish().ending == ("answered", "callee", 0)
    assert callee.calls == 1
