"""The callee comes first: who rings and who answers, whose failure it is, who was disturbed."""

from __future__ import annotations

import pytest
from phone_side import CallBench

from siptapi_core.events import (
    CalleeAnswered,
    CalleeRinging,
    CalleeTrying,
    CallEnded,
    CallFailed,
    Disturbed,
    HandedOver,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    ReferAccepted,
    Reporter,
    Stage,
)
from siptapi_core.machine.refer_plan import ByePolicy, CallTimers, Party


class ReverseBench(CallBench):
    def __init__(self, **plan):
        super().__init__(strategy="reverse", first=Party.CALLEE, **plan)


def test_a_call_that_goes_well():
    bench = ReverseBench().dial()
    bench.reply(180)
    bench.pick_up()
    bench.reply(202, "REFER")
    bench.notify("100 Trying")
    bench.notify("180 Ringing")
    bench.notify("200 OK", state="terminated;reason=noresource")
    bench.reply(200, "BYE")
    assert bench.told == [
        CalleeTrying("reverse", Reporter.SIPTAPI),
        CalleeRinging(180, Reporter.PROXY),
        CalleeAnswered(Reporter.PROXY),
        ReferAccepted(Reporter.PROXY),
        PhoneCalling("", Reporter.SIPFRAG),
        PhoneRinging(Reporter.SIPFRAG),
        PhoneAnswered(Reporter.SIPFRAG),
        HandedOver(),
        CallEnded(Outcome.ANSWERED, Stage.CALLEE),
    ]


@pytest.mark.parametrize(
    ("status", "outcome", "stage", "disturbed"),
    [
        (404, Outcome.NOT_FOUND, Stage.CALLEE, Disturbed.NO),
        (484, Outcome.NOT_FOUND, Stage.CALLEE, Disturbed.NO),
        (604, Outcome.NOT_FOUND, Stage.CALLEE, Disturbed.NO),
        (410, Outcome.FAILED, Stage.CALLEE, Disturbed.NO),
        (480, Outcome.NO_ANSWER, Stage.CALLEE, Disturbed.NO),
        (486, Outcome.BUSY, Stage.CALLEE, Disturbed.YES),
        (600, Outcome.BUSY, Stage.CALLEE, Disturbed.YES),
        (603, Outcome.REJECTED, Stage.CALLEE, Disturbed.YES),
        (403, Outcome.REJECTED, Stage.PROXY, Disturbed.NO),
        (407, Outcome.FAILED, Stage.PROXY, Disturbed.NO),
        (503, Outcome.FAILED, Stage.PROXY, Disturbed.NO),
    ],
)
def test_a_callee_that_does_not_answer(status, outcome, stage, disturbed):
    bench = ReverseBench().dial()
    bench.reply(100)
    bench.reply(status, reason="Because")
    assert bench.failed == CallFailed(stage, status, "Because", disturbed, Reporter.PROXY)
    assert bench.ended == CallEnded(outcome, stage)


def test_nobody_answers_within_the_callee_s_time():
    timers = CallTimers(ring_timeout=5.0, callee_timeout=60.0)
    bench = ReverseBench(timers=timers).dial()
    bench.reply(180)
    bench.pass_until(59.999)
    assert bench.requests("CANCEL") == []
    bench.pass_until(60.0)
    bench.reply(200, "CANCEL")
    bench.reply(487)
    reason = "nobody picked up the callee's phone"
    assert bench.failed == CallFailed(Stage.CALLEE, None, reason, Disturbed.YES)
    assert bench.ended == CallEnded(Outcome.NO_ANSWER, Stage.CALLEE)


@pytest.mark.parametrize(
    ("fragment", "outcome"),
    [
        ("486 Busy Here", Outcome.BUSY),
        ("480 Temporarily Unavailable", Outcome.NO_ANSWER),
        ("404 Not Found", Outcome.NOT_FOUND),
        ("603 Decline", Outcome.REJECTED),
    ],
)
def test_the_user_s_own_phone_does_not_answer(fragment, outcome):
    bench = ReverseBench().referred()
    bench.notify("180 Ringing")
    bench.notify(fragment)
    status, _, reason = fragment.partition(" ")
    assert bench.failed == CallFailed(
        Stage.PHONE, int(status), reason, reported_by=Reporter.SIPFRAG
    )
    bench.pass_until(2.0)
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(outcome, Stage.PHONE)


def test_the_callee_s_phone_refuses_the_refer():
    bench = ReverseBench().up()
    bench.reply(501, "REFER", reason="Not Implemented")
    bench.reply(200, "BYE")
    assert bench.failed == CallFailed(
        Stage.REFER, 501, "Not Implemented", reported_by=Reporter.PROXY
    )
    assert bench.ended == CallEnded(Outcome.FAILED, Stage.REFER)


def test_the_callee_hangs_up_before_the_refer():
    bench = ReverseBench(refer_to=None).up()
    bench.phone_sends("BYE")
    assert bench.failed == CallFailed(
        Stage.CALLEE, None, "the callee's phone hung up before it was told to call"
    )
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.CALLEE)


def test_the_callee_hangs_up_and_does_not_answer_the_refer():
    bench = ReverseBench().up()
    bench.phone_sends("BYE")
    bench.pass_until(4.0)
    assert bench.failed.reason == "the callee's phone hung up and did not answer the REFER"
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.REFER)


@pytest.mark.parametrize(
    ("heard", "seconds", "words"),
    [(None, 32.0, "reported nothing for 32 s"), ("100 Trying", 180.0, "no result for 180 s")],
)
def test_silence_is_the_phone_s_that_was_to_be_called(heard, seconds, words):
    bench = ReverseBench().referred()
    if heard:
        bench.notify(heard)
    bench.pass_until(seconds)
    bench.reply(200, "BYE")
    assert words in bench.failed.reason
    assert bench.failed.reason.startswith("the callee's phone ")
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.PHONE)


def test_a_refer_that_is_never_answered():
    bench = ReverseBench().up()
    bench.pass_until(32.0)
    assert bench.failed.reason.startswith("the callee's phone did not answer the REFER: no answer")
    assert bench.failed.stage is Stage.REFER


def test_hung_up_after_the_callee_s_phone_agreed_to_call():
    bench = ReverseBench().referred()
    bench.hang_up()
    bench.reply(200, "BYE")
    reason = "hung up; the callee's phone may go on calling: hang up there as well"
    assert bench.failed == CallFailed(Stage.PHONE, None, reason)
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.PHONE)


def test_hung_up_while_the_callee_waits():
    bench = ReverseBench(refer_to=None).up()
    bench.hang_up()
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.CALLEE)


def test_a_5xx_after_we_left_is_unknown():
    bench = ReverseBench(bye=ByePolicy.ON_ACCEPT).referred()
    bench.reply(200, "BYE")
    bench.notify("500 Connection reset by peer")
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.PHONE)


def test_directly_called_everything_is_the_callee_s_word():
    bench = ReverseBench(direct=True).dial()
    bench.reply(503, reason="No")
    assert bench.failed == CallFailed(Stage.CALLEE, 503, "No", Disturbed.NO, Reporter.PROXY)


def test_no_word_at_all_is_ours():
    bench = ReverseBench().dial()
    bench.pass_until(32.0)
    assert bench.failed.reported_by is Reporter.SIPTAPI
    assert bench.ended == CallEnded(Outcome.FAILED, Stage.PROXY)
