"""The whole call, line by line: what is told, when we leave, and what ends it.

The traps of the design and the tests that hold them (test_phone_leg, test_referral, here; others
are named with their file)::

     1 silence after the 202          test_trap_1_*
     2 odd NOTIFYs                    test_trap_2_*, test_refer_progress
     3 when to say BYE                test_trap_3_*
     4 REFER challenged, too early    test_trap_4_*
     5 our own INVITE comes back      test_user_agent: test_trap_5_*
     6 Refer-To in brackets           test_trap_6_*
     7 auto-answer headers            test_trap_7_*
     8 challenges                     test_trap_8_*, test_authentication, test_exchange
     9 Contact unreachable            test_trap_9_*
    10 requests inside the dialog     test_trap_10_*, test_dialog_service
    11 forks                          test_trap_11_*
    13 rport and received             test_response_routing
    14 who was disturbed              test_trap_14_*, test_call_ending, dialer/test_outgoing_call
"""

from __future__ import annotations

import weakref

import pytest
from bench import LONG, PHONE, PROXY, STANDBY, make_request
from phone_side import CONTACT, RECORD_ROUTE, CallBench

from siptapi_core.errors import NetworkError, RefusedError
from siptapi_core.events import (
    CalleeAnswered,
    CalleeRinging,
    CalleeTrying,
    CallEnded,
    CallFailed,
    Disturbed,
    HandedOver,
    Happening,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    ReferAccepted,
    Reporter,
    Stage,
)
from siptapi_core.machine.refer_plan import ByePolicy, CallTimers
from siptapi_core.sip.auth import Credentials

