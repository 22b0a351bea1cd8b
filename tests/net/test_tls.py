from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import ssl
import threading
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from certificates import TODAY, Authority
from cryptography.hazmat.primitives import serialization

from siptapi_core.errors import NetworkError
from siptapi_core.net import stream_connection, tls
from siptapi_core.net.stream import StreamTransport
from siptapi_core.net.stream_options import StreamOptions
from siptapi_core.net.tls import TlsClient
from siptapi_core.targets import Address, Transport

NAME = "office.test"


class Log:
    def __init__(self) -> None:
        self.events: list[str] = []

    def debug(self, event: str, **values: object) -> None: ...

    def info(self, event: str, **values: object) -> None:
        self.events.append(event)

    warning = error = info


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def serving(certificate: Path, *, client_ca: Path | None = None, version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if version is not None:
        context.maximum_version = version
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    async def echo(reader, writer):
        try:
            while data := await reader.read(1000):
                writer.write(data)
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], names
    finally:
        server.close()
        await server.wait_closed()


def exchange(
    certificate: Path, options: StreamOptions, *, name: str | None = NAME, **server: object
) -> tuple[str, list[str | None], Log]:
    """Connect; "" where a message came back, else the problem."""
    log = Log()
    message = b"OPTIONS sip:a@b SIP/2.0\r\nl: 0\r\n\r\n"

    async def run() -> tuple[str, list[str | None], Log]:
        outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def settle(text: str) -> None:
            if not outcome.done():
                outcome.set_result(text)

        async with serving(certificate, **server) as (port, names):
            transport = StreamTransport(
                receive=lambda data, _: settle("" if data == message else repr(data)),
                refused=lambda _, problem: settle(problem),
                broken=lambda *_: settle("broken"),
                local_host=lambda _: "127.0.0.1",
                in_use=lambda: False,
                options=lambda _: options,
                logger=log,
            )
            peer = Address("127.0.0.1", port, Transport.TLS, name)
            transport.send(message, peer)
            problem = await asyncio.wait_for(outcome, 10)
            await transport.close()
            return problem.replace(f"tls:127.0.0.1:{port}", "PEER"), names, log

    return asyncio.run(run())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", [NAME, f"sip:{NAME}"])
def test_a_valid_certificate_works(authority, name, version) -> None:
    options = StreamOptions(tls_ca_file=str(authority.certificate))
    problem, names, log = exchange(authority.issue(name), options, version=version)
    assert problem == ""
    assert names == [NAME], "SNI"
    assert log.events == []


def test_an_ip_address_may_be_the_name(authority) -> None:
    options = StreamOptions(tls_ca_file=str(authority.certificate))
    problem, names, _ = exchange(authority.issue("127.0.0.1"), options, name=None)
    assert problem == ""
    assert names == [None]


def test_an_expired_certificate_is_refused(authority) -> None:
    options = StreamOptions(tls_ca_file=str(authority.certificate))
    certificate = authority.issue(NAME, subject="old server", days=(-3, -2))
    problem, *_ = exchange(certificate, options)
    assert problem.startswith("PEER: its certificate has expired; its subject is CN=old server, ")


def test_a_certificate_of_tomorrow_is_refused(authority) -> None:
    options = StreamOptions(tls_ca_file=str(authority.certificate))
    problem, *_ = exchange(authority.issue(NAME, days=(1, 2)), options)
    assert problem.startswith("PEER: its certificate is not valid yet; its subject is CN=test s")


def test_a_certificate_for_another_name_is_refused(authority) -> None:
    options = StreamOptions(tls_ca_file=str(authority.certificate))
    certificate = authority.issue("other.test", "third.test", subject="elsewhere")
    problem, *_ = exchange(certificate, options)
    dates = f"valid from {TODAY.year}-"
    assert problem.startswith(
        "PEER: its certificate is for other.test, third.test, not for office.test; "
        f"its subject is CN=elsewhere, {dates}"[:-6]
    )


def test_a_certificate_for_nobody_is_refused(authority) -> None:
    options = StreamOptions(tls_ca_file=str(authority.certificate))
    problem, *_ = exchange(authority.issue(subject=""), options)
    assert problem.startswith(
        "PEER: its certificate is for no domain, not for office.test; its subject is empty, "
    )


def test_an_unknown_authority_is_refused(authority) -> None:
    problem, *_ = exchange(authority.issue(NAME), StreamOptions())
    assert problem.startswith(
        "PEER: its certificate is issued by an authority that is unknown here; tls_ca_file can "
        "name one; its subject is CN=test server, valid from "
    )


