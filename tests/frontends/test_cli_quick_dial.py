from __future__ import annotations

import json
import os
import signal
import socket
from argparse import Namespace
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.control import finding
from siptapi_core.control.authentication import Handshake, address_text, new_nonce
from siptapi_core.control.finding import DEFAULT_SETTINGS, PROTOCOL
from siptapi_core.control.lines import write_line
from siptapi_core.control.vocabulary import decode_command
from siptapi_core.settings.finding import VARIABLE
from siptapi_frontends.cli import dial as dial_command
from siptapi_frontends.cli import quick_dial
from siptapi_frontends.cli.application import Parser, global_options
from siptapi_frontends.cli.dial import command_of
from siptapi_frontends.cli.quick_dial import hand_over, held_signals, read_dial, wanted_settings

SIGNALS = [getattr(signal, name) for name in quick_dial.SIGNALS if hasattr(signal, name)]


@pytest.fixture(autouse=True)
def signals_are_given_back() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    quick_dial.held_signals.__init__()  # type: ignore[misc]


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The daemon's end of the line that is found."""
    one, other = socket.socketpair()
    monkeypatch.setattr(finding, "find_daemon", lambda: (one, ""))
    with other:
        yield other


# --- what is recognised ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ("dial 01/505641", {"number": "01/505641"}),
        ("dial +43 (1) 505641", {"number": "+43 (1) 505641"}),
        ("dial --json 1", {"number": "1"}),
        ("dial 1 --json --yes", {"number": "1", "confirmed": True}),
        ("dial --line lab *21# --strategy x", {"number": "*21#", "line": "lab", "strategy": "x"}),
        ("dial --line a --line b 1", {"number": "1", "line": "b"}),
        ("dial dial", {"number": "dial"}),
    ],
)
def test_a_plain_dial_is_recognised(arguments: str, command: dict[str, object]) -> None:
    assert read_dial(arguments.split()) == {"command": "dial", **command}


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "dial",
        "calls",
        "--json dial 1",
        "dial --help",
        "dial -h 1",
        "dial -- 1",
        "dial -12",
        "dial 1 -- 2",
        "dial --line",
        "dial 1 --line",
        "dial --line --json 1",
        "dial --line=lab 1",
        "dial --trace 1",
        "dial 1 --no-daemon",
        "dial --config x 1",
        "dial 1 --json 2",
        "dial 1 --line lab 2",
        "help dial",
    ],
)
def test_anything_else_is_left_to_argparse(arguments: str) -> None:
    assert read_dial(arguments.split()) is None


@pytest.mark.parametrize(
    "arguments", [["dial", ""], ["dial", "--line", "", "1"], ["dial", "1" * 40_000]]
)
def test_what_is_empty_or_endless_is_left_to_argparse(arguments: list[str]) -> None:
    assert read_dial(arguments) is None


PLAIN = ("dial", "1", "01/50 56", "--json", "--yes", "--line", "--strategy", "lab", "@x", "Jörg")
UNUSUAL = ("--", "-1", "", "--config", "--trace", "--no-daemon", "--line=x", "-h", "\udcff")
WORDS = st.sampled_from(PLAIN) | st.sampled_from((*PLAIN, *UNUSUAL))


@given(st.lists(WORDS, max_size=7).map(lambda words: ["dial", *words]))
def test_what_is_recognised_is_what_argparse_makes_of_it(arguments: list[str]) -> None:
    recognised = read_dial(arguments)
    if recognised is not None:
        given_ = Namespace()
        rest = global_options().parse_known_args(arguments, given_)[1]
        parser = Parser(allow_abbrev=False)
        dial_command.configure(parser)
        parser.parse_args(rest[1:], given_)
        assert rest[0] == "dial"
        assert decode_command(json.loads(json.dumps(recognised))) == command_of(given_)
        assert not any((given_.config, given_.trace, given_.plugin, given_.no_daemon))


def test_the_settings_that_are_meant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert VARIABLE == "SIPTAPI_CONFIG"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "mine.toml")
    assert wanted_settings() == str(tmp_path / "mine.toml")
    assert wanted_settings("/etc/other.toml") == "/etc/other.toml"
    monkeypatch.setenv(VARIABLE, "")
    assert wanted_settings() == DEFAULT_SETTINGS
    monkeypatch.delenv(VARIABLE)
    assert wanted_settings() == DEFAULT_SETTINGS


# --- what is sent ----------------------------------------------------------------------------


