"""The demo from end to end, on real UDP sockets on loopback, with phones in a hurry."""

from __future__ import annotations

import json
import sys
from functools import partial

import pytest

from siptapi_core.demo import Ending
from siptapi_core.demo.endings import CASTS, Cast
from siptapi_core.demo.phone import Behaviour
from siptapi_core.settings import LineSettings
from siptapi_frontends.cli.application import run

RESULTS = {
    Ending.ANSWERED: ("answered", "callee", 0),
    Ending.BUSY: ("busy", "callee", 4),
    Ending.NO_ANSWER: ("no-answer", "callee", 4),
    Ending.REJECTED: ("rejected", "callee", 4),
    Ending.NOT_FOUND: ("not-found", "callee", 4),
    Ending.NO_NOTIFY: ("unknown", "callee", 5),
    Ending.PHONE_BUSY: ("busy", "phone", 3),
    Ending.PHONE_NO_ANSWER: ("no-answer", "phone", 3),
}


def demo(*arguments: str) -> int:
    return run(["--no-plugins", "demo", *arguments])


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    def soon(behaviour: Behaviour) -> Behaviour:
        answer_after = None if behaviour.answer_after is None else 0.02
        return behaviour.evolve(answer_after=answer_after, gives_up_after=0.05)

    module = sys.modules["siptapi_core.demo.open_demo"]  # the package has its function there
    casts = {
        ending: Cast(phone=soon(cast.phone), callee=soon(cast.callee))
        for ending, cast in CASTS.items()
    }
    monkeypatch.setattr(module, "CASTS", casts)
    monkeypatch.setattr(module, "RINGS", 0.1)
    monkeypatch.setattr(module, "LineSettings", partial(LineSettings, failure_linger=0.0))


@pytest.mark.parametrize("ending", Ending)
def test_every_ending_is_reported_as_a_real_one(
    ending: Ending, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome, stage, code = RESULTS[ending]
    assert demo("--once", "--json", "--ending", ending) == code
    out, err = capsys.readouterr()
    events = [json.loads(line) for line in out.splitlines()]
    assert err == ""
    assert [event["event"] for event in events[:2]] == ["call_placed", "phone_calling"]
    assert [event["event"] for event in events].count("call_ended") == 1
    last = events[-1]
    assert (last["event"], last["outcome"], last["stage"]) == ("call_ended", outcome, stage)


def test_it_answers_by_default_and_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo("--once") == 0
    out, err = capsys.readouterr()
    assert out.startswith("A demonstration. ")
    assert out.endswith(" s  Answered. The phones have the call now.\n")
    assert err == ""


def test_its_messages_can_be_traced_without_a_password_in_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert demo("--once", "--trace") == 0
    out, err = capsys.readouterr()
    assert "REFER sip:201@" in err
    assert err.rstrip().endswith("Content-Length: 0")
    assert "REFER sip:" not in out


def test_on_a_terminal_it_offers_the_other_endings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    offers = "siptapi demo --ending ENDING"
    for arguments, terminal, offered in (
        ((), True, True),
        (("--once",), True, False),
        ((), False, False),
        (("--json",), True, False),
    ):
        monkeypatch.setattr(
            "siptapi_frontends.cli.demo.is_terminal", lambda *_, terminal=terminal: terminal
        )
        assert demo(*arguments) == 0
        out = capsys.readouterr().out
        assert (offers in out) == offered
        assert ("busy no-answer" in out) == offered
