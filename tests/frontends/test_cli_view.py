from __future__ import annotations

import json
import sys
from argparse import Namespace

import pytest
from fake_dialer import ANSWERED, BUSY, REVERSE, event, explanation

from siptapi_core.commands import Dialling
from siptapi_core.events import (
    CallEnded,
    CallFailed,
    Happening,
    Outcome,
    PhoneCalling,
    Stage,
    TransferRequested,
)
from siptapi_frontends.cli.live_view import LiveView
from siptapi_frontends.cli.view import JsonView, PlainView, View, choose_view

WARNED = Dialling(
    call="c1", line="office", explanation=explanation(warnings=("the extension is dropped",))
)


def show(view: View, happenings: tuple[Happening, ...]) -> None:
    view.begin(WARNED)
    for number, happening in enumerate(happenings):
        view.event(event(happening, number))
    view.note("a note")
    view.ladder((), {})
    view.last_words()
    view.close()


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show(PlainView(), BUSY)
    assert capsys.readouterr().out == (
        "Dialling +43 1 505641 on line office.\n"
        "the extension is dropped\n"
        "   0.0 s  Calling your own phone first.\n"
        "   1.0 s  Your phone is ringing: pick it up.\n"
        "   2.0 s  Picked up. Asking your phone to call +43 1 505641.\n"
        "   3.0 s  Your phone agreed to call.\n"
        "   4.0 s  Your phone is calling +43 1 505641.\n"
        "   5.0 s  Failed: Busy Here (SIP status 486).\n"
        "   6.0 s  Busy.\n"
        "a note\n"
    )


def test_plain_lines_where_the_callee_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    show(PlainView(), REVERSE)
    assert capsys.readouterr().out == (
        "Dialling +43 1 505641 on line office.\n"
        "the extension is dropped\n"
        "   0.0 s  Calling +43 1 505641 first.\n"
        "   1.0 s  It rings there.\n"
        "   2.0 s  It was picked up there.\n"
        "   3.0 s  The phone there agreed to call this side.\n"
        "   4.0 s  The phone there is calling this side.\n"
        "   5.0 s  It rings on this side: pick it up.\n"
        "   6.0 s  It was picked up on this side.\n"
        "   7.0 s  SIPTAPI has left the call: from now on it is ended on the phone.\n"
        "   8.0 s  Answered. The phones have the call now.\n"
        "a note\n"
    )


def test_after_a_transfer_the_new_callee_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    show(PlainView(), (*BUSY[:2], TransferRequested("sip:401@pbx"), *BUSY[2:5]))
    out = capsys.readouterr().out
    assert "   2.0 s  To be transferred to sip:401@pbx.\n" in out
    assert "   3.0 s  Picked up. Asking your phone to call sip:401@pbx.\n" in out
    assert "   5.0 s  Your phone is calling sip:401@pbx.\n" in out


def test_plain_lines_end_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    failed = CallFailed(Stage.PROXY, 407, "Proxy Authentication Required")
    show(PlainView(), (PhoneCalling(), failed, CallEnded(Outcome.FAILED, Stage.PROXY)))
    out = capsys.readouterr().out
    assert "   2.0 s  The proxy refused the user name or the password.\n" in out
    assert "\n          What to do: check user, auth_user, password and realm of this line" in out


def test_a_clock_that_was_set_back_does_not_go_below_zero(
    capsys: pytest.CaptureFixture[str],
) -> None:
    view = PlainView()
    view.begin(WARNED)
    view.event(event(PhoneCalling(), 100))
    view.event(event(CallEnded(Outcome.BUSY, Stage.CALLEE), 0))
    assert capsys.readouterr().out.endswith("   0.0 s  Busy.\n")


def test_a_name_with_control_characters_stays_on_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(PlainView(), (CallFailed(Stage.CALLEE, 500, "\x1b[2J\nanswered"),))
    out = capsys.readouterr().out
    assert "Failed: \\x1b[2J\\nanswered (SIP status 500)." in out
    assert "\x1b" not in out


def test_json_is_one_event_a_line_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    show(JsonView(), (*ANSWERED[:-1], CallFailed(Stage.CALLEE, 500, "\x9b\u202e"), ANSWERED[-1]))
    out, err = capsys.readouterr()
    encoded = [json.loads(line) for line in out.splitlines()]
    assert [each["event"] for each in encoded][-2:] == ["call_failed", "call_ended"]
    assert encoded[-2]["reason"] == "\x9b\u202e"
    assert encoded[-1].items() >= {"outcome": "answered", "stage": "callee"}.items()
    assert all({"call", "line", "time"} <= each.keys() for each in encoded)
    assert out.isascii()
    assert err == "the extension is dropped\na note\n"


@pytest.mark.parametrize(
    ("json_asked", "trace", "log_level", "terminal", "view"),
    [
        (False, False, "warning", True, LiveView),
        (False, False, "error", True, LiveView),
        (False, False, "info", True, PlainView),
        (False, True, "warning", True, PlainView),
        (False, False, "warning", False, PlainView),
        (True, False, "warning", True, JsonView),
        (True, True, "debug", False, JsonView),
    ],
)
def test_the_view_fits_arguments_and_output(
    monkeypatch: pytest.MonkeyPatch,
    json_asked: bool,  # noqa: FBT001
    trace: bool,  # noqa: FBT001
    log_level: str,
    terminal: bool,  # noqa: FBT001
    view: type[View],
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    chosen = choose_view(Namespace(json=json_asked, trace=trace, log_level=log_level))
    assert type(chosen) is view


def test_without_standard_output_there_is_nothing_to_draw_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    chosen = choose_view(Namespace(json=False, trace=False, log_level="warning"))
    assert type(chosen) is PlainView
