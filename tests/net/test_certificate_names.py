from __future__ import annotations

import pytest

from siptapi_core.net.certificate_names import identities, is_for


def certificate(*names: tuple[str, str], common_name: str = "") -> dict[str, object]:
    made: dict[str, object] = {"subject": ((("commonName", common_name),),) if common_name else ()}
    return made | ({"subjectAltName": names} if names else {})


SIP, DNS, WILD = ("URI", "sip:example.com"), ("DNS", "pbx.example.com"), ("DNS", "*.example.com")


@pytest.mark.parametrize(
    ("names", "common_name", "expected"),
    [
        ([SIP], "", ("example.com",)),
        ([DNS, ("DNS", "EXAMPLE.net")], "", ("pbx.example.com", "example.net")),
        ([SIP, DNS], "", ("example.com",)),  # 7.1: DNS only where there is no SIP URI
        ([("URI", "sips:example.com"), DNS], "", ("pbx.example.com",)),
        ([("URI", "http://example.com"), DNS], "", ("pbx.example.com",)),
        ([("URI", "sip:alice@example.com")], "example.com", ()),
        ([("URI", "sip:alice@example.com"), DNS], "", ("pbx.example.com",)),
        ([("URI", "sip:[")], "", ()),
        ([("URI", "sip:Example.COM;transport=tls")], "", ("example.com",)),
        ([("IP Address", "192.0.2.1")], "", ("192.0.2.1",)),
        ([("IP Address", "2001:DB8:0:0:0:0:0:1"), SIP], "", ("example.com", "2001:db8::1")),
        ([("email", "a@example.com")], "example.com", ()),
        ([], "Example.com", ("example.com",)),
        ([DNS], "example.com", ("pbx.example.com",)),
        ([], "", ()),
    ],
)
def test_the_domains_of_a_certificate(names, common_name, expected) -> None:
    assert identities(certificate(*names, common_name=common_name)) == expected


@pytest.mark.parametrize(
    ("name", "entry", "expected"),
    [
        ("example.com", SIP, True),
        ("EXAMPLE.com.", SIP, True),
        ("sub.example.com", SIP, False),
        ("example.com", DNS, False),
        ("192.0.2.1", ("IP Address", "192.0.2.1"), True),
        ("192.0.2.1", ("DNS", "192.0.2.1"), True),
        ("192.0.2.2", ("IP Address", "192.0.2.1"), False),
        ("2001:db8:0::1", ("IP Address", "2001:DB8:0:0:0:0:0:1\n"), True),
        ("pbx.example.com", WILD, False),
    ],
)
def test_names_are_compared_whole(name, entry, expected) -> None:
    assert is_for(certificate(entry), name) is expected


@pytest.mark.parametrize(
    ("name", "entry", "expected"),
    [
        ("pbx.example.com", WILD, True),
        ("PBX.example.com", ("DNS", "*.EXAMPLE.com"), True),
        ("example.com", WILD, False),
        ("a.pbx.example.com", WILD, False),
        (".example.com", WILD, False),
        ("pbx.example.com", ("DNS", "p*.example.com"), False),
        ("pbx.example.com", ("DNS", "*"), False),
        ("example.com", ("DNS", "*.com"), False),
        ("pbx.example.com", ("DNS", "pbx.*.com"), False),
    ],
)
def test_a_wildcard_is_one_whole_first_label_where_allowed(name, entry, expected) -> None:
    assert is_for(certificate(entry), name, allow_wildcard=True) is expected


def test_a_certificate_that_was_not_verified_is_for_nobody() -> None:
    assert not is_for({}, "example.com", allow_wildcard=True)
