from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import TextIO

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core import Logger, Secret, UsageError, logs
from siptapi_core.events import Direction, TracedMessage


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _default_output() -> Iterator[None]:
    yield
    logs._output = logs._Output("warning", None)


def test_off_a_terminal_each_event_is_one_json_object() -> None:
    stream = io.StringIO()
    logs.configure("debug", stream)
    log: Logger = logs.logger("siptapi.test")
    log.debug("a", number=7)
    log.info("b")
    log.warning("c")
    log.error("d", why="x\ny\x1b")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("a", "debug"),
        ("b", "info"),
        ("c", "warning"),
        ("d", "error"),
    ]
    assert all(line["logger"] == "siptapi.test" for line in lines)
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert lines[0]["number"] == 7
    assert lines[3]["why"] == "x\ny\x1b"


def test_bound_values_are_in_every_event_of_that_logger_only() -> None:
    stream = io.StringIO()
    logs.configure("info", stream)
    plain = logs.logger("siptapi.test")
    bound = plain.bind(call="c1", line="desk").bind(call="c2")
    bound.info("bound", call="c3")
    bound.info("bound")
    plain.info("plain")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line.get("call") for line in lines] == ["c3", "c2", None]
    assert [line.get("line") for line in lines] == ["desk", "desk", None]


def test_values_are_written_as_what_they_say_and_only_when_they_are_written() -> None:
    class Place:
        asked = 0

        def __str__(self) -> str:
            self.asked += 1
            return "udp:192.0.2.1:5060"

    stream, place = io.StringIO(), Place()
    logs.configure("info", stream)
    log = logs.logger("x")
    log.debug("quiet", to=place)
    assert place.asked == 0
    log.info("loud", to=place, all=(place, 1, None), secret=Secret("s3cret"))
    line = json.loads(stream.getvalue())
    assert line["to"] == "udp:192.0.2.1:5060"
    assert line["all"] == ["udp:192.0.2.1:5060", 1, None]
    assert line["secret"] == "<secret>"


