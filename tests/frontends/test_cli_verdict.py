from __future__ import annotations

import itertools

import pytest

from siptapi_core.events import CallEnded, CallFailed, Disturbed, Outcome, Reporter, Stage
from siptapi_frontends.cli.verdict import verdict


@pytest.mark.parametrize(
    ("stage", "outcome", "status", "words", "to_do"),
    [
        (Stage.CALLEE, Outcome.ANSWERED, None, "Answered.", ""),
        (Stage.CALLEE, Outcome.BUSY, 486, "Busy.", ""),
        (Stage.CALLEE, Outcome.NOT_FOUND, 404, "Nobody can be reached", "siptapi number"),
        (Stage.CALLEE, Outcome.FAILED, 500, "could not get through", ""),
        (Stage.REFER, Outcome.UNKNOWN, None, "told nothing", "look at your phone"),
        (Stage.CALLEE, Outcome.UNKNOWN, None, "may or may not", "look at your phone"),
        (Stage.REFER, Outcome.FAILED, 501, "did not agree", "call transfer (REFER)"),
        (Stage.REFER, Outcome.REJECTED, 403, "did not agree", "call transfer (REFER)"),
        (Stage.PHONE, Outcome.NO_ANSWER, 408, "not picked up", "ring_timeout"),
        (Stage.PHONE, Outcome.NO_ANSWER, None, "not picked up", "ring_timeout"),
        (Stage.PHONE, Outcome.NO_ANSWER, 480, "not picked up", "ring_timeout"),
        (Stage.PHONE, Outcome.BUSY, 486, "own phone is busy", "end the call"),
        (Stage.PHONE, Outcome.REJECTED, 603, "rejected on your phone", "do not disturb"),
        (Stage.PHONE, Outcome.CANCELLED, 487, "Cancelled.", ""),
        (Stage.PROXY, Outcome.FAILED, 407, "password", "auth_user"),
        (Stage.PROXY, Outcome.REJECTED, 403, "refused", "password"),
        (Stage.PROXY, Outcome.NOT_FOUND, 404, "could not be reached", "registered"),
        (Stage.PROXY, Outcome.FAILED, None, "proxy could not be reached", "outbound_proxy"),
        (Stage.PROXY, Outcome.FAILED, 500, "could not be made", "siptapi doctor"),
    ],
)
def test_the_verdict_and_what_to_do(
    stage: Stage, outcome: Outcome, status: int | None, words: str, to_do: str
) -> None:
    said, advice = verdict(CallEnded(outcome, stage), CallFailed(stage, status, "why"))
    assert words in said
    assert to_do in advice
    assert bool(to_do) == bool(advice)


@pytest.mark.parametrize(
    ("stage", "outcome", "status", "reporter", "words", "to_do"),
    [
        (Stage.PHONE, Outcome.NO_ANSWER, 408, Reporter.SIPFRAG, "not picked up", "callee is wait"),
        (Stage.PHONE, Outcome.NO_ANSWER, 480, Reporter.SIPFRAG, "not be reached", "registered"),
        (Stage.PHONE, Outcome.BUSY, 486, Reporter.SIPFRAG, "own phone is busy", "end the call"),
        (Stage.PHONE, Outcome.NO_ANSWER, 408, Reporter.PHONE, "not picked up", "ring_timeout"),
        (Stage.REFER, Outcome.FAILED, 501, Reporter.PROXY, "there did not agree", "the gateway"),
        (Stage.REFER, Outcome.REJECTED, 603, Reporter.PROXY, "there did not agree", "the gateway"),
        (
            Stage.REFER,
            Outcome.FAILED,
            501,
            Reporter.PHONE,
            "Your phone did not agree",
            "your phone",
        ),
        (Stage.CALLEE, Outcome.BUSY, 486, Reporter.PROXY, "Busy.", ""),
        (Stage.CALLEE, Outcome.NOT_FOUND, 404, Reporter.PROXY, "Nobody can be", "siptapi number"),
        (Stage.PROXY, Outcome.FAILED, 407, Reporter.PROXY, "password", "auth_user"),
        (Stage.PROXY, Outcome.REJECTED, 403, Reporter.PROXY, "refused", "may call"),
    ],
)
def test_the_verdict_depends_on_who_was_called_first(
    stage: Stage, outcome: Outcome, status: int, reporter: Reporter, words: str, to_do: str
) -> None:
    failure = CallFailed(stage, status, "why", reported_by=reporter)
    said, advice = verdict(CallEnded(outcome, stage), failure)
    assert words in said
    assert to_do in advice


def test_a_phone_that_has_not_rung_was_not_reached() -> None:
    failure = CallFailed(Stage.PHONE, 480, "why", disturbed=Disturbed.NO)
    said, advice = verdict(CallEnded(Outcome.NO_ANSWER, Stage.PHONE), failure)
    assert "could not be reached" in said
    assert "registered" in advice


@pytest.mark.parametrize("code", ["settings", "usage"])
def test_a_wrong_setting_is_not_the_proxy_s_fault(code: str) -> None:
    failure = CallFailed(Stage.PROXY, None, "why", code=code)
    said, advice = verdict(CallEnded(Outcome.FAILED, Stage.PROXY), failure)
    assert "setting is wrong" in said
    assert "siptapi config check" in advice


def test_every_ending_has_a_verdict_without_a_failure_too() -> None:
    for stage, outcome in itertools.product(Stage, Outcome):
        said, advice = verdict(CallEnded(outcome, stage), None)
        assert said.endswith(".")
        assert not advice.endswith(".")


def test_only_an_answer_is_called_one() -> None:
    for stage, outcome, status in itertools.product(Stage, Outcome, (None, 200, 486)):
        said, _ = verdict(CallEnded(outcome, stage), CallFailed(stage, status, ""))
        assert said.startswith("Answered") == (outcome is Outcome.ANSWERED)
