"""Each program is played by a script that writes down its arguments."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from fake_user_windows import FakeWindows
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import RefusedError
from siptapi_frontends.handler.dialog import Dialog, find_dialog
from siptapi_frontends.handler.program_dialog import OSASCRIPT, PROGRAMS, ProgramDialog

QUESTION = "Call +43 1 505641?\nIt is <b>far</b> & away."
not_on_windows = pytest.mark.skipif(sys.platform == "win32", reason="it has a dialog of its own")


class Desktop:
    """Programs that are ``installed``, and what they were given."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = folder / "seen"

    def install(self, name: str, status: int = 0, prints: str = "") -> None:
        file = self._folder / name
        file.write_text(
            f"#!{sys.executable} -IS\nimport json, sys\n"
            f"open({str(self._seen)!r}, 'a').write(json.dumps([{name!r}, *sys.argv[1:]]) + '\\n')\n"
            f"print({prints!r}, end='')\nsys.exit({status})\n"
        )
        file.chmod(0o700)

    @property
    def seen(self) -> list[list[str]]:
        """The calls."""
        return [json.loads(line) for line in self._seen.read_text().splitlines()]


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    monkeypatch.setenv("PATH", str(tmp_path))
    return Desktop(tmp_path)


def dialog() -> Dialog:
    return ProgramDialog(PROGRAMS, "install some")


ASKED = {
    "zenity": [
        *("--question", "--no-markup", "--default-cancel", "--title=SIPTAPI"),
        *("--ok-label=Call", "--cancel-label=Cancel", f"--text={QUESTION}"),
    ],
    "kdialog": [
        *("--title", "SIPTAPI", "--menu"),
        "<qt>Call +43 1 505641?<br>It is &lt;b&gt;far&lt;/b&gt; &amp; away.</qt>",
        *("no", "Do not call", "yes", "Call", "--default", "Do not call"),
    ],
    "xmessage": [
        *("-center", "-title", "SIPTAPI", "-buttons", "Cancel:1,Call:0", "-default", "Cancel"),
        f"SIPTAPI: {QUESTION}",
    ],
}
ASKED_ON_A_MAC = (
    'display dialog (last item of given) with title "SIPTAPI" buttons {"Cancel", "Call"} '
    'default button "Cancel" cancel button "Cancel"'
)
TOLD = {
    "zenity": ["--error", "--no-markup", "--title=SIPTAPI", "--text=-x <b>"],
    "kdialog": ["--title", "SIPTAPI", "--error", "<qt>-x &lt;b&gt;</qt>"],
    "xmessage": ["-center", "-title", "SIPTAPI", "SIPTAPI: -x <b>"],
    "notify-send": ["--app-name=SIPTAPI", "--", "SIPTAPI", "-x &lt;b&gt;"],
}


@not_on_windows
@pytest.mark.parametrize(
    ("name", "status", "prints", "yes"),
    [
        ("zenity", 0, "", True),
        ("zenity", 1, "", False),
        ("kdialog", 0, "yes\n", True),
        ("kdialog", 0, "no\n", False),
        ("kdialog", 0, "", False),
        ("kdialog", 1, "", False),
        ("xmessage", 0, "", True),
        ("xmessage", 1, "", False),
    ],
)
def test_each_asks_in_its_way(
    desktop: Desktop,
    name: str,
    status: int,
    prints: str,
    yes: bool,  # noqa: FBT001  # what is expected
) -> None:
    desktop.install(name, status, prints)
    assert dialog().ask(QUESTION) is yes
    assert desktop.seen == [[name, *ASKED[name]]]


@not_on_windows
@pytest.mark.parametrize("name", TOLD)
def test_each_tells_in_its_way(desktop: Desktop, name: str) -> None:
    desktop.install(name)
    dialog().tell("-x <b>")
    assert desktop.seen == [[name, *TOLD[name]]]


@not_on_windows
def test_the_first_that_is_there_is_taken(desktop: Desktop) -> None:
    for name in ("notify-send", "xmessage"):
        desktop.install(name)
    desktop.install("kdialog", prints="yes")
    assert dialog().ask(QUESTION)
    dialog().tell("so")
    assert [name for name, *_ in desktop.seen] == ["kdialog", "kdialog"]


@not_on_windows
def test_a_program_that_breaks_has_not_said_yes(desktop: Desktop) -> None:
    desktop.install("zenity", 255)
    with pytest.raises(RefusedError, match="zenity could not ask: it ended with 255"):
        dialog().ask(QUESTION)


@not_on_windows
def test_one_that_breaks_is_followed_by_another_to_tell(desktop: Desktop) -> None:
    desktop.install("zenity", 255)
    desktop.install("notify-send")
    dialog().tell("-x <b>")
    assert desktop.seen[1] == ["notify-send", *TOLD["notify-send"]]


@not_on_windows
def test_where_nothing_can_ask_it_is_said(desktop: Desktop) -> None:
    with pytest.raises(RefusedError, match="asked whether to dial: install some"):
        dialog().ask(QUESTION)
    with pytest.raises(RefusedError, match="nobody can be told: install some"):
        dialog().tell("so")
    desktop.install("notify-send")  # it can only tell
    with pytest.raises(RefusedError, match="asked whether to dial: install some"):
        dialog().ask(QUESTION)


@given(st.text(st.characters(exclude_characters="\0")))
def test_no_text_becomes_an_option_or_markup(text: str) -> None:
    for program in (*PROGRAMS, OSASCRIPT):
        for make in filter(None, (program.ask, program.tell)):
            usual, made = list(make("USUAL")), list(make(text))
            (at,) = (at for at, each in enumerate(usual) if "USUAL" in each)
            assert made[:at] + made[at + 1 :] == usual[:at] + usual[at + 1 :]
            assert "--" in usual[:at] or made[at].startswith(("--text=", "<qt>", "SIPTAPI: "))
            if made[at].startswith("<qt>"):
                assert set(re.findall("<[^>]*>?", made[at])) <= {"<qt>", "<br>", "</qt>"}


def test_on_a_mac_a_script_is_given_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert isinstance(find_dialog(), ProgramDialog)
    assert OSASCRIPT.ask is not None
    assert list(OSASCRIPT.ask('"quoted"')) == [
        *("-e", "on run given", "-e"),
        *(ASKED_ON_A_MAC, "-e", "end run", "--", '"quoted"'),
    ]


def test_on_linux_there_must_be_a_display(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    desktop.install("zenity")
    with pytest.raises(RefusedError, match="there is no desktop here"):
        find_dialog().ask(QUESTION)
    if os.name == "posix":
        monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
        assert find_dialog().ask(QUESTION)


def test_windows_has_a_message_box(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = FakeWindows(monkeypatch)
    dialog = find_dialog()
    assert dialog.ask(QUESTION)
    windows.answer = 7
    assert not dialog.ask(QUESTION)
    dialog.tell("so")
    assert windows.boxes == [
        *[(None, QUESTION, "SIPTAPI", 0x10124)] * 2,
        (None, "so", "SIPTAPI", 0x10030),
    ]
    windows.answer = 0
    with pytest.raises(RefusedError, match="Windows shows no message box"):
        dialog.ask(QUESTION)
