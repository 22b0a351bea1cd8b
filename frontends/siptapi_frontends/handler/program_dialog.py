"""Dialogs by programs: the first that is installed of those that desktops have for scripts."""

from __future__ import annotations

import html
import shutil
import subprocess
from collections.abc import Callable, Sequence

from siptapi_core.errors import RefusedError
from siptapi_core.values import Value

TITLE = "SIPTAPI"
YES = "Call"
NO = "Cancel"


class Program(Value):
    """A program that shows a text; its arguments to ``ask`` (None: it cannot) and to ``tell``.

    Asked, it prints ``yes`` and ends with 0 for yes; for no it ends with 0 or 1 as well.
    """

    name: str
    ask: Callable[[str], Sequence[str]] | None
    tell: Callable[[str], Sequence[str]]
    yes: bytes = b""


def _rich(text: str) -> str:
    """``text`` for who guesses whether it is HTML: it is."""
    return f"<qt>{html.escape(text)}</qt>".replace("\n", "<br>")


ZENITY = Program(
    "zenity",
    lambda text: (
        *("--question", "--no-markup", "--default-cancel", f"--title={TITLE}"),
        *(f"--ok-label={YES}", f"--cancel-label={NO}", f"--text={text}"),
    ),
    lambda text: ("--error", "--no-markup", f"--title={TITLE}", f"--text={text}"),
)
KDIALOG = Program(
    "kdialog",  # of its buttons, the one for yes has the focus: so it is given a menu
    lambda text: (
        *("--title", TITLE, "--menu", _rich(text), "no", f"Do not {YES.lower()}", "yes", YES),
        *("--default", f"Do not {YES.lower()}"),
    ),
    lambda text: ("--title", TITLE, "--error", _rich(text)),
    yes=b"yes",
)
XMESSAGE = Program(
    "xmessage",
    lambda text: (
        *("-center", "-title", TITLE, "-buttons", f"{NO}:1,{YES}:0", "-default", NO),
        f"{TITLE}: {text}",
    ),
    lambda text: ("-center", "-title", TITLE, f"{TITLE}: {text}"),
)
NOTIFY_SEND = Program(
    "notify-send", None, lambda text: (f"--app-name={TITLE}", "--", TITLE, html.escape(text))
)
PROGRAMS: tuple[Program, ...] = (ZENITY, KDIALOG, XMESSAGE, NOTIFY_SEND)

_ASK = (
    f'display dialog (last item of given) with title "{TITLE}" buttons {{"{NO}", "{YES}"}} '
    f'default button "{NO}" cancel button "{NO}"'
)
_TELL = f'display alert "{TITLE}" message (last item of given)'
OSASCRIPT = Program(
    "osascript",
    lambda text: ("-e", "on run given", "-e", _ASK, "-e", "end run", "--", text),
    lambda text: ("-e", "on run given", "-e", _TELL, "-e", "end run", "--", text),
)


class ProgramDialog:
    """A `Dialog` by the first of ``programs`` that is installed; ``otherwise`` says why by none."""

    def __init__(self, programs: Sequence[Program], otherwise: str) -> None:
        self._programs = programs
        self._otherwise = otherwise

    def ask(self, question: str) -> bool:
        """As `Dialog` has it."""
        for program in self._programs:
            if program.ask and (path := shutil.which(program.name)):
                ended = _run(path, program.ask(question))
                if ended.returncode not in _SHOWN:
                    status = ended.returncode
                    raise RefusedError(f"{program.name} could not ask: it ended with {status}")
                return ended.returncode == 0 and ended.stdout.strip() == program.yes
        raise RefusedError(f"nobody can be asked whether to dial: {self._otherwise}")

    def tell(self, words: str) -> None:
        """As `Dialog` has it."""
        for program in self._programs:
            path = shutil.which(program.name)
            if path and _run(path, program.tell(words)).returncode in _SHOWN:
                return
        raise RefusedError(f"nobody can be told: {self._otherwise}")


_SHOWN = (0, 1)
"""Exit codes after a person has seen it."""


def _run(path: str, arguments: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603  # no shell; the text is one argument
        [path, *arguments],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # GTK complains of themes
    )
