"""The keys of a line that its TCP and TLS connections are made with."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from siptapi_core.dialer import open_daemon
from siptapi_core.dialer.line_factory import LineFactory
from siptapi_core.logs import logger
from siptapi_core.net.stream_options import StreamOptions
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import Settings, parse
from siptapi_core.targets import Address

LINES = """
[lines.plain]
domain = "a.test"
user = "1"
[lines.special]
domain = "b.test"
user = "2"
tls_verify = false
tls_ca_file = "ca.pem"
tls_certificate = "~/mine.pem"
tls_key = "/keys/mine.pem"
tls_allow_wildcard = true
keepalive = 0
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return parse(LINES, where=str(tmp_path / "siptapi.toml"))


def test_each_line_has_its_own(settings, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    monkeypatch.setenv("USERPROFILE", "/home/alice")
    options = LineFactory(settings, None, None, None).stream_options
    assert options("plain") == StreamOptions(keepalive=settings.lines["plain"].keepalive)
    assert options("") == StreamOptions()
    assert options("special") == StreamOptions(
        tls_verify=False,
        tls_ca_file=str(tmp_path / "ca.pem"),
        tls_certificate=str(Path("/home/alice/mine.pem")),
        tls_key=str(Path("/keys/mine.pem")),
        tls_allow_wildcard=True,
    )


def test_unchecked_certificates_are_shouted_about(settings) -> None:
    [warning] = settings.warnings()
    assert warning.startswith(
        "line 'special': TLS CERTIFICATES ARE NOT CHECKED (tls_verify = false): anybody on the way "
    )


def test_sip_is_spoken_from_where_the_settings_say() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        places = f'local_addresses = ["::1", "127.0.0.1"]\nlocal_ports = "{port}-{port + 9}"\n'
        settings = parse(places + LINES, where="siptapi.toml")
        catalog = load_plugins()

        async def run() -> list[Address]:
            async with open_daemon(settings, catalog) as daemon:
                agent = daemon._lines["plain"].network("", logger("test"))._network.agent
                return [agent.local_address(Address(host, 9)) for host in ("::1", "127.0.0.1")]

        v6, v4 = asyncio.run(run())
    assert v6 == Address("::1", port)
    assert v4.host == "127.0.0.1"
    assert port < v4.port <= port + 9