CHALLENGE = ("Proxy-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"')
CREDENTIALS = Credentials("200", "secret")
ANSWERED = CallEnded(Outcome.ANSWERED, Stage.CALLEE)


def finished(bench: CallBench) -> None:
    """Nothing is left after the time in which late requests are answered."""
    assert bench.call.has_ended
    told = list(bench.told)
    bench.run_out()
    assert bench.told == told
    assert len(bench.agent) == 0


# --- as it should be -----------------------------------------------------------------------------


def test_a_call_that_goes_well():
    bench = CallBench().dial()
    assert bench.told == [PhoneCalling("refer-via-proxy")]
    bench.reply(100)
    bench.reply(180)
    bench.reply(180)
    bench.pick_up()
    bench.reply(202, "REFER")
    bench.notify("100 Trying")
    bench.notify("183 Session Progress")
    bench.notify("180 Ringing")
    assert not bench.call.has_ended
    assert bench.requests("BYE") == []
    bench.notify("200 OK", state="terminated;reason=noresource")
    assert len(bench.requests("BYE")) == 1
    assert not bench.call.has_ended
    bench.reply(200, "BYE")
    assert bench.told == [
        PhoneCalling("refer-via-proxy"),
        PhoneRinging(),
        PhoneAnswered(),
        ReferAccepted(),
        CalleeTrying(),
        CalleeRinging(183),
        CalleeAnswered(),
        HandedOver(),
        ANSWERED,
    ]
    finished(bench)


def test_every_header_that_we_send_is_spelled_as_in_the_standards():
    bench = CallBench(credentials=CREDENTIALS).dial()
    bench.reply(407, headers=(CHALLENGE,))
    bench.pick_up()
    bench.phone_sends("INVITE", ("Require", "100rel"))
    bench.phone_sends("INVITE", CONTACT)
    bench.reply(401, "REFER", headers=(("WWW-Authenticate", CHALLENGE[1]),))
    bench.receive(make_request("OPTIONS", headers=(("Require", "100rel"), LONG)))
    faulty = make_request("OPTIONS", headers=(LONG,)).encode()
    bench.receive(faulty.replace(b"Max-Forwards: 70", b"Max-Forwards: x"))
    bench.reply(202, "REFER")
    bench.notify("200 OK")
    assert {name for _, message, _ in bench.sent for name, _ in message.headers.items()} == {
        *("Via", "Route", "Max-Forwards", "From", "To", "Call-ID", "CSeq", "Contact", "Allow"),
        *("Allow-Events", "User-Agent", "Content-Type", "Content-Length", "Unsupported", "Warning"),
        *("Authorization", "Proxy-Authorization", "Refer-To", "Referred-By"),
    }


@pytest.mark.parametrize("status", [101, 180, 199])
def test_any_progress_above_100_is_ringing(status):
    bench = CallBench().referred()
    bench.notify(f"{status} Something")
    assert bench.told[-2:] == [CalleeTrying(), CalleeRinging(status)]


def test_a_phone_that_never_rings_and_never_reports_progress():
    bench = CallBench().referred()
    bench.notify("200 OK")
    bench.reply(200, "BYE")
    assert bench.names == [
        *("phone_calling", "phone_answered", "refer_accepted", "callee_answered", "handed_over"),
        "call_ended",
    ]
    assert bench.ended == ANSWERED
    finished(bench)


def test_trap_2_notifys_after_our_bye_are_answered_and_change_nothing():
    bench = CallBench().referred()
    bench.notify("200 OK")
    bench.reply(200, "BYE")
    bench.pass_until(20.0)
    bench.notify("500 Connection reset by peer", state="terminated")
    assert bench.statuses("NOTIFY") == [200, 200]
    assert bench.ended == ANSWERED
    finished(bench)


def test_trap_4_refer_is_challenged():
    bench = CallBench(credentials=CREDENTIALS).up()
    bench.reply(407, "REFER", headers=(CHALLENGE,))
    bench.reply(202, "REFER")
    bench.notify("200 OK", event="refer;id=3")
    bench.reply(200, "BYE")
    assert bench.ended == ANSWERED


def test_trap_4_a_refer_that_came_too_early_is_repeated_and_told_once():
    bench = CallBench().referred()
    bench.notify("100 Trying")
    bench.notify("400 Bad Request", state="terminated")
    bench.pass_until(0.05)
    bench.reply(202, "REFER")
    bench.notify("100 Trying")
    bench.notify("200 OK")
    bench.reply(200, "BYE")
    assert bench.names.count("refer_accepted") == 1
    assert bench.names.count("callee_trying") == 1
    assert "call_failed" not in bench.names
    assert bench.ended == ANSWERED
    finished(bench)


def test_trap_7_auto_answer_headers_do_not_leak_into_the_refer():
    bench = CallBench(invite_headers=(("Call-Info", "<sip:x>;answer-after=0"),)).up()
    assert "Call-Info" in bench.last("INVITE").headers
    refer = bench.last("REFER")
    assert "Call-Info" not in refer.headers
    assert refer.headers.get("Refer-To") == "<sip:301@example.com>"


def test_trap_10_a_pbx_reinvites_after_bridging_and_at_the_refer():
    bench = CallBench().up()
    bench.phone_sends("INVITE", CONTACT)
    bench.reply(202, "REFER")
    bench.phone_sends("UPDATE", CONTACT)
    bench.phone_sends("INVITE", CONTACT)
    assert bench.statuses("INVITE") == [200, 200]
    assert bench.statuses("UPDATE") == [200]
    bench.notify("200 OK")
    bench.reply(200, "BYE")
    assert bench.ended == ANSWERED


def test_trap_11_a_second_phone_that_was_picked_up_too_is_left():
    bench = CallBench().up()
    bench.pick_up(CONTACT, RECORD_ROUTE, to_tag="other")
    assert len(bench.requests("REFER")) == 1
    assert [bye.to.tag for bye in bench.requests("BYE")] == ["other"]
    bench.reply(200, "BYE")
    assert bench.names == ["phone_calling", "phone_answered"]


# --- the phone does not answer -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome", "stage", "disturbed", "reporter"),
    [
        (404, Outcome.NOT_FOUND, Stage.PROXY, Disturbed.NO, Reporter.PROXY),
        (403, Outcome.REJECTED, Stage.PROXY, Disturbed.NO, Reporter.PROXY),
        (503, Outcome.FAILED, Stage.PROXY, Disturbed.NO, Reporter.PROXY),
        (480, Outcome.NO_ANSWER, Stage.PHONE, Disturbed.NO, Reporter.PHONE),
        (486, Outcome.BUSY, Stage.PHONE, Disturbed.YES, Reporter.PHONE),
        (603, Outcome.REJECTED, Stage.PHONE, Disturbed.YES, Reporter.PHONE),
        (487, Outcome.CANCELLED, Stage.PHONE, Disturbed.NO, Reporter.PHONE),
    ],
)
def test_trap_14_a_refused_invite_says_who_said_it_and_who_was_disturbed(
    status, outcome, stage, disturbed, reporter
):
    bench = CallBench().dial()
    bench.reply(100)
    bench.reply(status, reason="Because")
    assert bench.failed == CallFailed(stage, status, "Because", disturbed, reporter)
    assert bench.ended == CallEnded(outcome, stage)
    finished(bench)


