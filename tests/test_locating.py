from __future__ import annotations

import pytest

from siptapi_core.errors import ResolveError
from siptapi_core.locating import is_ip_address, names_service, required_transport, target_host
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Transport


@pytest.mark.parametrize("host", ["192.0.2.1", "::1", "2001:db8::1", "::ffff:192.0.2.1"])
def test_ip_addresses_are_told_from_names(host: str) -> None:
    assert is_ip_address(host)


@pytest.mark.parametrize("host", ["example.com", "192.0.2", "192.0.2.256", "1.2.3.4.5", "", "a\0"])
def test_names_are_told_from_ip_addresses(host: str) -> None:
    assert not is_ip_address(host)


@pytest.mark.parametrize(
    ("uri", "host", "service"),
    [
        ("sip:example.com", "example.com", True),
        ("sip:example.com;transport=tcp", "example.com", True),
        ("sip:example.com:5060", "example.com", False),
        ("sip:192.0.2.1", "192.0.2.1", False),
        ("sip:[::1]", "::1", False),
        ("sip:example.com;maddr=192.0.2.1", "192.0.2.1", False),
        ("sip:192.0.2.1;maddr=example.com", "example.com", True),
    ],
)
def test_where_a_uri_leads(uri: str, host: str, *, service: bool) -> None:
    assert target_host(SipUri.parse(uri)) == host
    assert names_service(SipUri.parse(uri)) is service


@pytest.mark.parametrize(
    ("uri", "transport"),
    [
        ("sip:example.com", None),
        ("sip:example.com;transport=UDP", Transport.UDP),
        ("sip:example.com;transport=tcp", Transport.TCP),
        ("sip:example.com;transport=tls", Transport.TLS),
        ("sips:example.com", Transport.TLS),
        ("sips:example.com;transport=tcp", Transport.TLS),
        ("sips:example.com;transport=tls", Transport.TLS),
    ],
)
def test_the_transport_that_a_uri_asks_for(uri: str, transport: Transport | None) -> None:
    assert required_transport(SipUri.parse(uri)) is transport


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("sip:example.com;transport=sctp", "there is udp, tcp, tls"),
        ("sips:example.com;transport=sctp", "there is udp, tcp, tls"),
        ("sips:example.com;transport=udp", "sips goes over TLS, never over UDP"),
    ],
)
def test_a_transport_that_it_cannot_have(uri: str, words: str) -> None:
    with pytest.raises(ResolveError, match=words):
        required_transport(SipUri.parse(uri))
