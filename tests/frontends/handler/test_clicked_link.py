"""A click, from the desktop's side: the desktop entry's own line, a real process, demo phones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from desktop_launcher import arguments_for

from siptapi_frontends.cli.application import run

DEMO_DAEMON = Path(__file__).parents[2] / "control" / "demo_daemon.py"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a desktop of freedesktop.org")
SETTINGS = """\
[lines.office]
domain = "pbx.invalid"
user = "200"
outbound_proxy = "127.0.0.1:9"
"""


class Desktop:
    """Starts what the installed desktop entry says; ``shown`` are the dialogs' texts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shown = folder / "shown"
        self.entry = folder / "data/applications/siptapi.desktop"
        assert run(["--no-plugins", "handler", "install"]) == 0

    def answer(self, status: int) -> None:
        """Let its dialogs end like that."""
        programs = self._folder / "programs"
        programs.mkdir()
        zenity = programs / "zenity"
        zenity.write_text(
            f"#!{sys.executable} -IS\nimport json, sys\n"
            f"open({str(self._shown)!r}, 'a').write(json.dumps(sys.argv[-1]) + '\\n')\n"
            f"sys.exit({status})\n"
        )
        zenity.chmod(0o700)

    def click(self, link: str) -> subprocess.CompletedProcess[str]:
        elsewhere = self._folder / "downloads"  # what lies there is not to be imported
        (elsewhere / "siptapi_core").mkdir(parents=True)
        (elsewhere / "siptapi_core/__init__.py").write_text("raise SystemExit('a trap')")
        return subprocess.run(
            arguments_for(self.entry.read_text(), link),
            env=os.environ | {"DISPLAY": ":7", "PATH": str(self._folder / "programs")},
            cwd=elsewhere,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )

    @property
    def shown(self) -> list[str]:
        return [json.loads(line) for line in self._shown.read_text().splitlines()]


@pytest.fixture
def desktop(
    short_home: Path, settings_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Desktop:
    settings_file.write_text(SETTINGS)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Desktop(tmp_path)


@contextmanager
def daemon(settings: Path, ending: str = "answered") -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, DEMO_DAEMON, settings, ending],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield
        finally:
            process.kill()


def test_a_yes_makes_the_call(desktop: Desktop, settings_file: Path) -> None:
    desktop.answer(0)
    with daemon(settings_file):
        ended = desktop.click("tel:3%2001")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert desktop.shown == ["--text=Call 301?"]


def test_a_no_makes_none(desktop: Desktop, settings_file: Path) -> None:
    desktop.answer(1)
    with daemon(settings_file):
        ended = desktop.click("tel:301")
    assert ended.returncode == 2
    assert ended.stderr == "siptapi: not confirmed, so nothing was dialled\n"
    assert desktop.shown == ["--text=Call 301?"]


def test_a_call_that_cannot_be_made_is_told(desktop: Desktop, settings_file: Path) -> None:
    desktop.answer(0)
    with daemon(settings_file, "phone-busy"):
        ended = desktop.click("tel:301")
    assert ended.returncode == 3
    assert desktop.shown[1].startswith("--text=Failed: Busy Here (SIP status 486).\nYour own phone")


@pytest.mark.parametrize("link", ["--help", "--yes 301 --json", "tel:\n-", "'$(id)`id`\"\\"])
def test_whatever_a_page_makes_up_is_no_option(desktop: Desktop, link: str) -> None:
    """Without a daemon; the first may be a call to nobody, which is asked about."""
    desktop.answer(1)
    ended = desktop.click(link)
    assert ended.returncode == 2
    assert ended.stdout == ""
    (shown,) = desktop.shown
    assert shown.startswith(("--text=Call ", "--text='"))