def test_after_it_rang_a_failure_is_the_phone_s_and_disturbed_somebody():
    bench = CallBench().dial()
    bench.reply(180)
    bench.reply(404, reason="Not Found")
    assert bench.failed == CallFailed(Stage.PHONE, 404, "Not Found", Disturbed.YES, Reporter.PHONE)


def test_a_phone_that_is_called_directly_says_everything_itself():
    bench = CallBench(direct=True, addresses=(PHONE,)).dial()
    bench.reply(404, reason="Not Found")
    assert bench.failed == CallFailed(Stage.PHONE, 404, "Not Found", Disturbed.NO, Reporter.PHONE)


def test_a_silent_proxy():
    bench = CallBench().dial()
    bench.pass_until(32.0)
    reason = "no answer from udp:192.0.2.1:5060"
    assert bench.failed == CallFailed(Stage.PROXY, None, reason, Disturbed.NO, Reporter.SIPTAPI)
    assert bench.ended == CallEnded(Outcome.FAILED, Stage.PROXY)
    finished(bench)


def test_trap_8_a_wrong_password():
    bench = CallBench(credentials=CREDENTIALS).dial()
    for _ in range(2):
        bench.reply(407, headers=(CHALLENGE,))
    assert bench.ended == CallEnded(Outcome.FAILED, Stage.PROXY)
    assert bench.failed.status == 407
    assert bench.failed.disturbed is Disturbed.NO
    finished(bench)


@pytest.mark.parametrize(
    ("before", "disturbed"), [((100,), Disturbed.MAYBE), ((100, 180), Disturbed.YES)]
)
def test_nobody_picks_up_within_the_ring_timeout(before, disturbed):
    bench = CallBench(timers=CallTimers(ring_timeout=7.0)).dial()
    for status in before:
        bench.reply(status)
    bench.pass_until(6.999)
    assert bench.requests("CANCEL") == []
    bench.pass_until(7.0)
    assert bench.moments("CANCEL") == [7.0]
    assert not bench.call.has_ended
    bench.reply(200, "CANCEL")
    bench.reply(487)
    assert bench.failed == CallFailed(
        Stage.PHONE, None, "nobody picked up the phone", disturbed, Reporter.SIPTAPI
    )
    assert bench.ended == CallEnded(Outcome.NO_ANSWER, Stage.PHONE)
    finished(bench)


def test_the_cancel_of_an_unanswered_phone_is_not_answered_either():
    bench = CallBench().dial()
    bench.reply(180)
    bench.pass_until(30.0)
    assert bench.moments("CANCEL")[0] == 30.0
    bench.pass_until(62.0)
    assert bench.ended == CallEnded(Outcome.NO_ANSWER, Stage.PHONE)
    assert bench.failed.reason == "nobody picked up the phone"
    finished(bench)


def test_a_refusal_after_the_ring_timeout_is_what_it_says():
    bench = CallBench().dial()
    bench.reply(180)
    bench.pass_until(30.0)
    bench.reply(486)
    assert bench.ended == CallEnded(Outcome.BUSY, Stage.PHONE)
    assert bench.failed.status == 486


def test_a_silent_proxy_is_the_failure_though_the_ring_timeout_was_shorter():
    bench = CallBench(timers=CallTimers(ring_timeout=1.0)).dial()
    bench.pass_until(32.0)
    assert bench.ended == CallEnded(Outcome.FAILED, Stage.PROXY)
    assert bench.requests("CANCEL") == []


def test_somebody_picks_up_in_the_very_moment_of_the_ring_timeout():
    bench = CallBench().dial()
    bench.reply(180)
    bench.pass_until(30.0)
    bench.pick_up()
    bench.reply(200, "CANCEL")
    assert bench.requests("REFER") == []
    bench.reply(200, "BYE")
    assert bench.failed == CallFailed(Stage.PHONE, None, "picked up too late")
    assert bench.ended == CallEnded(Outcome.NO_ANSWER, Stage.PHONE)
    finished(bench)


def test_the_ring_timeout_ends_with_the_pick_up():
    bench = CallBench(timers=CallTimers(ring_timeout=5.0)).dial()
    bench.pass_until(4.0)
    bench.pick_up()
    bench.reply(202, "REFER")
    bench.pass_until(20.0)
    assert bench.requests("CANCEL") == []
    assert not bench.call.has_ended


