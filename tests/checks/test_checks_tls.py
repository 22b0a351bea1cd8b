from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from types import SimpleNamespace

import pytest
from certificates import Authority
from examined import FakeLine

from siptapi_core.checks.examined_line import Way
from siptapi_core.checks.tls_handshake import check_tls
from siptapi_core.contracts import Finding
from siptapi_core.logs import logger
from siptapi_core.net.stream_options import StreamOptions
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Transport

HOST = "127.0.0.1"


def shake_hands(certificate: Path | None, **options) -> Finding:
    """What is found at a server with ``certificate``; None: one that speaks no TLS."""

    async def look() -> Finding:
        context = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)

        async def talk(_reader, writer) -> None:
            writer.write(b"SIP/2.0 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(talk, HOST, 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        made = StreamOptions(**options)
        line = FakeLine(
            installation=SimpleNamespace(lines=SimpleNamespace(stream_options=lambda _: made))
        )
        line.context = SimpleNamespace(logger=logger("test"))
        line.answers["way"] = Way(
            target=SipUri(HOST), steps=(), addresses=(Address(HOST, port, Transport.TLS),)
        )
        [finding] = await check_tls(line)
        server.close()
        return finding

    return asyncio.run(look())


@pytest.mark.parametrize(
    ("issued", "verdict", "seen", "do"),
    [
        ({"days": (-1, 100)}, "ok", "its certificate is for 127.0.0.1, valid until", ""),
        ({"days": (-1, 3)}, "note", "valid until", "renewed"),
        ({"days": (-3, -1)}, "problem", "has expired", "clock"),
        ({"days": (2, 3)}, "problem", "is not valid yet", "clock"),
        ({"self_signed": True}, "problem", "is self-signed", "tls_ca_file"),
        ({"name": "elsewhere.test"}, "problem", "is for elsewhere.test, not for", "a name that"),
    ],
)
def test_certificates(tmp_path: Path, issued, verdict, seen, do) -> None:
    authority = Authority(tmp_path)
    certificate = authority.issue(issued.pop("name", HOST), **issued)
    finding = shake_hands(certificate, tls_ca_file=str(authority.certificate))
    assert finding.verdict == verdict
    assert seen in finding.seen
    assert do in finding.do


def test_an_authority_that_is_unknown(tmp_path: Path) -> None:
    finding = shake_hands(Authority(tmp_path).issue(HOST))
    assert "is issued by an authority that is unknown here" in finding.seen
    assert "tls_ca_file" in finding.do


def test_a_certificate_that_is_not_checked(tmp_path: Path) -> None:
    finding = shake_hands(Authority(tmp_path).issue("elsewhere.test"), tls_verify=False)
    assert finding.verdict == "note"
    assert "is not checked" in finding.seen


def test_a_port_that_speaks_no_tls() -> None:
    finding = shake_hands(None)
    assert "speaks no TLS" in finding.seen
    assert "5061" in finding.do


def test_nobody_is_there() -> None:
    line = FakeLine(
        installation=SimpleNamespace(
            lines=SimpleNamespace(stream_options=lambda _: StreamOptions())
        )
    )
    line.context = SimpleNamespace(logger=logger("test"))
    way = Way(target=SipUri(HOST), steps=(), addresses=(Address(HOST, 1, Transport.TLS),))
    line.answers["way"] = way
    [finding] = asyncio.run(check_tls(line))
    assert (finding.verdict, finding.seen) == ("note", "tls:127.0.0.1:1 takes no connection.")
