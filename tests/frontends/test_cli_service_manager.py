from __future__ import annotations

import os
import socket
import sys

import pytest

from siptapi_core.errors import UsageError
from siptapi_frontends.cli.service_manager import ServiceManager

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="systemd is not there")


@pytest.fixture
def channel(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(5)
        yield channel


def told(channel, tell):
    tell(ServiceManager({"NOTIFY_SOCKET": channel.getsockname()}))
    return channel.recv(1000).decode()


def test_each_word_is_told_as_systemd_wants_it(channel):
    assert told(channel, lambda to: to.ready("2 lines")) == "READY=1\nSTATUS=2 lines"
    assert told(channel, lambda to: to.stopping()) == "STOPPING=1"
    assert told(channel, lambda to: to.alive()) == "WATCHDOG=1"
    first, _, second = told(channel, lambda to: to.reloading()).partition("\n")
    assert first == "RELOADING=1"
    key, _, value = second.partition("=")
    assert key == "MONOTONIC_USEC"
    assert int(value) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="abstract addresses are Linux's own")
def test_an_abstract_address():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        name = f"siptapi-test-{os.getpid()}"
        channel.bind(f"\0{name}")
        channel.settimeout(5)
        ServiceManager({"NOTIFY_SOCKET": f"@{name}"}).stopping()
        assert channel.recv(1000) == b"STOPPING=1"


def test_without_a_service_manager_nothing_is_told():
    ServiceManager({}).ready("")
    assert ServiceManager({}).watchdog_interval is None


def test_one_that_cannot_be_reached_is_said(tmp_path):
    path = str(tmp_path / "nobody")
    with pytest.raises(UsageError, match=f"NOTIFY_SOCKET={path} cannot be told: No such file"):
        ServiceManager({"NOTIFY_SOCKET": path}).stopping()


def test_one_that_does_not_listen_is_not_waited_for(channel):
    manager = ServiceManager({"NOTIFY_SOCKET": channel.getsockname()})

    def go_on() -> None:
        for _ in range(10_000):
            manager.alive()

    with pytest.raises(UsageError, match="cannot be told: timed out"):
        go_on()


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_fed_in_half_its_time(environment, seconds):
    assert ServiceManager(environment).watchdog_interval == seconds
