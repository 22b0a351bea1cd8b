"""Where SIP is spoken from: ``local_addresses`` and ``local_ports``."""

from __future__ import annotations

import pytest

from siptapi_core.errors import SettingsError
from siptapi_core.settings import Settings, parse
from siptapi_core.settings.ports import port_range


def read(line: str) -> Settings:
    return parse(f'{line}\n[lines.a]\ndomain = "a.test"\nuser = "1"\n', where="siptapi.toml")


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("", [0]),
        ("5062", [5062]),
        (" 5062 ", [5062]),
        ("5062-5064", [5062, 5063, 5064]),
        ("5062 - 5062", [5062]),
        ("65535", [65535]),
    ],
)
def test_ports(text: str, ports: list[int]) -> None:
    assert list(port_range(read(f'local_ports = "{text}"').local_ports)) == ports


@pytest.mark.parametrize("text", ["x", "65536", "5064-5062", "5062-", "-1", "5062-70000", "²"])
def test_what_is_no_port_is_an_error_at_its_key(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(f'local_ports = "{text}"')
    assert str(caught.value) == (
        "siptapi.toml: local_ports: expected a port such as 5062, or several as in 5062-5080"
    )


def test_addresses() -> None:
    assert read("").local_addresses == ()
    assert read('local_addresses = ["192.0.2.5", "::1"]').local_addresses == ("192.0.2.5", "::1")


@pytest.mark.parametrize("value", ['["pbx.test"]', '["[::1]"]', '["127.0.0.1", "127.0.0.1"]'])
def test_what_is_no_address_is_an_error_at_its_key(value: str) -> None:
    with pytest.raises(SettingsError, match="local_addresses: expected IP addresses such as"):
        read(f"local_addresses = {value}")
