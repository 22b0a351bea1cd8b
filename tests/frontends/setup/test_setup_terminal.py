"""``siptapi setup`` at a terminal, as its user sees it, with the demo's proxy and phones."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from siptapi_core.demo import open_demo
from siptapi_core.settings import LineSettings, load

SECONDS = 30


@contextmanager
def demo() -> Iterator[LineSettings]:
    """The demo's line, while a thread runs its proxy and phones."""
    found: list[LineSettings] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with open_demo() as running:
            found.append(running.settings.lines["demo"])
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(SECONDS)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(SECONDS)
        loop.close()


class Terminal:
    """``siptapi setup`` on a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self.config = folder / "new" / "siptapi.toml"
        homes = dict.fromkeys(("HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"), str(folder))
        script = str(Path(sys.executable).with_name("siptapi"))
        self._process = subprocess.Popen(
            [script, "--config", str(self.config), "setup", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=os.environ | homes,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509  # its Ctrl-C shall become SIGINT
        )
        os.close(theirs)
        self.shown = ""
        self._from = 0

    def expect(self, words: str) -> None:
        """Wait until ``words`` are shown, after what was expected before."""
        end = time.monotonic() + SECONDS
        while words not in self.shown[self._from :]:
            assert time.monotonic() < end, f"no {words!r} in {self.shown}"
            self._read()
        self._from = self.shown.index(words, self._from) + len(words)

    def answer(self, question: str, text: str) -> None:
        """Type ``text`` where ``question`` is asked."""
        self.expect(question)
        os.write(self._ours, text.encode() + b"\n")

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def end(self) -> int:
        """Its exit code."""
        while self._process.poll() is None:
            self._read()
        self._read()
        return self._process.wait()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def _read(self) -> None:
        readable, _, _ = select.select([self._ours], [], [], 0.2)
        if readable:
            try:
                self.shown += os.read(self._ours, 65536).decode(errors="replace")
            except OSError:  # nobody has the other end any more
                time.sleep(0.01)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def line() -> Iterator[LineSettings]:
    with demo() as found:
        yield found


@contextmanager
def terminal(folder: Path, *arguments: str) -> Iterator[Terminal]:
    opened = Terminal(folder, *arguments)
    try:
        yield opened
    finally:
        opened.close()


def test_from_nothing_to_a_call(line: LineSettings, tmp_path: Path) -> None:
    assert line.password is not None
    password = line.password.reveal()
    with terminal(tmp_path, "--phone", str(line.phone)) as session:
        session.answer("Which", "no such thing")
        session.expect("That cannot be: expected one of")
        session.answer("Which", "")
        session.answer("Name of the line", "")
        session.answer("Domain", "not a domain")
        session.expect("That cannot be: expected a host name")
        session.answer("Domain", line.domain)
        session.answer("Server", str(line.outbound_proxy))
        session.answer("User (", line.user)
        session.expect("answers:")
        session.answer("Password", "wrong-" + password)
        session.answer("User name for", "")
        session.expect("PROBLEM credentials")
        session.answer("What now", "change")
        session.answer("User (", "")
        session.answer("User name for", "")
        session.answer("Password", password)
        session.expect("The registrar accepts")
        session.expect("The phone allows REFER")
        session.answer("Strategies", "")
        session.answer("Keep the password", "")
        session.answer("A number for a test call", "301")
        assert session.end() == 0, session.shown
    assert password not in session.shown
    assert f"Wrote {session.config}" in session.shown
    made = load(session.config).lines["office"]
    assert made.password is not None
    assert made.password.reveal() == password
    assert stat.S_IMODE(session.config.stat().st_mode) == 0o600
    assert (made.user, made.phone, made.outbound_proxy) == (
        line.user,
        line.phone,
        line.outbound_proxy,
    )


def test_ctrl_c_leaves_nothing_half_done(line: LineSettings, tmp_path: Path) -> None:
    with terminal(
        tmp_path,
        *("--profile", "other", "--domain", line.domain, "--user", line.user),
        *("--outbound-proxy", str(line.outbound_proxy), "--line", "desk"),
    ) as session:
        session.expect("Password (not shown)")
        session.type(b"half a pass\x03")
        assert session.end() == 130
        assert "Traceback" not in session.shown
    assert not session.config.parent.exists()


def test_the_end_of_the_input_is_no_answer(tmp_path: Path) -> None:
    with terminal(tmp_path) as session:
        session.expect("Which")
        session.type(b"\x04")
        assert session.end() == 2
        assert "the input ended, so nothing was written" in session.shown


def test_without_a_terminal_the_flags_must_say_it_all(tmp_path: Path) -> None:
    script = str(Path(sys.executable).with_name("siptapi"))
    done = subprocess.run(
        [script, "--config", str(tmp_path / "siptapi.toml"), "setup", "--domain", "a.example"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 2
    assert "nobody can be asked here" in done.stderr