def test_a_self_signed_certificate_is_refused_until_it_is_named(authority) -> None:
    certificate = authority.issue(NAME, self_signed=True)
    problem, *_ = exchange(certificate, StreamOptions())
    assert problem.startswith(
        "PEER: its certificate is self-signed; if it is the right one, name it as tls_ca_file; "
        "its subject is CN=test server, "
    )
    problem, *_ = exchange(certificate, StreamOptions(tls_ca_file=str(certificate)))
    assert problem == ""


@pytest.mark.parametrize("allowed", [True, False])
def test_wildcards_are_for_those_who_allow_them(authority, allowed) -> None:
    options = StreamOptions(tls_ca_file=str(authority.certificate), tls_allow_wildcard=allowed)
    problem, *_ = exchange(authority.issue("*.office.test"), options, name="pbx.office.test")
    assert (problem == "") is allowed
    assert ("; tls_allow_wildcard = true accepts it" in problem) is not allowed
    problem, *_ = exchange(authority.issue("*.office.test"), options, name="office.test")
    assert problem.startswith("PEER: its certificate is for *.office.test, not for office.test; ")
    assert "tls_allow_wildcard" not in problem


def test_without_checks_anything_goes_but_not_silently(authority) -> None:
    certificate = authority.issue("other.test", days=(-3, -2))
    problem, _, log = exchange(certificate, StreamOptions(tls_verify=False))
    assert problem == ""
    assert len(log.events) == 1
    assert log.events[0].startswith("THE SERVER'S CERTIFICATE IS NOT CHECKED (tls_verify = false)")


def test_a_client_certificate_is_shown(authority) -> None:
    client = authority.issue("siptapi.test")
    options = StreamOptions(tls_ca_file=str(authority.certificate), tls_certificate=str(client))
    assert exchange(authority.issue(NAME), options, client_ca=authority.certificate)[0] == ""


def test_a_server_that_wants_a_client_certificate_says_so(authority) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue(NAME))
    context.verify_mode = ssl.CERT_REQUIRED

    def serve(listening: socket.socket) -> None:  # asyncio's server closes without an alert
        accepted, _ = listening.accept()
        with accepted, pytest.raises(ssl.SSLError):
            context.wrap_socket(accepted, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=[listening])
        thread.start()
        peer = Address("127.0.0.1", listening.getsockname()[1], Transport.TLS, NAME)

        async def run() -> str:
            outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            transport = StreamTransport(
                receive=lambda *_: None,
                refused=lambda _, problem: outcome.set_result(problem),
                broken=lambda *_: outcome.set_result("broken"),
                local_host=lambda _: "127.0.0.1",
                in_use=lambda: False,
                options=lambda _: StreamOptions(tls_ca_file=str(authority.certificate)),
                logger=Log(),
            )
            transport.send(b"x", peer)
            problem = await asyncio.wait_for(outcome, 10)
            await transport.close()
            return problem

        problem = asyncio.run(run())
        thread.join()
    assert problem == f"{peer} wants to know who we are: name a certificate as tls_certificate"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("TLSV1_ALERT_UNKNOWN_CA", "does not know the authority of our certificate"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "says that our certificate .* has expired"),
        ("SSL/TLS_ALERT_BAD_CERTIFICATE", "does not accept our certificate"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "or wants a tls_certificate of ours"),
    ],
)
def test_what_a_server_says_of_us_is_told_in_words(reason, words) -> None:
    error = ssl.SSLError(1, "alert")
    error.reason = reason
    client = TlsClient(StreamOptions(), Log())
    assert re.search(words, client.alert(error))
    peer = Address("127.0.0.1", 5061, Transport.TLS, NAME)
    assert re.search(f"^{peer} .*{words}", asyncio.run(client.explain(error, peer)))


def test_what_is_no_word_of_the_server_is_none() -> None:
    client = TlsClient(StreamOptions(), Log())
    other = ssl.SSLError(1, "other")
    other.reason = "WRONG_VERSION_NUMBER"
    for error in (None, OSError("reset"), other, ssl.SSLError(1, "no reason")):
        assert client.alert(error) == ""


@pytest.mark.parametrize("verify", [True, False])
def test_old_versions_are_refused(authority, verify) -> None:
    options = StreamOptions(tls_verify=verify)
    peer = Address("127.0.0.1", 5061, Transport.TLS, NAME)
    context = TlsClient(options, Log()).arguments(peer)["ssl"]
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    old = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        problem, *_ = exchange(authority.issue(NAME), options, version=old)
    assert problem.startswith("there is no TLS connection to PEER: ")


