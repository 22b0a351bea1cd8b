"""On a pseudo-terminal, as a person sees it."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from siptapi_frontends.cli.live_view import LiveView

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals that Python can open")

PROGRAM = Path(__file__).with_name("call_on_terminal.py")
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


class Terminal:
    """A pseudo-terminal with a program at its other end; ``text`` is all that was written."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self._master = master
        self.text = ""

    def read_until(self, words: str) -> None:
        while words not in self.text:
            assert self._read(), f"{words!r} never came: {self.text!r}"

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def finish(self) -> int:
        """Read to the end; return the exit code."""
        while self._read():
            pass
        return self.process.wait(20)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 20)
        assert ready, f"nothing was written for 20 s after {self.text!r}"
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux: the other end was closed
            return False
        self.text += data.decode("utf-8", "replace")
        return bool(data)


@contextmanager
def terminal(*arguments: str, **environment: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100", "LANG": "C.UTF-8"} | environment,
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)


def without_controls(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", text)


def test_a_call_is_told_with_a_ladder_and_the_cursor_comes_back() -> None:
    with terminal("ANSWERED", "0.02", "CANCELLED") as screen:
        assert screen.finish() == 0
    text = without_controls(screen.text)
    assert "Dialling +43 1 505641 on line office.\n" in text
    assert re.search(r"\[\u2713\] your phone   \[\u25cf\] hand-over   \[\u25cb\] other side", text)
    assert re.search(r"^ +8\.0 s  Answered\. The phones have the call now\.$", text, re.MULTILINE)
    ladder = text.partition("have the call now.")[2]
    assert re.search(r"SIPTAPI +proxy", ladder)
    assert re.search(r"0\.000 s \u2502.*INVITE.*\u25ba\u2502", ladder)
    assert screen.text.count(HIDE_CURSOR) == screen.text.count(SHOW_CURSOR) == 1
    assert screen.text.index(HIDE_CURSOR) < screen.text.index(SHOW_CURSOR)


def test_the_phases_are_in_the_order_of_the_call() -> None:
    with terminal("REVERSE", "0.02", "CANCELLED") as screen:
        assert screen.finish() == 0
    text = without_controls(screen.text)
    for marks in ("\u25cf\u25cb\u25cb", "\u2713\u25cf\u25cb", "\u2713\u2713\u25cf", "\u2713" * 3):
        other, hand_over, this = marks
        assert f"[{other}] other side   [{hand_over}] hand-over   [{this}] this side" in text
    assert "your phone   [" not in text.partition("Calling +43")[2]


def test_where_the_terminal_knows_ascii_only_nothing_else_is_drawn() -> None:
    with terminal("ANSWERED", "0.02", "CANCELLED", PYTHONIOENCODING="ascii") as screen:
        assert screen.finish() == 0
    assert screen.text.isascii()
    text = without_controls(screen.text)
    assert "[x] your phone   [>] hand-over   [ ] other side" in text
    assert re.search(r"INVITE.*>\|", text)


def test_ctrl_c_hangs_up_and_waits() -> None:
    with terminal("RINGING", "0", "CANCELLED") as screen:
        screen.read_until("pick it up")
        screen.type("\x03")
        assert screen.finish() == 130
    text = without_controls(screen.text)
    assert "Hanging up. Ctrl-C again leaves at once.\n" in text
    assert re.search(r"s  Cancelled\.\n", text)
    assert SHOW_CURSOR in screen.text


def test_a_second_ctrl_c_leaves_at_once_and_gives_the_cursor_back() -> None:
    with terminal("RINGING", "0", "NOTHING") as screen:
        screen.read_until("pick it up")
        screen.type("\x03")
        screen.read_until("Hanging up")
        screen.type("\x03")
        assert screen.finish() == 130
    assert screen.text.endswith(SHOW_CURSOR)
    assert "Nobody confirmed" not in screen.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_ended_hangs_up_as_well(number: signal.Signals) -> None:
    with terminal("RINGING", "0", "CANCELLED") as screen:
        screen.read_until("pick it up")
        screen.process.send_signal(number)
        assert screen.finish() == 130


def test_ctrl_c_before_the_first_event_hangs_up_without_a_screen() -> None:
    with terminal("NOTHING", "0", "CANCELLED") as screen:
        screen.read_until("on line office")
        screen.type("\x03")
        assert screen.finish() == 130
    assert "Hanging up" in screen.text


def test_without_a_screen_there_is_nothing_to_give_back(
    capfd: pytest.CaptureFixture[str],
) -> None:
    view = LiveView()
    view.close()
    view.last_words()
    assert capfd.readouterr() == ("", "")