def test_the_standby_proxy_is_tried():
    bench = CallBench(addresses=(PROXY, STANDBY)).dial()
    bench.agent.refused(PROXY, 0.0)
    bench.pick_up()
    bench.reply(202, "REFER")
    bench.notify("200 OK")
    bench.reply(200, "BYE")
    assert bench.ended == ANSWERED


# --- the REFER is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (403, Outcome.REJECTED),
        (603, Outcome.REJECTED),
        (405, Outcome.FAILED),
        (486, Outcome.FAILED),
        (501, Outcome.FAILED),
    ],
)
def test_a_refused_refer_ends_with_a_bye(status, outcome):
    bench = CallBench().up()
    bench.reply(status, "REFER", reason="No")
    assert len(bench.requests("BYE")) == 1
    assert not bench.call.has_ended
    bench.reply(200, "BYE")
    assert bench.failed == CallFailed(Stage.REFER, status, "No", reported_by=Reporter.PHONE)
    assert bench.ended == CallEnded(outcome, Stage.REFER)
    finished(bench)


def test_trap_4_a_refer_that_is_never_answered():
    bench = CallBench().up()
    bench.pass_until(32.0)
    assert bench.failed.stage is Stage.REFER
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.REFER)
    finished(bench)


def test_the_network_goes_away_before_our_bye():
    bench = CallBench().up()

    def no_way(towards):
        raise NetworkError(f"there is no way to {towards}")

    bench.agent.transactions._local_address = no_way
    bench.reply(603, "REFER")
    assert bench.requests("BYE") == []
    assert bench.ended == CallEnded(Outcome.REJECTED, Stage.REFER)
    finished(bench)


def test_the_network_is_not_there_at_all():
    bench = CallBench()

    def no_way(towards):
        raise NetworkError(f"there is no way to {towards}")

    bench.agent.transactions._local_address = no_way
    bench.dial()
    assert bench.failed.reason == f"there is no way to {PROXY}"
    assert bench.ended == CallEnded(Outcome.FAILED, Stage.PROXY)
    finished(bench)


def test_a_refer_that_is_refused_while_we_hang_up_is_cancelled():
    bench = CallBench().up()
    bench.hang_up()
    bench.reply(603, "REFER")
    assert not bench.call.has_ended
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.REFER)
    finished(bench)


def test_a_refer_that_is_refused_after_the_phone_hung_up_is_cancelled():
    bench = CallBench().up()
    bench.phone_sends("BYE")
    bench.reply(481, "REFER")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.REFER)
    assert bench.requests("BYE") == []
    finished(bench)


# --- the callee ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fragment", "outcome"),
    [
        ("486 Busy Here", Outcome.BUSY),
        ("600 Busy Everywhere", Outcome.BUSY),
        ("404 Not Found", Outcome.NOT_FOUND),
        ("604 Does Not Exist Anywhere", Outcome.NOT_FOUND),
        ("408 Request Timeout", Outcome.NO_ANSWER),
        ("480 Temporarily Unavailable", Outcome.NO_ANSWER),
        ("603 Decline", Outcome.REJECTED),
        ("403 Forbidden", Outcome.REJECTED),
        ("487 Request Terminated", Outcome.CANCELLED),
        ("503 Service Unavailable", Outcome.FAILED),
        ("302 Moved Temporarily", Outcome.FAILED),
        ("300 Multiple Choices", Outcome.FAILED),
    ],
)
def test_trap_3_a_final_failure_is_told_at_once_and_we_stay_for_the_tone(fragment, outcome):
    bench = CallBench().referred()
    bench.notify("180 Ringing")
    bench.pass_until(3.0)
    bench.notify(fragment, state="terminated")
    status, _, reason = fragment.partition(" ")
    assert bench.told[-1] == CallFailed(
        Stage.CALLEE, int(status), reason, reported_by=Reporter.SIPFRAG
    )
    bench.pass_until(4.999)
    assert bench.requests("BYE") == []
    bench.pass_until(5.0)
    assert bench.moments("BYE") == [5.0]
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(outcome, Stage.CALLEE)
    assert "handed_over" not in bench.names
    finished(bench)


def test_without_a_linger_we_leave_at_once():
    bench = CallBench(timers=CallTimers(failure_linger=0)).referred()
    bench.notify("486 Busy Here")
    assert bench.moments("BYE") == [0.0]


