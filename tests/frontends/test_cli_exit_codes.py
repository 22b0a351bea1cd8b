from __future__ import annotations

import itertools

import pytest

from siptapi_core.errors import (
    MessageError,
    NetworkError,
    NumberError,
    PluginError,
    RefusedError,
    SettingsError,
    SiptapiError,
    UnknownNameError,
)
from siptapi_core.events import CallEnded, CallFailed, Disturbed, Outcome, Stage
from siptapi_frontends.cli.exit_codes import of_call, of_error


def test_an_answered_call_is_success_and_nothing_else_is() -> None:
    for stage, outcome in itertools.product(Stage, Outcome):
        assert (of_call(CallEnded(outcome, stage)) == 0) == (outcome is Outcome.ANSWERED)


@pytest.mark.parametrize(
    ("outcome", "stage", "code"),
    [
        (Outcome.FAILED, Stage.PROXY, 3),
        (Outcome.BUSY, Stage.PHONE, 3),
        (Outcome.REJECTED, Stage.REFER, 3),
        (Outcome.BUSY, Stage.CALLEE, 4),
        (Outcome.CANCELLED, Stage.CALLEE, 4),
        (Outcome.UNKNOWN, Stage.REFER, 5),
        (Outcome.UNKNOWN, Stage.CALLEE, 5),
    ],
)
def test_who_ended_the_call_decides(outcome: Outcome, stage: Stage, code: int) -> None:
    assert of_call(CallEnded(outcome, stage)) == code


@pytest.mark.parametrize(
    ("code", "exit_code"), [("settings", 2), ("usage", 2), ("plugin", 2), ("resolve", 3), ("", 3)]
)
def test_a_call_that_the_settings_forbade_is_usage(code: str, exit_code: int) -> None:
    failure = CallFailed(Stage.PROXY, None, "why", Disturbed.NO, code=code)
    assert of_call(CallEnded(Outcome.FAILED, Stage.PROXY), failure) == exit_code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("bad"), 2),
        (NumberError("bad"), 2),
        (UnknownNameError("line", "x"), 2),
        (PluginError("bad"), 2),
        (NetworkError("no socket"), 3),
        (RefusedError("not now"), 3),
        (MessageError("garbage"), 3),
    ],
)
def test_what_the_user_can_mend_by_typing_is_usage(error: SiptapiError, code: int) -> None:
    assert of_error(error) == code
