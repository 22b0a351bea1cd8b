"""``siptapi dial`` handed to a daemon: whole processes, and a daemon whose phones are simulated."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DEMO_DAEMON = Path(__file__).parents[1] / "control" / "demo_daemon.py"
SIPTAPI = "import sys; from siptapi_frontends.cli.launcher import main; sys.exit(main())"
# Alone, nobody would answer on this line.
SETTINGS = """\
[lines.office]
domain = "pbx.invalid"
user = "200"
password = "secret"
outbound_proxy = "127.0.0.1:9"
ring_timeout = 0.1
[lines.office.numbers]
confirm = ["0900*"]
"""
PATIENCE = 60


@pytest.fixture
def settings(short_home: Path, settings_file: Path) -> Path:
    settings_file.write_text(SETTINGS)
    settings_file.chmod(0o600)
    return settings_file


@contextmanager
def daemon(settings: Path, ending: str = "answered") -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, DEMO_DAEMON, settings, ending],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SIPTAPI, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def siptapi(*arguments: str) -> tuple[int, str, str]:
    with started(*arguments) as process:
        out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def test_the_daemon_makes_the_call_and_its_life_is_shown_as_ever(settings: Path) -> None:
    with daemon(settings):
        code, out, err = siptapi("dial", "301")
    assert (code, err) == (0, "")
    assert out.startswith("Dialling 301 on line demo.\n")
    assert "Your phone is ringing: pick it up." in out
    assert out.endswith("Answered. The phones have the call now.\n")


def test_for_programs_it_is_the_same_events(settings: Path) -> None:
    with daemon(settings, "busy"):
        code, out, _ = siptapi("dial", "--json", "301")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 4
    assert [events[0]["event"], events[-1]["event"]] == ["call_placed", "call_ended"]
    assert events[0]["frontend"] == "cli"
    assert events[-1]["outcome"] == "busy"


@pytest.mark.parametrize("arguments", [("dial", "xx"), ("dial", "--trace", "xx")])
def test_an_error_is_said_as_ever(arguments: tuple[str, ...], settings: Path) -> None:
    with daemon(settings):
        code, out, err = siptapi(*arguments)
    assert (code, out) == (2, "")
    assert err == "siptapi: 'xx' (at character 1): there is no digit in it\n"


def test_the_trace_is_the_daemons(settings: Path) -> None:
    with daemon(settings):
        code, _, err = siptapi("dial", "--trace", "301")
    assert code == 0
    for each in ("INVITE sip:201@demo.invalid", "REFER ", "Refer-To: <sip:301@demo.invalid>"):
        assert each in err


def test_ctrl_c_hangs_up_there_however_early_it_comes(settings: Path) -> None:
    with daemon(settings, "phone-no-answer"), started("dial", "301") as process:
        while not json.loads(siptapi("calls", "--json")[1]):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, err) == (130, "")
        assert "Hanging up. Ctrl-C again leaves at once.\n" in out
        assert json.loads(siptapi("calls", "--json")[1]) == []


EARLY_SIGNAL = """
import os, signal, sys

def interrupt(event, arguments):
    if event == "import" and arguments[0] == "siptapi_frontends.cli.application":
        signal.raise_signal(signal.SIGINT)

sys.addaudithook(interrupt)
"""


def test_ctrl_c_right_after_the_hand_over_hangs_up_too(settings: Path) -> None:
    with daemon(settings, "phone-no-answer"):
        ended = subprocess.run(
            [sys.executable, "-c", EARLY_SIGNAL + SIPTAPI, "dial", "301"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (130, "")
        assert ended.stdout.endswith("Cancelled.\n")
        assert json.loads(siptapi("calls", "--json")[1]) == []


def test_a_daemon_that_dies_in_the_middle_leaves_the_outcome_unknown(settings: Path) -> None:
    with daemon(settings, "phone-no-answer") as process, started("dial", "301") as dialling:
        assert dialling.stdout is not None
        for line in dialling.stdout:
            if "Your phone is ringing" in line:
                process.kill()
        words = "The daemon has gone: the call may or may not have gone through.\n"
        assert dialling.wait(PATIENCE) == 5
        assert line == words


def test_a_daemon_that_ends_properly_says_how_the_call_ended(settings: Path) -> None:
    with daemon(settings, "phone-no-answer") as process, started("dial", "301") as dialling:
        assert dialling.stdout is not None
        assert process.stdin is not None
        for line in dialling.stdout:
            if "Your phone is ringing" in line:
                process.stdin.close()
        assert line.endswith("Cancelled.\n")
        assert dialling.wait(PATIENCE) == 3


@contextmanager
def listening(home: Path) -> Iterator[socket.socket]:
    """A socket where the daemon's is, of a program that does as the test wants."""
    file = home / "siptapi" / "control.sock"
    file.parent.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(file))
        server.listen()
        server.settimeout(PATIENCE)
        yield server
    file.unlink()