def test_a_server_without_tls_is_told_apart(tmp_path) -> None:
    async def run() -> str:
        outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def greet(reader, writer):
            writer.write(b"SIP/2.0 400 Speak TCP\r\n\r\n" * 10)
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        transport = StreamTransport(
            receive=lambda *_: None,
            refused=lambda _, problem: outcome.set_result(problem),
            broken=lambda *_: outcome.set_result("broken"),
            local_host=lambda _: "127.0.0.1",
            in_use=lambda: False,
            options=lambda _: StreamOptions(),
            logger=Log(),
        )
        peer = Address("127.0.0.1", server.sockets[0].getsockname()[1], Transport.TLS, NAME)
        transport.send(b"x", peer)
        problem = await asyncio.wait_for(outcome, 10)
        await transport.close()
        server.close()
        await server.wait_closed()
        return problem

    assert "speaks no TLS that we can accept: WRONG_VERSION_NUMBER" in asyncio.run(run())


@pytest.mark.parametrize("name", ["a..test", f"{'x' * 64}.test", ".test"])
def test_a_name_that_tls_cannot_ask_for_is_told(authority, name) -> None:
    problem, names, _ = exchange(authority.issue(NAME), StreamOptions(), name=name)
    assert problem.startswith("there is no TLS connection to PEER: ")
    assert names == []


def test_a_server_that_never_speaks_is_given_up(monkeypatch) -> None:
    monkeypatch.setattr(stream_connection, "CONNECT_SECONDS", 0.05)

    async def run() -> str:
        outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        done = asyncio.Event()

        async def listen(reader, writer):
            await reader.read()
            writer.close()
            done.set()

        server = await asyncio.start_server(listen, "127.0.0.1", 0)
        transport = StreamTransport(
            receive=lambda *_: None,
            refused=lambda _, problem: outcome.set_result(problem),
            broken=lambda *_: outcome.set_result("broken"),
            local_host=lambda _: "127.0.0.1",
            in_use=lambda: False,
            options=lambda _: StreamOptions(),
            logger=Log(),
        )
        peer = Address("127.0.0.1", server.sockets[0].getsockname()[1], Transport.TLS, NAME)
        transport.send(b"x", peer)
        problem = await asyncio.wait_for(outcome, 10)
        await done.wait()
        await transport.close()
        server.close()
        await server.wait_closed()
        return problem

    assert asyncio.run(run()).endswith(" did not answer within 0.05 s")


@pytest.mark.parametrize("key", ["tls_ca_file", "tls_certificate"])
@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file or directory"), ("no PEM", "expected a certificate.*, in PEM")],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, key, content, why) -> None:
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(NetworkError, match=f"{key}: .*file.pem cannot be used: {why}$"):
        TlsClient(StreamOptions(**{key: str(file)}), Log())


def test_a_renewed_certificate_is_read_for_the_next_connection(authority, tmp_path) -> None:
    file = tmp_path / "renewed.pem"
    shutil.copy(authority.issue(NAME), file)
    client = TlsClient(StreamOptions(tls_certificate=str(file)), Log())
    peer = Address("127.0.0.1", 5061, Transport.TLS, NAME)
    before = client.arguments(peer)["ssl"]
    assert client.arguments(peer)["ssl"] is before
    shutil.copy(authority.issue(NAME, subject="renewed"), file)
    os.utime(file, (2e9, 2e9))
    after = client.arguments(peer)["ssl"]
    assert after is not before
    assert client.arguments(peer)["ssl"] is after
    file.unlink()
    with pytest.raises(NetworkError, match=r"renewed\.pem cannot be used: No such file"):
        client.arguments(peer)


def test_a_key_with_a_password_does_not_make_us_ask_at_the_terminal(authority) -> None:
    file = authority.issue(NAME)
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    file.write_bytes(locked + file.read_bytes()[file.read_bytes().index(b"-----BEGIN CERT") :])
    with pytest.raises(NetworkError, match="its private key, without a password, in PEM"):
        TlsClient(StreamOptions(tls_certificate=str(file)), Log())


def test_other_failures_keep_their_words() -> None:
    client = TlsClient(StreamOptions(), Log())
    peer = Address("127.0.0.1", 5061, Transport.TLS, NAME)
    problem = asyncio.run(client.explain(ConnectionResetError(104, "reset by peer"), peer))
    assert problem == "there is no TLS connection to tls:127.0.0.1:5061: [Errno 104] reset by peer"
    refused = ssl.SSLCertVerificationError("certificate verify failed")
    refused.verify_code, refused.verify_message = 23, "certificate revoked"
    problem = asyncio.run(client.explain(refused, Address("127.0.0.1", 1, Transport.TLS)))
    assert problem == (
        "tls:127.0.0.1:1: its certificate is refused: certificate revoked; "
        "whose it is could not be found out"
    )


def test_nothing_of_tls_is_imported_for_udp() -> None:
    import subprocess
    import sys

    program = (
        "import sys, siptapi_core.dialer, siptapi_core.net.sip_network; "
        "print([m for m in ('siptapi_core.net.stream', 'siptapi_core.net.tls', 'cryptography') "
        "if m in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == "[]"
    assert tls.__name__ in sys.modules
