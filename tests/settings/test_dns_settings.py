from __future__ import annotations

import pytest

from siptapi_core.errors import SettingsError
from siptapi_core.settings import DnsSettings, parse

OFFICE = '[lines.office]\ndomain = "pbx.example"\nuser = "201"\n'


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]", ("2001:db8::53", 53)),
        ("[::1]:5353", ("::1", 5353)),
    ],
)
def test_a_server_is_an_ip_address_with_or_without_a_port(
    text: str, address: tuple[str, int]
) -> None:
    assert DnsSettings(servers=(text,)).addresses == (address,)


@pytest.mark.parametrize(
    "text", ["", "dns.example", "192.0.2.53:x", "1.2.3", "192.0.2.53;lr", "a@192.0.2.53", "::1]:53"]
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"dns\.servers: expected IP addresses, such as"):
        parse(f"{OFFICE}[dns]\nservers = ['192.0.2.53', '{text}']")


@pytest.mark.parametrize("key", ["query_timeout", "overall_timeout"])
def test_some_time_is_needed(key: str) -> None:
    with pytest.raises(SettingsError, match=f"dns.{key}"):
        parse(f"{OFFICE}[dns]\n{key} = 0")


def test_resolvers_are_named_at_least_once_and_none_twice() -> None:
    with pytest.raises(SettingsError, match=r"lines\.office\.resolvers: expected at least one"):
        parse(f"{OFFICE}resolvers = []")
    with pytest.raises(SettingsError, match="callee_resolvers: expected no name twice"):
        parse(f'{OFFICE}callee_resolvers = ["enum", "enum"]')
