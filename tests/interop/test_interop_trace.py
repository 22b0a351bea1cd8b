"""A call fails; what its user can show of it, and that other programs can read it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from lab.daemon import Daemon
from lab.laboratory import Lab
from lab.programs import require

pytestmark = pytest.mark.interop


def saved(daemon: Daemon, *arguments: str) -> str:
    done = daemon.say("trace", *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def texts(daemon: Daemon, call: str) -> list[str]:
    return [message["text"] for message in json.loads(saved(daemon, call, "--json"))]


def test_a_call_that_failed_is_traced_by_the_daemon_and_after_it(lab: Lab, tmp_path: Path) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    daemon = lab.daemon(outbound_proxy=proxy.uri)
    assert daemon.say("dial", "2999").returncode == 4
    [record] = json.loads(daemon.say("history", "--json").stdout)
    drawn = saved(daemon)
    assert "REFER (sip:2999@office.test)" in drawn
    assert "NOTIFY (404 " in drawn
    before = texts(daemon, record["call"])
    daemon.stop()

    assert texts(daemon, record["call"]) == before
    capture = tmp_path / "call.pcap"
    saved(daemon, "--pcap", str(capture))
    tshark = require("tshark", package="tshark")
    read = subprocess.run(
        [tshark, "-r", str(capture), "-T", "fields", "-e", "sip.Method", "-Y", "sip"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    methods = [line for line in read.stdout.splitlines() if line]
    assert methods[0] == "INVITE"
    assert {"ACK", "REFER", "NOTIFY", "BYE"} <= set(methods)
    assert len(read.stdout.splitlines()) == len(before)
