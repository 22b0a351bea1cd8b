from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TextIO

import pytest

from siptapi_frontends.cli.output import can_show, prepare, say, say_aside

EVIL = "\x1b]0;owned\x07\x1b[2J\u202eevil\r\nexit code 0\x9b31m"


def test_results_and_asides_have_streams_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    say("one", "two")
    say_aside("three")
    say()
    assert capsys.readouterr() == ("one\ntwo\n", "three\n")


def test_no_stranger_moves_the_cursor_or_forges_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    say(EVIL)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert out.removesuffix("\n").isprintable()
    assert "owned" in out


def test_what_the_encoding_lacks_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    prepare()
    say("J\u00f6rg")
    assert stream.buffer.getvalue() == b"J?rg\n"  # type: ignore[attr-defined]
    assert not can_show("\u2713")
    assert can_show("x")


def test_a_stream_of_another_kind_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    prepare()
    say("J\u00f6rg")
    assert stream.getvalue() == "J\u00f6rg\n"
    assert not can_show("\u2713")


def test_closed_streams_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    prepare()
    say("x")
    say_aside("x")


def test_to_the_journal_what_is_said_aside_is_a_warning(
    journal: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", journal)
    monkeypatch.setattr(sys, "stderr", journal)
    say("a result")
    say_aside("one", "two")
    journal.seek(0)
    assert journal.read() == "a result\n<4>one\n<4>two\n"
    monkeypatch.setattr(sys, "stderr", None)
    say_aside("nobody listens")
    monkeypatch.setattr(sys, "stderr", elsewhere := io.StringIO())
    say_aside("three")
    assert elsewhere.getvalue() == "three\n"


def test_a_full_disk_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(OSError, match="No space left"):
        say("x")


def test_a_reader_that_went_away_is_no_error(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = "from siptapi_frontends.cli.output import say, say_aside; "
    words += "say('a'); say('b'); say_aside('went on')"
    ended = subprocess.run(
        [sys.executable, "-c", words],
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        timeout=30,
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr.split()) == (0, [b"went", b"on"])
