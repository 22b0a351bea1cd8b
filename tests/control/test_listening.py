from __future__ import annotations

import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from control_lab import free_port

from siptapi_core.control import finding, listening, place
from siptapi_core.control.finding import by_address, find_daemon, peer_user
from siptapi_core.control.listening import Listener, check_user, listeners
from siptapi_core.errors import DeniedError, NetworkError

if sys.platform == "win32":
    pytest.skip("there are no Unix sockets", allow_module_level=True)


@contextmanager
def opened(tcp: tuple[str, int] | None = None) -> Iterator[list[Listener]]:
    found = listeners(tcp)
    try:
        yield found
    finally:
        for each in found:
            each.close()


def test_the_socket_is_the_users_alone() -> None:
    file = Path(place.socket_files()[0])
    with opened() as (listener,):
        assert (listener.name, listener.token) == (str(file), "")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        found = find_daemon()
        assert found is not None
        with found[0]:
            assert found[1] == ""
    assert not file.exists()
    assert find_daemon() is None
    assert not Path(place.address_file()).exists()


def test_what_a_dead_daemon_left_is_replaced() -> None:
    file = place.socket_files()[0]
    dead = socket.socket(socket.AF_UNIX)
    Path(file).parent.mkdir()
    dead.bind(file)
    dead.close()
    assert find_daemon() is None
    with opened():
        found = find_daemon()
        assert found is not None
        found[0].close()


def test_a_path_that_is_too_long_is_an_error(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(place, "socket_files", lambda: [str(home / ("x" * 200) / "control.sock")])
    with pytest.raises(NetworkError, match="set XDG_RUNTIME_DIR to a folder with a short name"):
        listeners(None)


def test_a_socket_that_cannot_be_made_is_an_error() -> None:
    Path(place.socket_files()[0]).mkdir(parents=True)
    with pytest.raises(NetworkError, match=r"cannot listen on .*control\.sock"):
        listeners(None)


@pytest.mark.parametrize(("other", "admitted"), [(0, True), (1, False)])
def test_another_user_may_not_come_in_but_root_may(
    other: int, *, admitted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = socket.socketpair(socket.AF_UNIX)
    with one, two:
        assert peer_user(one) == os.getuid()
        check_user(one)
        stranger = os.geteuid() + 1 if other else 0
        monkeypatch.setattr(listening, "peer_user", lambda _: stranger)
        if admitted:
            check_user(one)
        else:
            with pytest.raises(DeniedError, match="another user's daemon"):
                check_user(one)


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        (1000, 1000, True),
        (1000, 1001, False),
        (1000, 0, False),
        (0, 1000, True),
        (1000, None, True),
    ],
)
def test_what_another_user_put_there_is_no_daemon_of_ours(
    ours: int, theirs: int | None, *, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XDG_RUNTIME_DIR may be a folder that everybody can write into, as /tmp is."""
    [listener] = listeners(None)
    monkeypatch.setattr(finding.os, "geteuid", lambda: ours)
    monkeypatch.setattr(finding, "peer_user", lambda _: theirs)
    connected = find_daemon()
    listener.close()
    assert (connected is not None) is found
    if connected is not None:
        connected[0].close()


def test_where_the_system_does_not_say_who_it_is_the_file_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, two = socket.socketpair(socket.AF_UNIX)
    with one, two:
        monkeypatch.setattr(finding.sys, "platform", "freebsd14")
        assert peer_user(one) is None
        check_user(one)


def test_over_tcp_there_is_a_token() -> None:
    file = Path(place.address_file())
    port = free_port()
    with opened(("127.0.0.1", port)) as (_, listener):
        address, token = file.read_text().splitlines()
        assert (address, listener.name) == (f"127.0.0.1:{port}",) * 2
        assert len(token) == 64
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        found = by_address(str(file))
        assert found is not None
        with found[0]:
            assert found[1] == listener.token == token


def test_a_token_that_programs_were_told_stays_the_same() -> None:
    file, tcp = Path(place.address_file()), ("127.0.0.1", free_port())
    with opened(tcp):
        first = file.read_text()
    with opened(tcp):
        assert file.read_text() == first
    file.write_text("127.0.0.1:1\nshort\n")
    with opened(tcp):
        assert file.read_text().split()[1] not in ("short", first.split()[1])


def test_where_no_address_is_set_each_daemon_has_its_own_and_takes_it_along() -> None:
    file = Path(place.address_file())
    seen = set()
    for _ in range(2):
        listener = listening._tcp_listener(None)
        seen.add(file.read_text().split()[1])
        listener.close()
        assert not file.exists()
    assert len(seen) == 2


def test_it_may_be_the_other_loopback() -> None:
    if not socket.has_ipv6:
        return
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        port = probe.getsockname()[1]
    with opened(("::1", port)) as (_, listener):
        assert listener.name == f"[::1]:{port}"
        found = by_address(place.address_file())
        assert found is not None
        found[0].close()


def test_an_address_that_is_taken_is_an_error_and_nothing_stays_open() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(NetworkError, match=r"cannot listen on 127\.0\.0\.1:.*in use"):
            listeners(taken.getsockname())
    assert find_daemon() is None


def test_a_token_that_cannot_be_kept_is_an_error_and_nothing_stays_open() -> None:
    Path(place.address_file()).mkdir(parents=True)
    with pytest.raises(NetworkError, match=r"control\.address cannot be written"):
        listeners(("127.0.0.1", free_port()))
    assert find_daemon() is None


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1:1\n", "127.0.0.1:1\ntoken\n", "nonsense\ntoken\n", "1:x\ntoken\n"]
)
def test_an_address_where_nobody_listens_is_no_daemon(text: str, home: Path) -> None:
    file = home / "control.address"
    assert by_address(str(file)) is None
    file.write_text(text)
    assert by_address(str(file)) is None
