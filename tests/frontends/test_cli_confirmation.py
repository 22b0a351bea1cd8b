from __future__ import annotations

import io
import sys

import pytest

from siptapi_core.commands import Dial
from siptapi_core.errors import DeniedError
from siptapi_frontends.cli.confirmation import confirmed

DIAL = Dial(number="0900 1", line="office")
DENIED = DeniedError("0900 1 must be confirmed (rule premium)", confirmable=True)


def answer(monkeypatch: pytest.MonkeyPatch, words: str, *, terminal: bool = True) -> None:
    stdin = io.StringIO(words)
    monkeypatch.setattr(stdin, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)


@pytest.mark.parametrize("words", ["y\n", "yes\n", " YES \n"])
def test_the_person_says_yes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    answer(monkeypatch, words)
    assert confirmed(DIAL, DENIED) == Dial(number="0900 1", line="office", confirmed=True)
    asked = "0900 1 must be confirmed (rule premium). Dial it? Type yes or no:\n"
    assert capsys.readouterr() == ("", asked)


@pytest.mark.parametrize("words", ["n\n", "\n", ""])
def test_anything_else_dials_nothing(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    answer(monkeypatch, words)
    with pytest.raises(DeniedError, match="nothing was dialled"):
        confirmed(DIAL, DENIED)


def test_where_nobody_can_be_asked_it_says_how_to_allow_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer(monkeypatch, "yes\n", terminal=False)
    with pytest.raises(DeniedError, match=r"\(rule premium\), and nobody can be asked.*--yes"):
        confirmed(DIAL, DENIED)


def test_what_is_forbidden_is_not_asked_about(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, "yes\n")
    forbidden = DeniedError("0900 1 may not be dialled")
    with pytest.raises(DeniedError) as raised:
        confirmed(DIAL, forbidden)
    assert raised.value is forbidden
    assert capsys.readouterr() == ("", "")
