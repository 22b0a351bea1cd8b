"""Where the front end listens, and where it refuses to."""

from __future__ import annotations

import asyncio
import gc
import re
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from pathlib import Path

import httpx
import pytest
from attrs import evolve
from certificates import Authority
from http_lab import Log, run, serving
from scripted_dialer import ScriptedDialer

from siptapi_core.contracts import Context
from siptapi_core.errors import NetworkError, SettingsError
from siptapi_core.net.clock import SystemClock
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import parse, structure
from siptapi_core.settings.checking import check_sections
from siptapi_core.testing.fake_dns import FakeDns
from siptapi_frontends.http.frontend import HttpFrontend
from siptapi_frontends.http.settings import HttpSettings


def read(**section: object) -> HttpSettings:
    return structure(section, HttpSettings, where="f", key="frontends.http")


def test_without_a_word_it_is_for_this_computer_alone() -> None:
    settings = read()
    assert settings.address == ("127.0.0.1", 5088)
    assert not settings.simple_door
    assert read(listen="[::1]:80").address == ("::1", 80)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"listen": "0.0.0.0:80"}, "other computers could listen in at 0.0.0.0"),
        ({"listen": "[::]:80"}, "set tls_certificate and tls_key, or behind_proxy"),
        ({"listen": "192.0.2.1:80"}, "other computers"),
        ({"listen": "localhost:80"}, "expected an IP address and port"),
        ({"listen": "127.0.0.1"}, "expected an IP address and port"),
        ({"listen": "127.0.0.1:65536"}, "expected an IP address and port"),
        ({"listen": "999.0.0.1:80"}, "'999.0.0.1' does not appear to be"),
        ({"listen": 80}, "expected text"),
        ({"tls_certificate": "/a"}, "tls_certificate and tls_key go together"),
        ({"tls_key": "/a"}, "tls_certificate and tls_key go together"),
        ({"hosts": ["https://a.example"]}, "expected names such as phone.example"),
        ({"hosts": ["a.example:80"]}, "expected names such as phone.example"),
        ({"allowed_origins": ["*"]}, "expected origins such as https://crm.example"),
        ({"allowed_origins": ["https://a.example/"]}, "expected origins such as"),
        ({"allowed_origins": ["a.example"]}, "expected origins such as"),
        ({"requests_per_minute": 0}, "expected 1 or more"),
        ({"calls_per_minute": -1}, "expected 1 or more"),
    ],
)
def test_what_cannot_be_or_is_not_safe_is_refused(section: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)) as refused:
        read(**section)
    assert str(refused.value).startswith("f: frontends.http.")


def test_other_computers_come_by_tls_or_through_a_proxy() -> None:
    assert read(listen="0.0.0.0:80", behind_proxy=True).address == ("0.0.0.0", 80)
    assert read(listen="[::]:443", tls_certificate="/a", tls_key="/b").address == ("::", 443)


def test_the_settings_check_knows_the_section() -> None:
    text = '[lines.a]\ndomain = "a.example"\nuser = "1"\n[frontends.http]\nlisten = "0.0.0.0:80"\n'
    with pytest.raises(SettingsError, match=r"frontends\.http\.listen: other computers"):
        check_sections(parse(text), load_plugins(files=(), third_party=False))


def frontend(folder: Path, settings: HttpSettings) -> HttpFrontend:
    context = Context(clock=SystemClock(), dns=FakeDns(), logger=Log(), state_folder=lambda: folder)
    return HttpFrontend(settings, context)


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    async def main():
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            settings = evolve(HttpSettings(), listen=f"127.0.0.1:{port}")
            with pytest.raises(
                NetworkError, match=f"http: cannot listen on 127.0.0.1:{port}"
            ) as said:
                await frontend(tmp_path, settings).serve(ScriptedDialer(), lambda: None)
            assert str(said.value).endswith(
                ": Address already in use; listen in [frontends.http] names another"
            )

    run(main())


def test_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    file = tmp_path / "http.crt"
    for content in (None, "no certificate"):
        if content is not None:
            file.write_text(content)

        async def main():
            settings = evolve(HttpSettings(), tls_certificate=str(file), tls_key=str(file))
            with pytest.raises(SettingsError, match="cannot be used") as refused:
                await frontend(tmp_path, settings).serve(ScriptedDialer(), lambda: None)
            assert refused.value.key == "frontends.http.tls_certificate"

        run(main())


def with_tls(folder: Path) -> tuple[HttpSettings, ssl.SSLContext]:
    """Settings with a certificate for localhost, and who trusts its authority."""
    authority = Authority(folder)
    file = str(authority.issue("localhost"))
    trust = ssl.create_default_context(cafile=str(authority.certificate))
    trust.verify_flags &= ~ssl.VERIFY_X509_STRICT  # as browsers are, and Python 3.12
    return evolve(HttpSettings(), tls_certificate=file, tls_key=file), trust


def test_it_speaks_tls(tmp_path: Path) -> None:
    settings, trust = with_tls(tmp_path)

    async def main():
        async with serving(tmp_path, settings=settings) as lab:
            address = f"https://localhost:{lab.frontend.port}"
            async with httpx.AsyncClient(base_url=address, verify=trust) as client:
                assert (await client.get("/api/v1/health")).status_code == 200
                opened = await client.post("/api/v1/session", json={"token": lab.token()})
                assert "; Secure" in opened.headers["set-cookie"]

    run(main())


def test_who_begins_no_tls_handshake_takes_little_memory(tmp_path: Path) -> None:
    settings, trust = with_tls(tmp_path)

    async def main():
        async with serving(tmp_path, settings=settings) as lab:
            place = ("127.0.0.1", lab.frontend.port)
            held = [await asyncio.open_connection(*place) for _ in range(5)]
            _, writer = await asyncio.open_connection(
                *place, ssl=trust, server_hostname="localhost"
            )
            here = asyncio.get_running_loop()
            objects = [each for each in gc.get_objects() if isinstance(each, SSLProtocol)]
            buffers = [len(each._ssl_buffer) for each in objects if each._loop is here]
            assert len(buffers) >= len(held)
            assert max(buffers) <= 32 * 1024
            for each in (writer, *(other for _, other in held)):
                each.transport.abort()

    run(main())


def test_the_names_in_the_settings_are_ours(tmp_path: Path) -> None:
    async def main():
        named = evolve(HttpSettings(), hosts=("phone.example", "[2001:db8::1]"))
        async with serving(tmp_path, settings=named) as lab:
            for host in ("phone.example", "PHONE.example:5088", "[2001:db8::1]:80", "localhost"):
                async with lab.client(Host=host) as client:
                    assert (await client.get("/api/v1/health")).status_code == 200
            for host in ("phone.example.evil.example", "[2001:db8::2]"):
                async with lab.client(Host=host) as client:
                    assert (await client.get("/api/v1/health")).status_code == 421

    run(main())
