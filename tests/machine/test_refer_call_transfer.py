"""Transfer of whom we hold: when it replaces the callee, when it makes a REFER, when it is refused.

::

    before the INVITE, while it rings, until the REFER     replaces whom the phone shall call
    REFER out, accepted                                    refused: it may succeed
    refused, failed, and we are still there                another REFER
    left, ended, hung up                                   refused, and why
"""

from __future__ import annotations

import pytest
from bench import PHONE
from phone_side import CONTACT, CallBench

from siptapi_core.errors import RefusedError
from siptapi_core.events import (
    CalleeAnswered,
    CalleeTrying,
    CallEnded,
    CallFailed,
    HandedOver,
    Outcome,
    ReferAccepted,
    Reporter,
    Stage,
)
from siptapi_core.machine.refer_plan import ByePolicy, CallTimers
from siptapi_core.sip.uri import SipUri

AGENT, OTHER = "sip:401@example.com", "sip:402@example.com"
CALLEE = "<sip:301@example.com>"
ANSWERED = CallEnded(Outcome.ANSWERED, Stage.CALLEE)


def waiting(**plan) -> CallBench:
    """A party that is up, and waits for a transfer."""
    return CallBench(refer_to=None, **plan).up()


def refused(bench: CallBench, words: str) -> None:
    """A transfer is, and changes nothing."""
    told, refers = list(bench.told), bench.referred_to
    with pytest.raises(RefusedError, match=words):
        bench.transfer(AGENT)
    assert (bench.told, bench.referred_to) == (told, refers)


def answered(bench: CallBench) -> None:
    bench.reply(202, "REFER")
    bench.notify("200 OK")
    bench.reply(200, "BYE")
    assert bench.ended == ANSWERED


# --- before the REFER ----------------------------------------------------------------------------


def test_before_the_invite():
    bench = CallBench()
    bench.transfer(AGENT)
    bench.up()
    assert bench.referred_to == [f"<{AGENT}>"]
    answered(bench)


def test_while_the_phone_rings_the_last_one_counts():
    bench = CallBench().dial()
    bench.transfer(OTHER)
    bench.reply(180)
    bench.transfer(AGENT)
    assert bench.requests("REFER") == []
    bench.pick_up()
    assert bench.referred_to == [f"<{AGENT}>"]
    answered(bench)


def test_after_the_pick_up_and_before_the_ack():
    bench = CallBench(later=True).dial()
    bench.pick_up(CONTACT)
    bench.transfer(AGENT)
    assert bench.requests("REFER") == []
    bench.located(PHONE)
    assert bench.referred_to == [f"<{AGENT}>"]
    answered(bench)


def test_a_phone_that_is_not_picked_up_in_time():
    bench = CallBench(timers=CallTimers(ring_timeout=5.0)).dial()
    bench.reply(180)
    bench.pass_until(5.0)
    refused(bench, "is being ended")


# --- while a REFER may succeed -------------------------------------------------------------------


def test_a_refer_that_is_not_answered_yet():
    bench = CallBench().up()
    refused(bench, "^the phone was told whom to call already, and has not said what came of it$")


@pytest.mark.parametrize("report", ["100 Trying", "180 Ringing"])
def test_a_refer_that_was_accepted(report):
    bench = CallBench().referred()
    refused(bench, "told whom to call already")
    bench.notify(report)
    refused(bench, "told whom to call already")


def test_while_it_waits_to_be_repeated_nothing_is_under_way():
    bench = CallBench().up()
    bench.reply(491, "REFER")
    bench.transfer(AGENT)
    assert bench.referred_to == [CALLEE, f"<{AGENT}>"]
    bench.pass_until(1.0)
    assert len(bench.referred_to) == 2
    answered(bench)


def test_the_new_refer_is_repeated_as_often_as_any():
    bench = CallBench().up()
    for _ in range(3):
        bench.reply(491, "REFER")
        bench.pass_until(bench.now + 0.05)
    bench.reply(491, "REFER")  # the end; the phone waits for our BYE
    assert len(bench.referred_to) == 4
    bench = waiting()
    for target in (AGENT, OTHER):
        bench.transfer(target)
        for _ in range(3):
            bench.reply(491, "REFER")
            bench.pass_until(bench.now + 0.05)
        bench.reply(486, "REFER")
    assert bench.referred_to == [f"<{AGENT}>"] * 4 + [f"<{OTHER}>"] * 4


