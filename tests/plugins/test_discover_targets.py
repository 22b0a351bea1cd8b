from __future__ import annotations

import contextlib
import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core import UsageError
from siptapi_plugins.discover.targets import look_up, read_targets

NAMES = {"phone.example": ["192.0.2.20", "2001:db8::20"], "local.example": ["fe80::1%eth0"]}


def resolve(name: str) -> list[str]:
    try:
        return NAMES[name]
    except KeyError:
        raise socket.gaierror(-2, "Name or service not known") from None


def addresses(*texts: str) -> list[str]:
    return [address for block in read_targets(texts, resolve) for address in block]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("192.0.2.20", ["192.0.2.20"]),
        (" 192.0.2.20 ", ["192.0.2.20"]),
        ("192.0.2.0/24", ["192.0.2.1-192.0.2.254"]),
        ("192.0.2.77/24", ["192.0.2.1-192.0.2.254"]),
        ("192.0.2.0/30", ["192.0.2.1-192.0.2.2"]),
        ("192.0.2.0/31", ["192.0.2.0-192.0.2.1"]),
        ("192.0.2.7/32", ["192.0.2.7"]),
        ("192.0.2.0/255.255.255.240", ["192.0.2.1-192.0.2.14"]),
        ("192.0.2.10-20", ["192.0.2.10-192.0.2.20"]),
        ("192.0.2.10-192.0.3.20", ["192.0.2.10-192.0.3.20"]),
        ("2001:db8::7", ["2001:db8::7"]),
        ("[2001:db8::7]", ["2001:db8::7"]),
        ("2001:db8::/126", ["2001:db8::1-2001:db8::3"]),
        ("2001:db8::1-2001:db8::9", ["2001:db8::1-2001:db8::9"]),
        ("phone.example", ["192.0.2.20", "2001:db8::20"]),
    ],
)
def test_each_way_to_name_hosts(text: str, blocks: list[str]) -> None:
    assert [str(block) for block in read_targets([text], resolve)] == blocks


def test_what_is_named_twice_is_asked_once() -> None:
    texts = ["192.0.2.4-6", "192.0.2.20", "192.0.2.5", "192.0.2.5-9", "192.0.2.10", "phone.example"]
    blocks = read_targets(texts, resolve)
    shown = ["192.0.2.4-192.0.2.10", "192.0.2.20", "2001:db8::20"]
    assert [str(block) for block in blocks] == shown
    assert [block.size for block in blocks] == [7, 1, 1]
    assert [block.version for block in blocks] == [4, 4, 6]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no address; one is written as 192.168.1.20"),
        ("192.0.2.300", "is no address"),
        ("192.0.2", "is no address"),
        ("2001:db8::zz", "is no address"),
        ("192.0.2.0/33", "is no network; one is written as 192.168.1.0/24"),
        ("phone.example/24", "is no network"),
        ("192.0.2.20-10", "ends before it begins"),
        ("192.0.2.20-300", "is no range"),
        ("192.0.2.20-x", "is no range"),
        ("192.0.2.20-2001:db8::1", "is no range"),
        ("2001:db8::1-20", "is no range"),
        ("192.0.2.20:5062", "a port is named by --port"),
        ("phone.example:5062", "a port is named by --port"),
        ("unknown.example", "has no address: Name or service not known$"),
        ("\N{LATIN SMALL LETTER A WITH RING ABOVE}" * 70, "has no address"),
        ("239.255.255.250", "no single host's: 224.0.0.0/4"),
        ("223.0.0.0-225.0.0.0", "no single host's"),
        ("255.255.255.255", "no single host's"),
        ("0.0.0.0/0", "no single host's"),
        ("ff02::1", "no single host's: ff00::/8"),
        ("::/0", "no single host's"),
        ("fe80::1%eth0", "on one interface only"),
        ("local.example", "'local.example .fe80::1%eth0.': an address that holds"),
    ],
)
def test_what_names_no_hosts_is_refused_in_words(text: str, words: str) -> None:
    resolver = look_up if not text.isascii() else resolve
    with pytest.raises(UsageError, match=words) as caught:
        read_targets(["192.0.2.1", text], resolver)
    assert text in str(caught.value)


def test_the_systems_resolver_gives_each_address_once() -> None:
    assert look_up("127.0.0.1") == ["127.0.0.1"]


HOSTS = st.integers(
    int(ipaddress.IPv4Address("192.0.2.0")), int(ipaddress.IPv4Address("192.0.3.9"))
)


@given(st.lists(st.tuples(HOSTS, st.integers(0, 9)), min_size=1, max_size=9))
def test_ranges_together_have_each_address_once_in_order(ranges: list[tuple[int, int]]) -> None:
    make = ipaddress.IPv4Address
    texts = [f"{make(first)}-{make(first + more)}" for first, more in ranges]
    wanted = sorted({first + at for first, more in ranges for at in range(more + 1)})
    assert addresses(*texts) == [str(make(number)) for number in wanted]


@given(st.text(max_size=40) | st.from_regex(r"[0-9a-f.:/%-]{1,40}", fullmatch=True))
def test_any_text_is_hosts_or_an_error_in_words(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert all(block.size > 0 for block in read_targets([text], resolve))
