"""What a user types while the daemon runs: it does the work, whichever command asks for it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from lab.daemon import Daemon
from lab.laboratory import PASSWORDS, Lab
from lab.programs import wait_until

pytestmark = pytest.mark.interop


def said(daemon: Daemon, *arguments: str) -> str:
    """What a command prints that goes well, and says nothing aside."""
    done = daemon.say(*arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def told(daemon: Daemon, *arguments: str) -> Any:
    """The JSON that a command prints."""
    return json.loads(said(daemon, *arguments, "--json"))


def refused(daemon: Daemon, code: int, *arguments: str) -> str:
    """Why a command does nothing."""
    done = daemon.say(*arguments)
    assert (done.returncode, done.stdout) == (code, ""), done
    return done.stderr.removeprefix("siptapi: ").rstrip("\n")


def test_each_command_is_handed_to_the_daemon(lab: Lab) -> None:
    proxy = lab.kamailio()
    phone = lab.baresip("alice", proxy)
    callee = lab.baresip("2002", proxy, answer="manual")
    daemon = lab.daemon(register=True, outbound_proxy=proxy.uri)
    wait_until(lambda: '"registered"' in daemon.trace(), seconds=5, what="registered")

    assert said(daemon, "lines").splitlines()[1].split()[-1] == "registered"
    [line] = told(daemon, "lines")
    assert (line["name"], line["registration"]) == ("office", "registered")
    assert told(daemon, "status")["registered"] == 1
    assert refused(daemon, 3, "serve").startswith("the daemon of this user runs already (process")
    assert said(daemon, "calls") == "No call is in progress.\n"
    assert refused(daemon, 3, "redial").startswith("the history knows of no call")

    with ThreadPoolExecutor() as others:
        dialling = others.submit(daemon.say, "dial", "2002")
        callee.await_event("CALL_INCOMING")
        [call] = told(daemon, "calls")
        assert (call["number"], call["state"]) == ("2002", "connecting")
        assert call["call"] in said(daemon, "calls")
        assert "was told whom to call already" in refused(daemon, 3, "transfer", call["call"], "1")
        assert said(daemon, "hangup", call["call"]) == "Hanging up.\n"
        assert dialling.result().returncode == 5, "the phone may go on calling"
    assert "there is no call" in refused(daemon, 3, "hangup", call["call"])
    for each in (phone, callee):
        each.hang_up_all()
    callee.command("answermode", "auto")

    assert "The phones have the call now" in said(daemon, "redial")
    phone.hang_up_all()
    events = [json.loads(line) for line in said(daemon, "dial", "--json", "2002").splitlines()]
    assert (events[-1]["event"], events[-1]["outcome"]) == ("call_ended", "answered")
    phone.hang_up_all()

    daemon.write_settings({"lines.office": {"domain": "pbx.example", "usre": "201"}})
    assert "lines.office.usre: there is no such key" in refused(daemon, 2, "reload")

    past = told(daemon, "history")
    assert [each["outcome"] for each in past] == ["answered", "answered", "unknown"]
    assert past[2]["call"] == call["call"]
    assert "Your phone agreed to call." in said(daemon, "history", call["call"])
    called = [line for line in daemon.log() if line["event"] == "call_placed"]
    assert {line["frontend"] for line in called} == {"cli"}
    assert len(called) == 3, "the daemon made them all"

    account = {"domain": "office.test", "user": "2002", "password": PASSWORDS["2002"]}
    daemon.write_settings({"lines.office": {}, "lines.other": account})
    assert "lines.office.domain" in refused(daemon, 2, "reload")
    daemon.write_settings({"lines.other": account})
    assert said(daemon, "reload") == "Reloaded: lines: 1 added, 1 removed.\n"
    assert refused(daemon, 2, "dial", "2002", "--line", "office").startswith("no line is named")

    daemon.interrupt()
    assert daemon.wait(10) == 0
    assert refused(daemon, 3, "calls") == "there is no daemon: `siptapi serve` starts one"
    assert [each["call"] for each in told(daemon, "history")] == [each["call"] for each in past]


def test_a_daemon_with_other_settings_is_left_alone(lab: Lab) -> None:
    daemon = lab.daemon()
    other = daemon.folder / "other.toml"
    other.write_text(daemon.config.read_text("utf-8").replace("[lines.office]", "[lines.own]"))
    other.chmod(0o600)
    done = daemon.say("--config", str(other), "lines")
    assert done.stdout.splitlines()[1].split()[0] == "own"
    assert str(daemon.config) in refused(daemon, 3, "--config", str(other), "status")