# --- after a failure -----------------------------------------------------------------------------


def test_while_the_tone_of_a_failure_is_heard():
    bench = CallBench().referred()
    bench.notify("100 Trying")
    bench.notify("486 Busy Here")
    bench.pass_until(1.0)
    bench.transfer(AGENT)
    bench.pass_until(10.0)
    assert bench.requests("BYE") == []
    assert bench.referred_to == [CALLEE, f"<{AGENT}>"]
    bench.reply(202, "REFER")
    bench.notify("100 Trying")
    bench.notify("200 OK")
    bench.reply(200, "BYE")
    assert bench.told[2:] == [
        ReferAccepted(),
        CalleeTrying(),
        CallFailed(Stage.CALLEE, 486, "Busy Here", reported_by=Reporter.SIPFRAG),
        ReferAccepted(),
        CalleeTrying(),
        CalleeAnswered(),
        HandedOver(),
        ANSWERED,
    ]


def test_the_second_failure_counts():
    bench = CallBench().referred()
    bench.notify("486 Busy Here")
    bench.transfer(AGENT)
    bench.reply(202, "REFER")
    bench.notify("603 Decline")
    bench.pass_until(2.0)
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.REJECTED, Stage.CALLEE)
    assert bench.names.count("call_failed") == 2


def test_word_of_the_first_refer_does_not_count_for_the_second():
    bench = CallBench().referred()
    bench.notify("486 Busy Here", event="refer;id=2")
    bench.transfer(AGENT)
    bench.notify("486 Busy Here", event="refer;id=2", state="terminated")
    bench.notify(None, state="terminated")
    assert bench.names[-1] == "call_failed"
    bench.notify("200 OK", event="refer;id=3")
    bench.reply(200, "BYE")
    assert bench.ended == ANSWERED


def test_a_late_answer_to_the_first_refer_does_not_count_for_the_second():
    bench = CallBench().up()
    first = bench.last("REFER")
    bench.notify("486 Busy Here")
    bench.transfer(AGENT)
    bench.answer(first, 202)
    assert bench.names.count("refer_accepted") == 1
    bench.reply(603, "REFER", reason="No")
    assert bench.told[-1] == CallFailed(Stage.REFER, 603, "No", reported_by=Reporter.PHONE)


# --- when we hold nobody -------------------------------------------------------------------------


def test_after_the_hand_over():
    bench = CallBench().referred()
    bench.notify("200 OK")
    words = "^the phone has the call now and SIPTAPI has left it; transfer it on the phone$"
    refused(bench, words)
    bench.reply(200, "BYE")
    refused(bench, words)


def test_on_accept_we_left():
    bench = CallBench(bye=ByePolicy.ON_ACCEPT).referred()
    refused(bench, "SIPTAPI has left it")


def test_answered_and_still_there():
    bench = CallBench(bye=ByePolicy.NEVER).referred()
    bench.notify("200 OK")
    refused(bench, "^the phone has the call now; transfer it on the phone$")


@pytest.mark.parametrize("up", [False, True])
def test_hung_up(up):
    bench = CallBench(refer_to=None)
    bench = bench.up() if up else bench.dial()
    bench.hang_up()
    refused(bench, "is ending already" if up else "is being ended")


def test_ended():
    bench = CallBench().dial()
    bench.reply(486)
    refused(bench, "the call has ended already")


def test_refused_and_leaving():
    bench = CallBench().up()
    bench.reply(501, "REFER")
    refused(bench, "has failed and is ending already")


# --- who waits for a transfer --------------------------------------------------------------------


def test_who_waits_is_transferred():
    bench = waiting()
    assert bench.names == ["phone_calling", "phone_answered"]
    assert bench.requests("REFER") == []
    bench.pass_until(599.0)
    assert bench.requests("BYE") == []
    bench.transfer(AGENT)
    bench.pass_until(620.0)
    assert bench.referred_to == [f"<{AGENT}>"]
    assert bench.requests("BYE") == []
    answered(bench)