def test_the_phone_may_leave_first_after_a_failure():
    bench = CallBench().referred()
    bench.notify("486 Busy Here")
    bench.pass_until(1.0)
    bench.phone_sends("BYE")
    assert bench.ended == CallEnded(Outcome.BUSY, Stage.CALLEE)
    finished(bench)
    assert bench.requests("BYE") == []


def test_trap_1_nothing_after_the_202_is_unknown():
    bench = CallBench().referred()
    bench.pass_until(31.999)
    assert bench.names[-1] == "refer_accepted"
    bench.pass_until(32.0)
    assert bench.failed == CallFailed(
        Stage.CALLEE, None, "the phone reported nothing for 32 s", Disturbed.YES, Reporter.SIPTAPI
    )
    assert bench.moments("BYE") == [32.0]
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.CALLEE)
    finished(bench)


def test_trap_1_nothing_but_100_trying_is_unknown():
    bench = CallBench(timers=CallTimers(callee_timeout=100.0)).referred()
    bench.notify("100 Trying")
    bench.pass_until(99.999)
    assert bench.requests("BYE") == []
    bench.pass_until(100.0)
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.CALLEE)
    assert bench.failed.reason == "the phone reported no result for 100 s"
    finished(bench)


def test_trap_2_the_end_without_a_body_is_unknown():
    bench = CallBench().referred()
    bench.notify("100 Trying")
    bench.notify(None, state="terminated;reason=noresource")
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.CALLEE)
    finished(bench)


def test_an_answer_that_is_reported_while_we_leave_in_silence_counts():
    bench = CallBench().referred()
    bench.pass_until(32.0)
    bench.notify("200 OK")
    bench.reply(200, "BYE")
    assert bench.names[-4:] == ["call_failed", "callee_answered", "handed_over", "call_ended"]
    assert bench.ended == ANSWERED
    finished(bench)


def test_an_answer_that_is_reported_after_the_end_changes_nothing():
    bench = CallBench().referred()
    bench.pass_until(32.0)
    bench.reply(200, "BYE")
    told = list(bench.told)
    bench.notify("200 OK")
    assert bench.told == told
    assert bench.ended.outcome is Outcome.UNKNOWN
    finished(bench)


# --- ByePolicy -----------------------------------------------------------------------------------


def test_trap_3_on_accept_we_leave_right_after_the_202_and_wait_for_the_report():
    bench = CallBench(bye=ByePolicy.ON_ACCEPT).referred()
    assert bench.moments("BYE") == [0.0]
    assert bench.names[-1] == "refer_accepted"
    bench.reply(200, "BYE")
    assert bench.names[-1] == "handed_over"
    assert not bench.call.has_ended
    bench.notify("180 Ringing")
    bench.notify("200 OK")
    assert bench.names[-5:] == [
        *("handed_over", "callee_trying", "callee_ringing", "callee_answered", "call_ended"),
    ]
    assert bench.ended == ANSWERED
    finished(bench)


def test_on_accept_the_answer_may_be_reported_before_our_bye_is_answered():
    bench = CallBench(bye=ByePolicy.ON_ACCEPT).referred()
    bench.notify("200 OK")
    assert not bench.call.has_ended
    bench.reply(200, "BYE")
    assert bench.names[-3:] == ["callee_answered", "handed_over", "call_ended"]
    finished(bench)


def test_on_accept_a_failure_ends_it_without_a_linger():
    bench = CallBench(bye=ByePolicy.ON_ACCEPT).referred()
    bench.reply(200, "BYE")
    bench.notify("486 Busy Here")
    assert bench.ended == CallEnded(Outcome.BUSY, Stage.CALLEE)
    assert len(bench.requests("BYE")) == 1
    finished(bench)


def test_on_accept_silence_is_unknown():
    bench = CallBench(bye=ByePolicy.ON_ACCEPT).referred()
    bench.reply(200, "BYE")
    bench.pass_until(32.0)
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.CALLEE)
    finished(bench)


@pytest.mark.parametrize("status", [500, 503, 599])
def test_a_phone_that_lost_its_leg_to_us_may_say_5xx_of_a_call_that_goes_on(status):
    bench = CallBench(bye=ByePolicy.ON_ACCEPT).referred()
    bench.reply(200, "BYE")
    bench.notify(f"{status} Connection reset by peer", state="terminated")
    assert bench.failed.status == status
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.CALLEE)