@pytest.mark.parametrize("terminal", [True, False])
def test_everything_goes_in_one_go(
    daemon: socket.socket, settings_file: Path, *, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "isatty", lambda descriptor: terminal and descriptor == 1)
    handed_over = hand_over(["dial", "--line", "Büro", "01/505641"])
    assert handed_over is not None
    received = daemon.recv(65536)
    assert received == handed_over.sent
    assert [json.loads(line) for line in received.splitlines()] == [
        {"hello": PROTOCOL, "frontend": "cli", "settings": str(settings_file)},
        {"id": 1, "subscribe": "events"},
        *([{"id": 2, "subscribe": "trace"}] if terminal else []),
        {"id": 3, "command": "dial", "line": "Büro", "number": "01/505641"},
    ]
    handed_over.connected.close()


def test_over_tcp_everything_goes_once_both_have_proved_themselves(
    monkeypatch: pytest.MonkeyPatch, settings_file: Path
) -> None:
    with over_tcp(monkeypatch) as accept:

        def serve() -> bytes:
            with accept() as there, there.makefile("rb") as lines:
                nonce = json.loads(lines.readline())["authenticate"]
                ends = map(address_text, (there.getpeername(), there.getsockname()))
                handshake = Handshake("secret", nonce, new_nonce(), *ends)
                proof = handshake.proof("daemon")
                there.sendall(write_line({"challenge": handshake.daemon_nonce, "proof": proof}))
                assert handshake.is_proof("client", json.loads(lines.readline())["proof"])
                return lines.read()

        with ThreadPoolExecutor() as pool:
            received = pool.submit(serve)
            handed_over = hand_over(["dial", "1"])
            assert handed_over is not None
            handed_over.connected.close()
            assert received.result(20) == handed_over.sent
    assert handed_over.sent.count(b"\n") >= 3


def test_over_tcp_a_stranger_is_asked_for_nothing(
    monkeypatch: pytest.MonkeyPatch, settings_file: Path
) -> None:
    with over_tcp(monkeypatch) as accept:

        def serve() -> bytes:
            with accept() as there:
                there.sendall(b'{"challenge":"","proof":""}\n')
                with there.makefile("rb") as lines:
                    return lines.read()

        with ThreadPoolExecutor() as pool:
            received = pool.submit(serve)
            assert hand_over(["dial", "1"]) is None
            assert list(json.loads(received.result(20))) == ["authenticate"]
    assert not held_signals.hold(signal.SIGINT)


@contextmanager
def over_tcp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], socket.socket]]:
    """Have the daemon found by TCP; whoever accepts is it, if it knows the token ``secret``."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
        monkeypatch.setattr(
            finding, "find_daemon", lambda: (socket.create_connection(address), "secret")
        )
        yield lambda: listening.accept()[0]


def test_without_a_daemon_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "find_daemon", lambda: None)
    before = [signal.getsignal(number) for number in SIGNALS]
    assert hand_over(["dial", "1"]) is None
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_daemon_is_not_even_looked_for_where_it_is_no_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(finding, "find_daemon", lambda: pytest.fail("looked"))
    assert hand_over(["calls"]) is None


def test_a_daemon_that_goes_at_that_moment_is_none(daemon: socket.socket) -> None:
    daemon.close()
    assert hand_over(["dial", "1"]) is None


# --- signals ---------------------------------------------------------------------------------


def test_a_signal_waits_until_somebody_can_hang_up() -> None:
    for number in SIGNALS:
        held_signals.begin()
        signal.raise_signal(number)
        heard: list[int] = []
        signal.signal(number, lambda number, _, heard=heard: heard.append(number))
        held_signals.release()
        held_signals.release()
        assert heard == [number]
        assert not held_signals.hold(number)


def test_it_waits_from_before_the_call_may_be_there(daemon: socket.socket) -> None:
    handed_over = hand_over(["dial", "1"])
    assert handed_over is not None
    signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        held_signals.release()
    handed_over.connected.close()


def test_it_does_not_wait_for_a_call_that_was_not_handed_over(daemon: socket.socket) -> None:
    daemon.close()
    assert hand_over(["dial", "1"]) is None
    assert not held_signals.hold(signal.SIGINT)


def test_a_second_signal_does_not_wait(
    daemon: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    handed_over = hand_over(["dial", "1"])
    assert handed_over is not None
    signal.raise_signal(signal.SIGINT)
    assert left == []
    signal.raise_signal(signal.SIGTERM)
    assert left == [130]
    handed_over.connected.close()


def test_a_signal_that_is_ignored_stays_ignored(daemon: socket.socket) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    handed_over = hand_over(["dial", "1"])
    assert handed_over is not None
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    handed_over.connected.close()