@pytest.mark.parametrize(
    ("level", "written"),
    [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")],
)
def test_events_below_the_level_are_not_written(level: str, written: str) -> None:
    stream = io.StringIO()
    logs.configure(level, stream)
    log = logs.logger("x")
    log.debug("d")
    log.info("i")
    log.warning("w")
    log.error("e")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == list(written)


def test_an_unknown_level_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no log level is named 'loud'; there is debug, info"):
        logs.configure("loud")


def test_until_told_otherwise_warnings_go_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = logs.logger("x")
    log.info("quiet")
    log.warning("loud")
    seen = capsys.readouterr()
    assert seen.out == ""
    assert [json.loads(line)["event"] for line in seen.err.splitlines()] == ["loud"]


def test_in_the_journal_each_line_has_its_priority(
    journal: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure("debug", journal)
    for level in logs.LEVELS:
        getattr(logs.logger("test"), level)("said")
    monkeypatch.setenv("JOURNAL_STREAM", f"{os.fstat(journal.fileno()).st_dev}:1")
    logs.configure("info", journal)
    logs.logger("test").info("said elsewhere")
    journal.seek(0)
    lines = journal.read().splitlines()
    assert [line[:4] for line in lines] == ["<7>{", "<6>{", "<4>{", "<3>{", '{"lo']
    assert json.loads(lines[0][3:])["level"] == "debug"


def test_a_terminal_gets_lines_for_people() -> None:
    stream = Terminal()
    logs.configure("info", stream)
    logs.logger("siptapi.test").bind(call="c1").info("the phone rings", status=180)
    (line,) = stream.getvalue().splitlines()
    for part in ("info", "the phone rings", "siptapi.test", "call=c1", "status=180"):
        assert part in line
    assert "\x1b" not in line


hostile = st.text(st.characters(exclude_categories=[]), max_size=30)


@given(event=hostile, value=hostile, parts=st.lists(hostile, max_size=2))
def test_no_value_can_forge_a_line_or_steer_the_terminal(
    event: str, value: str, parts: list[str]
) -> None:
    stream = Terminal()
    logs.configure("info", stream)
    logs.logger("x").info(event, value=value, parts=parts)
    line, newline, rest = stream.getvalue().partition("\n")
    assert (newline, rest) == ("\n", "")
    assert line.isprintable()


@given(text=hostile, key=st.sampled_from(["exception", "stack", "logger", "level", "timestamp"]))
def test_no_key_of_structlogs_own_helps_to_forge(text: str, key: str) -> None:
    stream = Terminal()
    logs.configure("info", stream)
    logs.logger("x").bind(**{key: text}).info("event")
    first, *others = stream.getvalue().removesuffix("\n").split("\n")
    assert "[info" in first
    assert first.isprintable()
    assert all(line.startswith("    ") and line.isprintable() for line in others)


class Rude:
    def __repr__(self) -> str:
        return "\x1b[2J\nforged"


def test_no_repr_can_either() -> None:
    for stream in (Terminal(), io.StringIO()):
        logs.configure("info", stream)
        logs.logger("x").info("event", rude=Rude(), deep=[Rude()])
        assert stream.getvalue().count("\n") == 1
        assert "\x1b" not in stream.getvalue()


def fail(words: str) -> None:
    raise ValueError(words)


@frozen
class Account:
    user: str
    password: Secret


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_a_secret_is_never_shown_however_deep(stream: io.StringIO) -> None:
    logs.configure("info", stream)
    secret = Secret("hunter2")
    account = Account("alice", secret)
    logs.logger("x").bind(bound=secret).info("event", account=account, deep={"a": [secret]})
    assert "alice" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_an_exception_is_written_with_its_traceback_indented() -> None:
    stream = Terminal()
    logs.configure("info", stream)
    try:
        fail("bad\n2026-01-01 [error] forged\x1b")
    except ValueError as error:
        logs.logger("x").error("it broke", exc_info=error)
    first, *others = stream.getvalue().splitlines()
    assert "it broke" in first
    assert others[0] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") for line in others)
    assert "\x1b" not in stream.getvalue()


def test_in_json_an_exception_is_a_value() -> None:
    stream = io.StringIO()
    logs.configure("info", stream)
    try:
        fail("bad")
    except ValueError as error:
        logs.logger("x").error("it broke", exc_info=error)
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["exception"].endswith("ValueError: bad")


def test_what_the_stream_cannot_encode_is_escaped() -> None:
    octets = io.BytesIO()
    stream = io.TextIOWrapper(octets, encoding="ascii", write_through=True)
    stream.isatty = lambda: True  # type: ignore[method-assign]
    logs.configure("info", stream)
    logs.logger("x").info("Jörg")
    assert rb"J\xf6rg" in octets.getvalue()


class Broken(io.StringIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.tried = 0

    def write(self, text: str) -> int:
        self.tried += 1
        raise self.error


@pytest.mark.parametrize("error", [BrokenPipeError(), ValueError("I/O operation on closed file")])
def test_a_stream_that_is_gone_ends_nothing(error: Exception) -> None:
    stream = Broken(error)
    logs.configure("info", stream)
    logs.logger("x").info("lost")
    assert stream.tried == 1


def test_without_a_standard_error_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    logs.configure("warning")
    monkeypatch.setattr(sys, "stderr", None)
    logs.logger("siptapi.test").error("lost")
    monkeypatch.setattr(sys, "stderr", stream)
    logs.logger("siptapi.test").error("seen")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["seen"]


def test_structlog_is_imported_for_the_first_written_event_only() -> None:
    program = """
import sys
from siptapi_core import logs
log = logs.logger("x").bind(call="1")
log.info("below the level")
print("structlog" in sys.modules)
log.warning("written")
print("structlog" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == [b"False", b"True"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain Jörg \\n", "plain Jörg \\n"),
        ("a\r\nb\x1b[2J\x7f\x9b", r"a\r\nb\x1b[2J\x7f\x9b"),
        ("\u202egnp.exe\u2028", r"\u202egnp.exe\u2028"),
        ("\udc80", r"\udc80"),
    ],
)
def test_printable_escapes_what_a_terminal_would_obey(text: str, shown: str) -> None:
    assert logs.printable(text) == shown


def message(text: str, direction: Direction = Direction.SENT) -> TracedMessage:
    return TracedMessage(1.25, direction, "udp:192.0.2.1:5060", "id", text)


def test_a_traced_message_is_printed_line_by_line() -> None:
    stream = io.StringIO()
    logs.print_message(message("BYE sip:a@b SIP/2.0\r\nX: 1\r\n\r\nbody\r\n"), stream)
    logs.print_message(message("SIP/2.0 200 OK\r\n\r\n", Direction.RECEIVED), stream)
    assert stream.getvalue() == (
        "1970-01-01T00:00:01.250+00:00 sent to udp:192.0.2.1:5060\n"
        "    BYE sip:a@b SIP/2.0\n"
        "    X: 1\n"
        "\n"
        "    body\n"
        "1970-01-01T00:00:01.250+00:00 received from udp:192.0.2.1:5060\n"
        "    SIP/2.0 200 OK\n"
    )


@given(hostile)
def test_no_traced_message_can_pass_for_another(text: str) -> None:
    stream = io.StringIO()
    logs.print_message(message(text), stream)
    first, *others = stream.getvalue().split("\n")
    assert first == "1970-01-01T00:00:01.250+00:00 sent to udp:192.0.2.1:5060"
    assert all(line == "" or (line.startswith("    ") and line.isprintable()) for line in others)
