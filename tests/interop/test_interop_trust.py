"""Who we are and whom we trust, at a real server: client certificates, wildcards, sips."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Authority
from lab.kamailio import DOMAIN, Kamailio
from lab.laboratory import Lab

pytestmark = pytest.mark.interop

ANSWERED = ("answered", "callee", 0)
FAILED = ("failed", "proxy", 3)
TLS_PORT = 5061
CLIENT_HELLO = b"\x16\x03"
"""What a TLS connection begins with."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "certificates"
    made.mkdir()
    return made


@pytest.fixture
def authority(folder: Path) -> Authority:
    return Authority(folder)


def tls_proxy(lab: Lab, host: str, certificate: Path, authority: Path | None = None) -> Kamailio:
    """A proxy that speaks TLS at ``host``, with the user's phone and the callee's."""
    proxy = lab.kamailio(
        listens=[f"tls:{host}:{TLS_PORT}"], certificate=certificate, client_authority=authority
    )
    lab.baresip("alice", proxy)
    lab.baresip("2002", proxy)
    return proxy


def test_a_server_that_wants_to_know_who_we_are(
    lab: Lab, authority: Authority, folder: Path
) -> None:
    host = lab.host()
    tls_proxy(lab, host, authority.issue(host), authority.certificate)
    line = {
        "outbound_proxy": f"sips:{host}",
        "resolvers": ["a"],
        "tls_ca_file": str(authority.certificate),
    }
    ours = str(authority.issue(f"sip:{DOMAIN}", subject="siptapi"))
    assert lab.dial(**line, tls_certificate=ours).finish().ending == ANSWERED
    unknown = lab.dial(**line).finish()
    assert unknown.ending == FAILED
    assert unknown.failure["reason"] == (
        f"tls:{host}:{TLS_PORT} wants to know who we are: name a certificate as tls_certificate"
    )
    stranger = str(Authority(folder, "another authority").issue(f"sip:{DOMAIN}"))
    refused = lab.dial(**line, tls_certificate=stranger).finish()
    assert refused.ending == FAILED
    assert "does not know the authority of our certificate" in refused.failure["reason"]


def test_a_wildcard_counts_where_the_line_allows_it(lab: Lab, authority: Authority) -> None:
    host = lab.host()
    tls_proxy(lab, host, authority.issue(f"*.{DOMAIN}"))
    dns = lab.knot({DOMAIN: f"pbx A {host}"})
    line = {
        "outbound_proxy": f"sips:pbx.{DOMAIN}:{TLS_PORT}",
        "tls_ca_file": str(authority.certificate),
        "tables": {"dns": {"servers": [dns.server]}},
    }
    refused = lab.dial(**line).finish()
    assert refused.ending == FAILED
    assert f"is for *.{DOMAIN}, not for pbx.{DOMAIN}" in refused.failure["reason"]
    assert "tls_allow_wildcard = true" in refused.failure["reason"]
    assert lab.dial(**line, tls_allow_wildcard=True).finish().ending == ANSWERED


@contextlib.contextmanager
def eavesdropping(host: str) -> Iterator[list[bytes]]:
    """What comes to the usual port of ``host`` by UDP and by TCP."""
    heard: list[bytes] = []
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.create_server((host, 5060)) as connections,
    ):
        datagrams.bind((host, 5060))
        datagrams.setblocking(False)
        connections.setblocking(False)
        yield heard
        with contextlib.suppress(BlockingIOError):
            heard.append(datagrams.recv(65535))
        with contextlib.suppress(BlockingIOError), connections.accept()[0] as connection:
            heard.append(connection.recv(65535))


@pytest.mark.parametrize("parameter", ["", ";transport=tcp", ";transport=udp"])
def test_sips_never_goes_over_anything_but_tls(lab: Lab, parameter: str) -> None:
    host = lab.host()
    zone = f"""\
@ NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp
@ NAPTR 10 20 "s" "SIPS+D2T" "" _sip._tcp
_sip._udp SRV 1 1 5060 pbx
_sip._tcp SRV 1 1 5060 pbx
@ A {host}
pbx A {host}
"""
    dns = lab.knot({DOMAIN: zone})
    with eavesdropping(host) as heard:
        result = lab.dial(
            outbound_proxy=f"sips:{DOMAIN}{parameter}",
            tables={"dns": {"servers": [dns.server]}},
        ).finish()
    assert result.ending == FAILED
    assert all(data.startswith(CLIENT_HELLO) for data in heard)
