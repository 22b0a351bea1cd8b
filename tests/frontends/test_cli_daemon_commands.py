"""The commands that speak with a daemon, and what they say where there is none."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_thread import daemon
from fake_dialer import FakeDialer

from siptapi_core.commands import (
    CallDirection,
    Calls,
    CallState,
    CallStatus,
    Dial,
    Done,
    HangUp,
    Lines,
    LineStatus,
    ListCalls,
    ListLines,
    Reject,
    Reload,
    Reloaded,
    ShowStatus,
    Status,
)
from siptapi_core.control import place
from siptapi_core.control.only_one import only_one
from siptapi_core.errors import RefusedError
from siptapi_core.events import RegistrationState
from siptapi_frontends.cli.application import run

pytestmark = pytest.mark.usefixtures("short_home")

LINE = '[lines.office]\ndomain = "pbx.example"\nuser = "201"\n'
LINES = Lines(
    (
        LineStatus(
            name="office",
            account="sip:201@pbx",
            phone="sip:201@pbx",
            strategies=("acd", "reverse"),
            registration=RegistrationState.FAILED,
            problem="403 Forbidden",
        ),
        LineStatus(
            name="lab",
            account="sip:202@pbx",
            phone="sip:9@pbx",
            strategies=("acd",),
            active=False,
        ),
    )
)
CALLS = Calls(
    (
        CallStatus(
            call="c1",
            line="office",
            number="+431505641",
            state=CallState.CALLEE_RINGING,
            started=1e9,
        ),
        CallStatus(
            call="c22",
            line="lab",
            number="202",
            state=CallState.RINGING,
            started=1e9 + 5,
            direction=CallDirection.INCOMING,
            name="Jörg\x1b[2J",
        ),
    )
)
STATUS = Status(
    version="0.3",
    started=1e9,
    settings_file="/etc/siptapi.toml",
    counters={"calls": 1, "client_transactions": 0},
    registered=2,
    lines=3,
    warnings=("everyone can read the password",),
)


@pytest.fixture(autouse=True)
def in_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as there:
        there.setenv("TZ", "UTC0")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def settings(settings_file: Path) -> Path:
    settings_file.write_text(LINE)
    settings_file.chmod(0o600)
    return settings_file


def test_lines_are_those_of_the_daemon(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with daemon(FakeDialer(answers={ListLines: LINES}), settings):
        assert run(["lines"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            "LINE    ACCOUNT      PHONE        STRATEGIES    REGISTRATION",
            "office  sip:201@pbx  sip:201@pbx  acd, reverse  failed: 403 Forbidden",
            "lab     sip:202@pbx  sip:9@pbx    acd           inactive",
        ]
        assert run(["lines", "--json"]) == 0
        office, lab = json.loads(capsys.readouterr().out)
        assert (office["registration"], office["problem"]) == ("failed", "403 Forbidden")
        assert (lab["name"], lab["active"]) == ("lab", False)


def test_without_a_daemon_lines_are_those_of_the_settings(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lines"]) == 0
    out = capsys.readouterr().out
    assert "office  sip:201@pbx.example  sip:201@pbx.example  refer-via-proxy  does not" in out


def test_calls(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with daemon(FakeDialer(answers={ListCalls: CALLS}), settings):
        assert run(["calls"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            "CALL  LINE    SINCE     OTHER PARTY             STATE",
            "c1    office  01:46:40  to +431505641           callee ringing",
            "c22   lab     01:46:45  from 202 (Jörg\\x1b[2J)  ringing",
        ]
        assert run(["calls", "--json"]) == 0
        assert [each["call"] for each in json.loads(capsys.readouterr().out)] == ["c1", "c22"]


def test_no_call(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with daemon(FakeDialer(answers={ListCalls: Calls(())}), settings):
        assert run(["calls"]) == 0
        assert capsys.readouterr().out == "No call is in progress.\n"
        assert run(["calls", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("command", "told", "said"),
    [("hangup", HangUp(call="c1"), "Hanging up.\n"), ("reject", Reject(call="c1"), "Rejecting.\n")],
)
def test_a_call_is_ended(
    settings: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    told: HangUp | Reject,
    said: str,
) -> None:
    dialer = FakeDialer(answers={Reject: Done()})
    with daemon(dialer, settings):
        assert run([command, "c1"]) == 0
    assert dialer.executed == [told]
    assert capsys.readouterr().out == said


def test_a_hangup_that_is_refused(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with daemon(FakeDialer((), RefusedError("the phone has the call now")), settings):
        assert run(["hangup", "c1"]) == 3
    assert capsys.readouterr().err == "siptapi: the phone has the call now\n"


def test_another_daemon_is_left_alone(
    settings: Path, short_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.write_text(f"{LINE}tls_verify = false\n")
    with only_one(Path(place.lock_file())):
        assert run(["serve"]) == 3
        assert [each.name for each in short_home.rglob("*") if each.is_file()] == ["control.lock"]
    error = capsys.readouterr().err
    assert error == f"siptapi: the daemon of this user runs already (process {os.getpid()})\n"


def test_reload(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reloaded = Reloaded(added=("lab",), warnings=("dns: only a restart changes that",))
    with daemon(FakeDialer(answers={Reload: reloaded}), settings):
        assert run(["reload"]) == 0
        assert capsys.readouterr() == (
            "Reloaded: lines: 1 added.\n",
            "siptapi: dns: only a restart changes that\n",
        )
        assert run(["reload", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["added"] == ["lab"]


def test_status(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with daemon(FakeDialer(answers={ShowStatus: STATUS}), settings):
        assert run(["status"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            "version              0.3",
            "running since        2001-09-09 01:46:40",
            "settings             /etc/siptapi.toml",
            "lines                3, of which 2 registered",
            "calls                1",
            "client transactions  0",
            "warning              everyone can read the password",
        ]
        assert run(["status", "--json"]) == 0
        status = json.loads(capsys.readouterr().out)
        assert status["counters"] == {"calls": 1, "client_transactions": 0}
        assert list(status)[:2] == ["version", "started"]


@pytest.mark.parametrize("command", ["calls", "hangup c1", "reload", "status"])
def test_without_a_daemon_they_say_so(
    command: str, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command.split()) == 3
    assert capsys.readouterr() == ("", "siptapi: there is no daemon: `siptapi serve` starts one\n")


@pytest.mark.parametrize("command", ["calls", "hangup c1", "reload", "status"])
def test_a_daemon_with_other_settings_is_not_meant(
    command: str, settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(LINE)
    dialer = FakeDialer()
    with daemon(dialer, other):
        assert run(command.split()) == 3
        words = f"the daemon runs with other settings: `--config {other}` reaches it"
        assert capsys.readouterr().err == f"siptapi: {words}\n"
    assert dialer.executed == []


def test_it_is_reached_by_the_settings_that_it_has(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(LINE)
    with daemon(FakeDialer(answers={ListLines: LINES, ListCalls: CALLS}), other):
        assert run(["--config", str(other), "calls"]) == 0
        assert "c22" in capsys.readouterr().out
        assert run(["lines", "--config", str(other)]) == 0
        assert "lab" in capsys.readouterr().out
        assert run(["lines"]) == 0
        assert "lab" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["--no-daemon", "lines"], ["lines", "--no-plugins"], ["lines", "--plugin", "PLUGIN"]],
)
def test_who_wants_it_done_otherwise_does_not_get_the_daemon(
    arguments: list[str], settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = tmp_path / "nothing.py"
    plugin.write_text("")
    arguments = [str(plugin) if word == "PLUGIN" else word for word in arguments]
    dialer = FakeDialer(answers={ListLines: LINES})
    with daemon(dialer, settings):
        assert run(arguments) == 0
    assert dialer.executed == []
    assert "office" in capsys.readouterr().out


def test_a_dial_goes_to_the_daemon(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dialer = FakeDialer()
    with daemon(dialer, settings):
        assert run(["dial", "01/505641"]) == 0
    assert dialer.executed == [Dial(number="01/505641")]
    assert capsys.readouterr().out.endswith("Answered. The phones have the call now.\n")


def test_a_dialer_that_replies_something_else_is_a_bug(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with daemon(FakeDialer(answers={ListLines: CALLS}), settings):
        assert run(["lines"]) == 1
    assert "TypeError: a dialer replied Calls(" in capsys.readouterr().err
