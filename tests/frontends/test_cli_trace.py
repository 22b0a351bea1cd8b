"""``siptapi trace``: which call, which messages, and where they go."""

from __future__ import annotations

import io
import json
import zipfile
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from siptapi_core.commands import (
    CallDirection,
    Caller,
    CallRecord,
    Command,
    History,
    ListHistory,
    Messages,
    Reply,
    ShowCall,
    ShowMessages,
)
from siptapi_core.errors import RefusedError, UsageError
from siptapi_core.events import Direction, TracedMessage
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import parse
from siptapi_frontends.cli import application
from siptapi_frontends.cli import trace as trace_command

PEER = "udp:192.0.2.1:5060"


def message(text: str, seconds: float = 0.0) -> TracedMessage:
    return TracedMessage(1e9 + seconds, Direction.SENT, PEER, "x", text, "c1", "udp:192.0.2.7:4000")


MESSAGES = (message("INVITE sip:a@b SIP/2.0\r\n\r\n"), message("BYE sip:a@b SIP/2.0\r\n\r\n", 2.5))
CALLS = tuple(
    CallRecord(
        call=call,
        line="office",
        direction=CallDirection.OUTGOING,
        number="305",
        started=1e9,
        ended=1e9 + 3,
        outcome="busy",
    )
    for call in ("c2", "c1")
)


class FakeSession:
    """The history has ``calls``, of which c1 has messages."""

    def __init__(self, reply: Reply | None = None, calls: tuple[CallRecord, ...] = CALLS) -> None:
        self._reply = reply
        self._calls = calls
        self.settings = parse(
            '[lines.office]\ndomain = "pbx.example"\nuser = "201"\npassword = "rosebud"\n'
        )
        self.full_catalog = load_plugins(third_party=False)
        self.plugins = lambda: self.full_catalog.records

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[FakeSession]:
        yield self

    async def execute(self, command: Command, caller: Caller) -> Reply:
        assert caller == Caller(frontend="cli")
        if self._reply is not None:
            return self._reply
        match command:
            case ListHistory():
                return History(calls=self._calls)
            case ShowMessages():
                return Messages(MESSAGES if command.call == "c1" else ())
            case ShowCall():
                return next(call for call in CALLS if call.call == command.call)
        raise AssertionError(command)


def trace(*arguments: str, session: FakeSession | None = None) -> int:
    parser = application.Parser()
    trace_command.configure(parser)
    given = parser.parse_args(arguments, Namespace())
    return trace_command.run(given, session or FakeSession())  # type: ignore[arg-type]


@pytest.mark.parametrize("arguments", [(), ("c1",)])
def test_the_latest_call_with_messages_is_drawn(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert trace(*arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "call         outgoing on line office, to 305"
    assert lines[-3].split() == ["SIPTAPI", PEER]
    assert lines[-1].startswith("2.500 s │── BYE sip:a@b SIP/2.0")


def test_each_message_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert trace("c1", "--messages") == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        f"2001-09-09T01:46:40.000+00:00 sent to {PEER}",
        "    INVITE sip:a@b SIP/2.0",
    ]


def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert trace("--json") == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["time"], first["peer"], first["local"]) == (1e9, PEER, "udp:192.0.2.7:4000")
    assert second["text"] == MESSAGES[1].text


def test_it_is_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    svg, pcap, bundle = (tmp_path / name for name in ("a.svg", "a.pcap", "a.zip"))
    assert trace("c1", "--svg", str(svg), "--pcap", str(pcap), "--bundle", str(bundle)) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Wrote {file}." for file in (svg, pcap, bundle)
    ]
    assert ET.fromstring(svg.read_text(encoding="utf-8")).tag.endswith("svg")
    assert pcap.read_bytes()[:4] == b"\xd4\xc3\xb2\xa1"
    with zipfile.ZipFile(io.BytesIO(bundle.read_bytes())) as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    assert files["messages.pcap"] == pcap.read_bytes()
    assert files["ladder.svg"].decode() == svg.read_text(encoding="utf-8")
    assert b"BYE sip:a@b" in files["ladder.txt"]
    assert b"    BYE sip:a@b SIP/2.0" in files["messages.txt"]
    assert json.loads(files["call.json"])["outcome"] == "busy"
    settings = json.loads(files["settings.json"])["settings"]
    assert settings["lines"]["office"] == {
        "domain": "pbx.example",
        "user": "201",
        "password": "<secret>",
    }
    assert "siptapi" in json.loads(files["environment.json"])
    assert not any(b"rosebud" in content for content in files.values())


def test_a_call_without_messages_says_why() -> None:
    with pytest.raises(RefusedError, match="no SIP messages of call c2 are kept: those of calls"):
        trace("c2")
    with pytest.raises(RefusedError, match="no SIP messages of the latest 50 calls are kept"):
        trace(session=FakeSession(calls=CALLS[:1]))
    with pytest.raises(RefusedError, match="the history has no call so far"):
        trace(session=FakeSession(calls=()))


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none.a\.svg cannot be written: No such file"):
        trace("c1", "--svg", str(tmp_path / "none" / "a.svg"))


def test_a_dialer_that_replies_something_else_is_a_defect() -> None:
    with pytest.raises(TypeError, match="a dialer replied"):
        trace("c1", session=FakeSession(History(calls=())))