@pytest.mark.parametrize(
    ("status", "outcome"), [(499, Outcome.FAILED), (600, Outcome.BUSY), (488, Outcome.FAILED)]
)
def test_only_5xx_says_so(status, outcome):
    bench = CallBench(bye=ByePolicy.ON_ACCEPT).referred()
    bench.reply(200, "BYE")
    bench.notify(f"{status} Something", state="terminated")
    assert bench.ended == CallEnded(outcome, Stage.CALLEE)


def test_trap_3_never_waits_for_the_phone_s_bye():
    bench = CallBench(bye=ByePolicy.NEVER).referred()
    bench.notify("200 OK")
    bench.pass_until(3600.0)
    assert bench.requests("BYE") == []
    assert not bench.call.has_ended
    bench.phone_sends("BYE")
    assert bench.names[-3:] == ["callee_answered", "handed_over", "call_ended"]
    assert bench.ended == ANSWERED
    finished(bench)


@pytest.mark.parametrize(
    ("fragment", "outcome"), [("200 OK", Outcome.ANSWERED), ("486 Busy Here", Outcome.BUSY)]
)
def test_never_is_four_hours_at_most(fragment, outcome):
    bench = CallBench(bye=ByePolicy.NEVER).referred()
    bench.pass_until(10.0)
    bench.notify(fragment)
    bench.pass_until(14409.999)
    assert bench.requests("BYE") == []
    bench.pass_until(14410.0)
    assert bench.moments("BYE") == [14410.0]
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(outcome, Stage.CALLEE)


@pytest.mark.parametrize("status", [481, 408])
def test_trap_3_byes_that_cross_are_success(status):
    bench = CallBench().referred()
    bench.notify("200 OK")
    bench.phone_sends("BYE")
    assert bench.ended == ANSWERED
    bench.reply(status, "BYE")
    assert bench.statuses("BYE") == [200]
    finished(bench)


# --- the phone hangs up --------------------------------------------------------------------------


def test_the_phone_hangs_up_before_it_was_told_to_call():
    bench = CallBench(later=True).dial()
    bench.pick_up(CONTACT)
    bench.phone_sends("BYE")
    assert bench.failed == CallFailed(
        Stage.PHONE, None, "the phone hung up before it was told to call"
    )
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)
    bench.located(PHONE)
    assert bench.requests("REFER") == []
    finished(bench)


@pytest.mark.parametrize("status", [400, 491, 500])
def test_the_phone_hangs_up_after_it_refused_and_before_it_was_asked_again(status):
    bench = CallBench().up()
    bench.reply(status, "REFER", reason="Not yet")
    bench.phone_sends("BYE")
    assert bench.failed == CallFailed(Stage.REFER, status, "Not yet", reported_by=Reporter.PHONE)
    assert bench.ended == CallEnded(Outcome.FAILED, Stage.REFER)
    bench.pass_until(1.0)
    assert len(bench.requests("REFER")) == 1
    assert bench.requests("BYE") == []
    finished(bench)


@pytest.mark.parametrize("status", [400, 491, 500])
def test_the_phone_hangs_up_after_its_report_of_a_refusal(status):
    bench = CallBench().referred()
    bench.notify(f"{status} Not yet")
    bench.phone_sends("BYE")
    assert bench.failed == CallFailed(Stage.CALLEE, status, "Not yet", reported_by=Reporter.SIPFRAG)
    assert bench.ended == CallEnded(Outcome.FAILED, Stage.CALLEE)
    bench.pass_until(1.0)
    assert len(bench.requests("REFER")) == 1
    finished(bench)


def test_we_hang_up_after_the_phone_refused_and_before_it_was_asked_again():
    bench = CallBench().up()
    bench.reply(491, "REFER")
    bench.hang_up()
    bench.reply(200, "BYE")
    assert bench.failed == CallFailed(Stage.PHONE, None, "hung up")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)
    bench.pass_until(1.0)
    assert len(bench.requests("REFER")) == 1
    finished(bench)


def test_the_phone_s_bye_crosses_ours_after_it_refused():
    bench = CallBench().up()
    bench.reply(491, "REFER")
    bench.hang_up()
    bench.phone_sends("BYE")
    bench.reply(481, "BYE")
    assert bench.failed == CallFailed(Stage.PHONE, None, "hung up")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)
    finished(bench)