def test_a_re_invite_while_it_waits_is_answered():
    bench = waiting()
    bench.pass_until(300.0)
    bench.phone_sends("INVITE", CONTACT)
    bench.phone_sends("UPDATE", CONTACT)
    assert (bench.statuses("INVITE"), bench.statuses("UPDATE")) == ([200], [200])
    bench.phone_sends("ACK", cseq=101)
    bench.transfer(AGENT)
    answered(bench)


def test_nobody_transfers_it_in_time():
    bench = waiting(timers=CallTimers(transfer_timeout=60.0))
    bench.pass_until(59.999)
    assert bench.requests("BYE") == []
    bench.pass_until(60.0)
    assert bench.moments("BYE") == [60.0]
    refused(bench, "has failed and is ending already")
    bench.reply(200, "BYE")
    assert bench.failed == CallFailed(Stage.PHONE, None, "transferred to nobody for 60 s")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)
    bench.run_out()
    assert len(bench.agent) == 0


def test_it_hangs_up_while_it_waits():
    bench = waiting()
    bench.phone_sends("BYE")
    assert bench.failed.reason == "the phone hung up before it was told to call"
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)
    bench.run_out()
    assert len(bench.agent) == 0


def test_we_hang_up_while_it_waits():
    bench = waiting()
    bench.hang_up()
    bench.reply(200, "BYE")
    assert bench.failed == CallFailed(Stage.PHONE, None, "hung up")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)


def test_it_is_gone_without_a_word():
    bench = waiting()
    bench.phone_sends("INVITE", CONTACT)
    bench.pass_until(100.0)  # our 200 is never acknowledged: we say BYE
    bench.run_out()
    assert bench.failed == CallFailed(Stage.PHONE, None, "the phone does not answer any more")
    assert bench.ended == CallEnded(Outcome.FAILED, Stage.PHONE)


@pytest.mark.parametrize("how", ["refused", "reported"])
def test_a_transfer_that_failed_lets_it_wait_on(how):
    bench = waiting(timers=CallTimers(transfer_timeout=60.0))
    bench.transfer(AGENT)
    bench.pass_until(20.0)
    if how == "refused":
        bench.reply(603, "REFER", reason="No")
    else:
        bench.reply(202, "REFER")
        bench.notify("486 Busy Here", state="terminated")
    assert bench.names[-1] == "call_failed"
    bench.pass_until(79.0)
    assert bench.requests("BYE") == []
    bench.transfer(OTHER)
    answered(bench)


def test_after_a_transfer_that_failed_the_time_begins_anew():
    bench = waiting(timers=CallTimers(transfer_timeout=60.0))
    bench.transfer(AGENT)
    bench.pass_until(20.0)
    bench.reply(603, "REFER")
    bench.pass_until(80.0)
    assert bench.moments("BYE") == [80.0]
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)


def test_it_hangs_up_after_a_transfer_that_failed():
    bench = waiting()
    bench.transfer(AGENT)
    bench.reply(202, "REFER")
    bench.notify("486 Busy Here")
    bench.notify(None, state="terminated")
    bench.phone_sends("BYE")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)
    bench.run_out()
    assert len(bench.agent) == 0


def test_a_transfer_whose_end_is_not_told_ends_the_call():
    bench = waiting()
    bench.transfer(AGENT)
    bench.reply(202, "REFER")
    bench.pass_until(32.0)
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.CALLEE)


def test_on_accept_nobody_is_left_to_wait_on():
    bench = waiting(bye=ByePolicy.ON_ACCEPT)
    bench.transfer(AGENT)
    bench.reply(202, "REFER")
    bench.reply(200, "BYE")
    bench.notify("486 Busy Here")
    assert bench.ended == CallEnded(Outcome.BUSY, Stage.CALLEE)


def test_a_transfer_while_it_rings_needs_no_other():
    bench = CallBench(refer_to=None).dial()
    bench.reply(180)
    bench.transfer(AGENT)
    bench.pick_up()
    assert bench.referred_to == [f"<{AGENT}>"]
    bench.reply(603, "REFER")
    assert bench.requests("BYE") == []  # it waits on
    bench.transfer(OTHER)
    answered(bench)


def test_a_number_that_is_a_uri_with_parameters_stands_in_brackets():
    bench = waiting()
    bench.call.transfer(SipUri("example.com", "*21%23", parameters=(("user", "phone"),)), 0.0)
    assert bench.referred_to == ["<sip:*21%23@example.com;user=phone>"]