def test_a_daemon_that_dies_before_it_answers_may_have_dialled(
    settings: Path, short_home: Path
) -> None:
    with listening(short_home) as server, started("dial", "301") as dialling:
        connected, _ = server.accept()
        with connected:
            assert b'"dial"' in connected.recv(65536)
        out, err = dialling.communicate(timeout=PATIENCE)
    assert (dialling.returncode, out) == (3, "")
    words = "the daemon has gone, which was asked to dial: the call may or may not be made"
    assert err == f"siptapi: {words}\n"


@pytest.mark.parametrize(
    ("goodbye", "words"),
    [
        ({"code": "refused", "message": "the daemon runs with other settings"}, ""),
        (
            {"code": "not-supported", "message": "another version"},
            "siptapi: the daemon is left alone: another version\n",
        ),
    ],
)
def test_a_daemon_that_refuses_us_is_no_daemon(
    goodbye: dict[str, str], words: str, settings: Path, short_home: Path
) -> None:
    """The call is made without it; here it fails at the line's own proxy, where nobody is."""
    with listening(short_home) as server, started("dial", "301") as dialling:
        connected, _ = server.accept()
        with connected:
            connected.recv(65536)
            connected.sendall(json.dumps({"goodbye": goodbye}).encode() + b"\n")
        out, err = dialling.communicate(timeout=PATIENCE)
    assert (dialling.returncode, err) == (3, words)
    assert out.startswith("Dialling 301 on line office.\n")


def test_a_person_is_asked_as_ever(settings: Path) -> None:
    """The daemon of the demo has no numbers to confirm: a listener says what one with some says."""
    if sys.platform == "win32":
        return
    from pty import openpty

    home = Path(os.environ["XDG_RUNTIME_DIR"])
    person, terminal = openpty()
    with (
        listening(home) as server,
        subprocess.Popen(
            [sys.executable, "-c", SIPTAPI, "dial", "0900 1"],
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=terminal,
        ) as dialling,
    ):
        connected, _ = server.accept()
        with connected, connected.makefile("rwb") as line:
            hello, subscribed, dial = (json.loads(line.readline()) for _ in range(3))
            assert (hello["hello"], subscribed["subscribe"]) == ("2.0", "events")
            assert dial == {"id": 3, "command": "dial", "number": "0900 1"}
            error = {"code": "denied", "message": "to be confirmed", "confirmable": True}
            greeting = {"hello": "2.0", "siptapi": "1", "settings": "", "process": 1}
            for each in (greeting, {"id": 3, "error": error}):
                line.write(json.dumps(each).encode() + b"\n")
            line.flush()
            os.write(person, b"yes\n")
            dial = json.loads(line.readline())
            assert dial == {"id": 4, "command": "dial", "number": "0900 1", "confirmed": True}
            line.write(
                json.dumps({"id": 4, "error": {"code": "refused", "message": "no"}}).encode()
            )
            line.write(b"\n")
            line.flush()
            assert dialling.wait(PATIENCE) == 3
        os.close(terminal)
        asked = os.read(person, 65536).decode()
        os.close(person)
    assert "to be confirmed. Dial it? Type yes or no:" in asked


def test_a_daemon_that_is_not_there_any_more_costs_nothing(
    settings: Path, short_home: Path
) -> None:
    with listening(short_home):
        pass
    began = time.monotonic()
    code, out, _ = siptapi("lines")
    assert (code, time.monotonic() - began < PATIENCE) == (0, True)
    assert "office" in out