def test_trap_4_the_phone_s_bye_crosses_the_refer():
    bench = CallBench().up()
    bench.phone_sends("BYE")
    assert not bench.call.has_ended
    bench.pass_until(4.0)
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.REFER)
    finished(bench)


def test_the_phone_hangs_up_and_still_reports():
    bench = CallBench().referred()
    bench.notify("180 Ringing")
    bench.phone_sends("BYE")
    assert not bench.call.has_ended
    bench.notify("200 OK")
    assert bench.ended == ANSWERED
    assert bench.requests("BYE") == []
    finished(bench)


def test_the_phone_hangs_up_and_reports_no_more():
    bench = CallBench().referred()
    bench.pass_until(5.0)
    bench.phone_sends("BYE")
    bench.pass_until(36.999)
    assert not bench.call.has_ended
    bench.pass_until(37.0)
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.CALLEE)
    finished(bench)


def test_the_phone_hangs_up_and_reports_a_failure():
    bench = CallBench().referred()
    bench.phone_sends("BYE")
    bench.notify("487 Request Terminated", state="terminated")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.CALLEE)
    finished(bench)


# --- we hang up ----------------------------------------------------------------------------------


def test_hang_up_before_any_response():
    bench = CallBench().dial()
    bench.hang_up()
    bench.hang_up()
    bench.reply(100)
    assert len(bench.requests("CANCEL")) == 1
    bench.reply(200, "CANCEL")
    bench.reply(487, reason="Request Terminated")
    assert bench.failed == CallFailed(
        Stage.PHONE, 487, "Request Terminated", Disturbed.NO, Reporter.PHONE
    )
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)
    finished(bench)


def test_hang_up_where_nobody_ever_responds():
    bench = CallBench(addresses=(PROXY, STANDBY)).dial()
    bench.hang_up()
    bench.pass_until(32.0)
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PROXY)
    assert set(bench.destinations("INVITE")) == {PROXY}
    finished(bench)


def test_hang_up_after_the_ring_timeout_leaves_one_timer():
    bench = CallBench(timers=CallTimers(ring_timeout=1.0)).dial()
    bench.pass_until(2.0)
    bench.hang_up()
    bench.pass_until(3.0)
    bench.reply(180)
    bench.pass_until(10.0)
    assert not bench.call.has_ended
    bench.reply(487)
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)
    finished(bench)


def test_hang_up_before_a_challenge():
    bench = CallBench(credentials=CREDENTIALS).dial()
    bench.hang_up()
    bench.reply(407, headers=(CHALLENGE,))
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PROXY)
    assert len(bench.requests("INVITE")) == 1


@pytest.mark.parametrize("status", [486, 480, 404])
def test_hang_up_that_crosses_a_refusal_is_cancelled(status):
    bench = CallBench().dial()
    bench.reply(180)
    bench.hang_up()
    bench.reply(status)
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)
    assert bench.failed.status == status


def test_hang_up_while_it_rings():
    bench = CallBench().dial()
    bench.reply(180)
    bench.hang_up()
    assert len(bench.requests("CANCEL")) == 1
    bench.reply(487)
    bench.reply(200, "CANCEL")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)
    finished(bench)


def test_hang_up_that_crosses_the_pick_up():
    bench = CallBench().dial()
    bench.reply(180)
    bench.hang_up()
    bench.pick_up()
    assert bench.requests("REFER") == []
    assert len(bench.requests("BYE")) == 1
    bench.reply(200, "BYE")
    assert bench.failed == CallFailed(Stage.PHONE, None, "hung up")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)
    finished(bench)


def test_hang_up_before_the_way_into_the_dialog_is_known():
    bench = CallBench(later=True).dial()
    bench.pick_up(CONTACT)
    bench.hang_up()
    bench.hang_up()
    bench.located()
    assert bench.requests("REFER") == []
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)
    finished(bench)


@pytest.mark.parametrize("reported", [None, "100 Trying", "180 Ringing"])
@pytest.mark.parametrize("accepted", [False, True])
def test_hang_up_after_the_refer_is_unknown_for_the_phone_may_go_on(accepted, reported):
    bench = CallBench().up()
    if accepted:
        bench.reply(202, "REFER")
    if reported:
        bench.notify(reported)
    bench.hang_up()
    assert len(bench.requests("BYE")) == 1
    bench.hang_up()
    bench.reply(200, "BYE")
    assert bench.failed == CallFailed(
        Stage.CALLEE, None, "hung up; the phone may go on calling: hang up there as well"
    )
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.CALLEE)
    assert len(bench.requests("BYE")) == 1
    bench.run_out()


