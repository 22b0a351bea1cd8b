from __future__ import annotations

import socket

import pytest

from siptapi_core.errors import NetworkError
from siptapi_core.net.socket_name import address_of, family_of, socket_name
from siptapi_core.targets import Address


@pytest.mark.parametrize(
    ("host", "family"),
    [
        ("127.0.0.1", socket.AF_INET),
        ("::1", socket.AF_INET6),
        ("2001:db8::5", socket.AF_INET6),
        ("fe80::1%2", socket.AF_INET6),
    ],
)
def test_the_family_of_a_literal(host, family):
    assert family_of(host) is family


@pytest.mark.parametrize(
    "host", ["", "localhost", "127.0.0", "1.2.3.4.5", "[::1]", "127.0.0.1%lo", "::1\0", "١٢٧.0.0.1"]
)
def test_what_is_no_literal_has_no_family(host):
    with pytest.raises(NetworkError, match="is no IP address"):
        family_of(host)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1", ("127.0.0.1", 5060)),
        ("2001:db8::5", ("2001:db8::5", 5060, 0, 0)),
        ("fe80::1%3", ("fe80::1", 5060, 0, 3)),
    ],
)
def test_names_and_addresses_are_inverse(host, name):
    assert socket_name(family_of(host), host, 5060) == name
    assert address_of(name) == Address(host, 5060)


def test_a_zone_may_be_an_interface_by_name():
    index, interface = socket.if_nameindex()[0]
    name = socket_name(socket.AF_INET6, f"fe80::1%{interface}", 5060)
    assert name == ("fe80::1", 5060, 0, index)


@pytest.mark.parametrize(
    ("family", "host", "port", "words"),
    [
        (socket.AF_INET, "::1", 5060, "::1 is no IPv4 address"),
        (socket.AF_INET6, "127.0.0.1", 5060, "127.0.0.1 is no IPv6 address"),
        (socket.AF_INET, "127.0.0.1", 65536, "65536 is no port"),
        (socket.AF_INET, "127.0.0.1", -1, "-1 is no port"),
        (socket.AF_INET6, "fe80::1%nowhere", 5060, "no network interface 'nowhere'"),
    ],
)
def test_a_socket_gets_no_name_that_it_cannot_use(family, host, port, words):
    with pytest.raises(NetworkError, match=words):
        socket_name(family, host, port)