def test_hang_up_after_which_the_phone_says_that_it_gave_up():
    bench = CallBench().referred()
    bench.hang_up()
    bench.notify("487 Request Terminated", state="terminated")
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.CALLEE)
    finished(bench)


@pytest.mark.parametrize("status", [486, 404, 603, 500])
def test_hang_up_after_which_the_phone_says_anything_else_is_unknown(status):
    bench = CallBench().referred()
    bench.hang_up()
    bench.notify(f"{status} Something", state="terminated")
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.UNKNOWN, Stage.CALLEE)
    finished(bench)


def test_hang_up_that_crosses_the_answer():
    bench = CallBench().referred()
    bench.hang_up()
    bench.notify("200 OK")
    bench.reply(200, "BYE")
    assert bench.ended == ANSWERED
    finished(bench)


def test_hang_up_while_the_tone_of_a_failure_is_heard():
    bench = CallBench().referred()
    bench.notify("486 Busy Here")
    bench.pass_until(0.5)
    bench.hang_up()
    assert bench.moments("BYE") == [0.5]
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.BUSY, Stage.CALLEE)
    finished(bench)
    assert len(bench.requests("BYE")) == 1


def test_hang_up_while_we_stay_with_the_phone_after_the_answer():
    bench = CallBench(bye=ByePolicy.NEVER).referred()
    bench.notify("200 OK")
    bench.hang_up()
    bench.reply(200, "BYE")
    assert bench.ended == ANSWERED
    finished(bench)


def test_hang_up_between_two_refers():
    bench = CallBench().up()
    bench.reply(500, "REFER")
    bench.hang_up()
    bench.reply(200, "BYE")
    assert bench.ended == CallEnded(Outcome.CANCELLED, Stage.PHONE)
    finished(bench)


TOO_LATE = "the phone has the call now"


def test_hang_up_is_refused_while_we_leave_and_after_the_hand_over():
    bench = CallBench().referred()
    bench.notify("200 OK")
    with pytest.raises(RefusedError, match=TOO_LATE):
        bench.hang_up()
    bench.reply(200, "BYE")
    with pytest.raises(RefusedError, match=TOO_LATE):
        bench.hang_up()
    assert bench.ended == ANSWERED


def test_hang_up_is_refused_once_we_left_on_accept():
    bench = CallBench(bye=ByePolicy.ON_ACCEPT).referred()
    with pytest.raises(RefusedError, match=TOO_LATE):
        bench.hang_up()
    bench.reply(200, "BYE")
    with pytest.raises(RefusedError, match=TOO_LATE):
        bench.hang_up()


def test_hang_up_is_refused_once_the_phone_hung_up():
    bench = CallBench().referred()
    bench.phone_sends("BYE")
    with pytest.raises(RefusedError, match=TOO_LATE):
        bench.hang_up()


@pytest.mark.parametrize("how", ["refused", "silence"])
def test_hang_up_of_what_failed_and_is_being_left_does_not_claim_a_call(how):
    bench = CallBench().up()
    if how == "refused":
        bench.reply(603, "REFER")
    else:
        bench.reply(202, "REFER")
        bench.pass_until(32.0)
    with pytest.raises(RefusedError, match="the call has failed and is ending already"):
        bench.hang_up()


def test_hang_up_is_refused_after_any_other_end():
    bench = CallBench().dial()
    bench.reply(486)
    with pytest.raises(RefusedError, match=r"^the call has ended already$"):
        bench.hang_up()


def test_when_it_has_ended_who_listened_is_let_go_and_late_notifys_are_answered_all_the_same():
    class Listener(list[Happening]):
        pass

    bench = CallBench().referred()
    heard = Listener()
    bench.call._report = heard.append
    cseq = bench.last("REFER").cseq.number
    bench.notify("200 OK")
    bench.reply(200, "BYE")
    assert isinstance(heard[-1], CallEnded)
    listener = weakref.ref(heard)
    del heard
    assert listener() is None
    for event in ("refer", f"refer;id={cseq}", "refer;id=77", "dialog"):
        bench.notify("200 OK", event=event)
    assert bench.statuses("NOTIFY") == [200, 200, 200, 481, 489]
