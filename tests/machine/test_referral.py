"""REFER and its NOTIFYs: the repeat rule, silence, order, several REFERs (design 5.1, 5.2, 5.4)."""

from __future__ import annotations

import pytest
from bench import PROXY
from phone_side import PhoneSide, make_plan

from siptapi_core.events import Stage
from siptapi_core.machine.phone_leg import LegState, PhoneLeg
from siptapi_core.machine.refer_plan import CallTimers
from siptapi_core.machine.referral import (
    REPEAT_AFTER,
    REPEAT_WITHIN,
    REPEATS,
    Referral,
    ReferralState,
)
from siptapi_core.sip.auth import Authorization, Credentials
from siptapi_core.sip.uri import TelUri

TIMERS = CallTimers(notify_timeout=10.0, callee_timeout=60.0)
CHALLENGE = ("Proxy-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"')


class Rig(PhoneSide):
    """A referral whose leg is up; ``told`` is what its owner heard."""

    def __init__(self, **plan):
        super().__init__()
        self.told = []
        self.plan = made = make_plan(timers=TIMERS, **plan)
        self.leg = PhoneLeg(
            made,
            agent=self.agent,
            addresses=(PROXY,),
            credentials=Credentials("200", "secret"),
            locate=self.locate,
            owner=self,
        )
        self.referral = Referral(made, leg=self.leg, agent=self.agent, owner=self)
        self.leg.start(self.now)
        self.pick_up()

    def start(self):
        self.referral.start(self.plan.refer_to, self.now)
        self.collect()
        return self

    def accepted(self):
        self.start().reply(202, "REFER")
        return self

    def leave(self):
        self.leg.leave(self.now)
        self.collect()

    @property
    def state(self):
        return self.referral.state

    # --- the leg's owner ---

    def on_phone_answered(self, now): ...

    def on_phone_up(self, now): ...

    def on_phone_gone(self, now, *, by_phone):
        if by_phone:
            self.referral.on_leg_gone(now)

    def on_notify(self, request, transaction, now):
        self.referral.on_notify(request, transaction, now)

    # --- the referral's owner ---

    def on_refer_accepted(self, now):
        self.told.append(("accepted", now))

    def on_progress(self, status):
        self.told.append(("progress", status))

    def on_result(self, fragment, now):
        self.told.append(("result", fragment.status, fragment.reason, now))

    def on_refer_refused(self, status, reason, now):
        self.told.append(("refused", status, reason, now))

    def on_silence(self, stage, reason, now):
        self.told.append(("silence", stage, reason, now))


ACCEPTED = ("accepted", 0.0)


# --- the REFER -----------------------------------------------------------------------------------


def test_the_refer_says_whom_to_call_and_who_asks():
    rig = Rig()
    assert rig.state is ReferralState.NONE
    rig.start()
    refer = rig.last("REFER")
    assert refer.headers.get("Refer-To") == "<sip:301@example.com>"
    assert refer.headers.get("Referred-By") == "<sip:200@example.com>"
    assert refer.headers.get("Contact") == rig.leg.contact
    assert refer.cseq.number == 2
    assert rig.state is ReferralState.SENT
    assert rig.told == []


def test_trap_6_refer_to_stands_in_angle_brackets_and_is_escaped_no_further():
    rig = Rig(refer_to=TelUri("+431505641", (("phone-context", "x"),))).start()
    assert rig.last("REFER").headers.get("Refer-To") == "<tel:+431505641;phone-context=x>"


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_a_2xx_is_an_acceptance(status):
    rig = Rig().start()
    rig.reply(100, "REFER")
    assert rig.told == []
    assert rig.state is ReferralState.SENT
    rig.pass_until(0.25)
    rig.reply(status, "REFER")
    assert rig.told == [("accepted", 0.25)]
    assert rig.state is ReferralState.ACCEPTED


@pytest.mark.parametrize("status", [300, 403, 405, 481, 501, 503, 603])
def test_any_other_refusal_is_the_end(status):
    rig = Rig().start()
    rig.reply(status, "REFER", reason="Because")
    assert rig.told == [("refused", status, "Because", 0.0)]
    assert rig.state is ReferralState.DECIDED
    rig.run_out()
    assert len(rig.told) == len(rig.requests("REFER")) == 1


def test_trap_4_a_challenge_to_the_refer_is_answered_and_its_new_cseq_is_the_id():
    rig = Rig().start()
    rig.reply(407, "REFER", headers=(CHALLENGE,))
    again = rig.last("REFER")
    assert again.cseq.number == 3
    authorization = Authorization.parse(again.headers.get("Proxy-Authorization"))
    assert authorization.verify("REFER", b"", "secret")
    rig.reply(202, "REFER")
    rig.notify("200 OK", event="refer;id=2")
    rig.notify("180 Ringing", event="refer;id=3")
    assert rig.statuses("NOTIFY") == [481, 200]
    assert rig.told == [ACCEPTED, ("progress", 180)]


def test_silence_after_the_refer_is_the_end():
    rig = Rig().start()
    rig.pass_until(32.0)
    reason = "the phone did not answer the REFER: no answer from udp:192.0.2.1:5060"
    assert rig.told == [("silence", Stage.REFER, reason, 32.0)]
    assert rig.state is ReferralState.DECIDED


# --- the repeat rule -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 491, 500])
def test_trap_4_a_refer_that_came_too_early_is_repeated(status):
    rig = Rig().start()
    rig.reply(status, "REFER")
    assert rig.state is ReferralState.NONE
    assert rig.told == []
    assert rig.moments("REFER") == [0]
    rig.pass_until(REPEAT_AFTER)
    assert rig.moments("REFER") == [0, REPEAT_AFTER]
    assert [refer.cseq.number for refer in rig.requests("REFER")] == [2, 3]
    assert rig.state is ReferralState.SENT
    rig.reply(202, "REFER")
    assert rig.told == [("accepted", REPEAT_AFTER)]


@pytest.mark.parametrize("status", [400, 491, 500])
def test_trap_4_a_refer_that_was_accepted_and_then_refused_by_sipfrag_is_repeated(status):
    rig = Rig().accepted()
    rig.notify("100 Trying")
    rig.notify(f"{status} No", state="terminated")
    assert rig.statuses("NOTIFY") == [200, 200]
    rig.pass_until(REPEAT_AFTER)
    assert len(rig.requests("REFER")) == 2
    rig.reply(202, "REFER")
    rig.notify("200 OK")
    assert rig.told == [
        ACCEPTED,
        ("progress", 100),
        ("accepted", REPEAT_AFTER),
        ("result", 200, "OK", REPEAT_AFTER),
    ]


@pytest.mark.parametrize("by_sipfrag", [False, True])
def test_it_is_repeated_three_times_at_most(by_sipfrag):
    rig = Rig().start()
    for repeat in range(REPEATS + 1):
        assert len(rig.requests("REFER")) == repeat + 1
        if by_sipfrag:
            rig.reply(202, "REFER")
            rig.notify("400 Bad Request", state="terminated")
        else:
            rig.reply(400, "REFER")
        rig.pass_until(rig.now + REPEAT_AFTER)
    assert len(rig.requests("REFER")) == REPEATS + 1 == 4
    assert rig.state is ReferralState.DECIDED
    what, status, *_ = rig.told[-1]
    assert (what, status) == ("result" if by_sipfrag else "refused", 400)
    rig.run_out()
    assert len(rig.requests("REFER")) == 4


@pytest.mark.parametrize("by_sipfrag", [False, True])
def test_it_is_repeated_until_one_second_after_the_refer_and_not_later(by_sipfrag):
    for moment, repeated in ((REPEAT_WITHIN, True), (REPEAT_WITHIN + 0.001, False)):
        rig = Rig().start()
        refer = rig.last("REFER")
        if by_sipfrag:
            rig.reply(202, "REFER")
            rig.pass_until(moment)
            rig.notify("500 No", state="terminated")
        else:
            rig.pass_until(moment)
            rig.answer(refer, 500)
        rig.pass_until(moment + REPEAT_AFTER)
        assert (rig.last("REFER").cseq.number == 3) is repeated


def test_the_second_counts_from_the_last_refer():
    rig = Rig().start()
    for moment in (0.9, 1.8):
        rig.pass_until(moment)
        rig.reply(500, "REFER")
    rig.pass_until(2.0)
    assert [refer.cseq.number for refer in rig.requests("REFER")][-1] == 4


@pytest.mark.parametrize("status", [101, 180, 183])
def test_it_is_not_repeated_once_the_callee_rang(status):
    rig = Rig().accepted()
    rig.notify(f"{status} Ringing")
    rig.notify("500 Server Error", state="terminated")
    assert rig.told[-1] == ("result", 500, "Server Error", 0.0)
    assert rig.state is ReferralState.DECIDED
    rig.run_out()
    assert len(rig.requests("REFER")) == 1


def test_it_is_not_repeated_once_we_left():
    rig = Rig().accepted()
    rig.leave()
    rig.notify("400 Bad Request", state="terminated")
    assert rig.told[-1] == ("result", 400, "Bad Request", 0.0)


def test_it_is_not_repeated_when_we_leave_while_it_waits():
    rig = Rig().start()
    rig.reply(500, "REFER")
    rig.leave()
    rig.pass_until(1.0)
    assert len(rig.requests("REFER")) == 1
    assert rig.state is ReferralState.NONE


def test_the_late_word_of_an_earlier_refer_says_nothing_of_the_next():
    rig = Rig().start()
    first = rig.last("REFER")
    rig.notify("400 Bad Request", state="terminated")  # before its 202
    rig.pass_until(REPEAT_AFTER)
    assert rig.told == [ACCEPTED]
    assert rig.state is ReferralState.SENT
    rig.answer(first, 202)
    assert rig.state is ReferralState.SENT
    assert rig.told == [ACCEPTED]
    assert rig.moments("REFER") == [0, REPEAT_AFTER]
    rig.pass_until(REPEAT_AFTER + 32)
    assert rig.told[1][:2] == ("silence", Stage.REFER)


def test_the_late_refusal_of_an_earlier_refer_is_not_a_second_one():
    rig = Rig().start()
    first = rig.last("REFER")
    rig.notify("500 No", state="terminated")
    rig.answer(first, 500)
    for _ in range(REPEATS):
        rig.pass_until(rig.now + REPEAT_AFTER)
        rig.reply(500, "REFER")
    assert [refer.cseq.number for refer in rig.requests("REFER")] == [2, 3, 4, 5]


def test_trap_2_with_several_refers_the_id_tells_them_apart():
    rig = Rig().start()
    rig.reply(500, "REFER")
    rig.pass_until(REPEAT_AFTER)
    rig.reply(202, "REFER")
    told = list(rig.told)
    rig.notify("500 No", event="refer;id=2", state="terminated")
    rig.notify(None, event="refer;id=2", state="terminated")
    rig.notify(None, state="terminated")  # whose end is it?
    assert rig.told == told
    assert rig.statuses("NOTIFY") == [200, 200, 200]
    rig.notify("486 Busy Here", event="refer;id=4")
    assert rig.statuses("NOTIFY")[-1] == 481
    assert rig.told == told
    rig.notify("486 Busy Here", event="refer;id=3")
    assert rig.told[-1] == ("result", 486, "Busy Here", REPEAT_AFTER)


def test_what_comes_between_two_refers_is_answered_and_left():
    rig = Rig().start()
    rig.reply(500, "REFER")
    rig.notify("100 Trying")
    rig.notify(None, state="terminated")
    assert rig.statuses("NOTIFY") == [200, 200]
    assert rig.told == []
    assert rig.state is ReferralState.NONE
    rig.pass_until(REPEAT_AFTER)
    assert len(rig.requests("REFER")) == 2


# --- the NOTIFYs ---------------------------------------------------------------------------------


def test_progress_and_the_result_are_told():
    rig = Rig().accepted()
    rig.notify("100 Trying")
    rig.notify("180 Ringing")
    rig.notify("183 Session Progress")
    rig.pass_until(5.0)
    rig.notify("200 OK", state="terminated;reason=noresource")
    assert rig.told == [
        ACCEPTED,
        *(("progress", status) for status in (100, 180, 183)),
        ("result", 200, "OK", 5.0),
    ]
    assert rig.state is ReferralState.DECIDED
    assert rig.statuses("NOTIFY") == [200] * 4
    rig.run_out()
    assert len(rig.told) == 5


@pytest.mark.parametrize("event", ["refer", "refer;id=2"])
def test_trap_2_a_notify_before_the_202_is_an_acceptance(event):
    rig = Rig().start()
    rig.notify("100 Trying", event=event)
    assert rig.told == [ACCEPTED, ("progress", 100)]
    rig.reply(202, "REFER")
    assert len(rig.told) == 2
    assert rig.state is ReferralState.ACCEPTED


def test_trap_2_the_result_before_the_202():
    rig = Rig().start()
    rig.notify("486 Busy Here", state="terminated")
    assert rig.told == [ACCEPTED, ("result", 486, "Busy Here", 0.0)]
    rig.reply(202, "REFER")
    rig.reply(500, "REFER")
    assert len(rig.told) == 2


def test_a_notify_before_any_refer_is_refused():
    rig = Rig()
    rig.notify("200 OK")
    assert rig.statuses("NOTIFY") == [481]
    assert rig.told == []
    assert rig.state is ReferralState.NONE


def test_another_package_and_other_bodies_are_refused():
    rig = Rig().accepted()
    rig.notify("200 OK", event="message-summary")
    rig.phone_sends(
        "NOTIFY", ("Event", "refer"), ("Content-Type", "text/plain"), body=b"SIP/2.0 200 OK"
    )
    rig.phone_sends("NOTIFY", ("Event", "refer"), body=b"nonsense")
    assert rig.statuses("NOTIFY") == [489, 415, 400]
    assert rig.told == [ACCEPTED]


@pytest.mark.parametrize("status", [200, 486])
def test_a_final_status_is_final_though_the_subscription_stays_active(status):
    rig = Rig().accepted()
    rig.notify(f"{status} Final", state="active")
    rig.notify("180 Ringing")
    rig.notify("503 No")
    assert rig.told == [ACCEPTED, ("result", status, "Final", 0.0)]
    assert rig.statuses("NOTIFY") == [200, 200, 200]


def test_trap_2_the_end_without_a_body_is_silence():
    rig = Rig().accepted()
    rig.notify("180 Ringing")
    rig.pass_until(3.0)
    rig.notify(None, state="terminated;reason=noresource")
    reason = "the phone stopped reporting without a result"
    assert rig.told[-1] == ("silence", Stage.CALLEE, reason, 3.0)
    assert rig.state is ReferralState.DECIDED
    rig.notify(None, state="terminated")
    rig.run_out()
    assert len(rig.told) == 3


def test_an_empty_notify_is_an_acceptance_and_no_news():
    rig = Rig().start()
    rig.notify(None)
    assert rig.told == []
    assert rig.state is ReferralState.SENT
    assert rig.statuses("NOTIFY") == [200]


# --- silence -------------------------------------------------------------------------------------


def test_trap_1_nothing_after_the_202():
    rig = Rig().start()
    rig.pass_until(0.25)
    rig.reply(202, "REFER")
    rig.pass_until(10.249)
    assert rig.told == [("accepted", 0.25)]
    rig.pass_until(10.25)
    reason = "the phone reported nothing for 10 s"
    assert rig.told[1:] == [("silence", Stage.CALLEE, reason, 10.25)]
    assert rig.state is ReferralState.DECIDED


def test_trap_1_nothing_after_100_trying():
    rig = Rig().start()
    rig.pass_until(0.25)
    rig.reply(202, "REFER")
    rig.pass_until(9.0)
    rig.notify("100 Trying")
    rig.notify("180 Ringing")
    rig.pass_until(60.249)
    assert rig.told[1:] == [("progress", 100), ("progress", 180)]
    rig.pass_until(60.25)
    reason = "the phone reported no result for 60 s"
    assert rig.told[3:] == [("silence", Stage.CALLEE, reason, 60.25)]


@pytest.mark.parametrize("status", [200, 299])
def test_a_2xx_after_silence_still_counts_once(status):
    rig = Rig().accepted()
    rig.pass_until(10.0)
    rig.notify("180 Ringing")
    rig.notify(f"{status} OK")
    rig.notify("200 OK")
    assert rig.told[2:] == [("result", status, "OK", 10.0)]


@pytest.mark.parametrize("status", [180, 300, 486, 500])
def test_nothing_else_counts_after_silence(status):
    rig = Rig().accepted()
    rig.pass_until(10.0)
    rig.notify(f"{status} Something")
    assert len(rig.told) == 2


def test_a_2xx_after_a_decision_changes_nothing():
    rig = Rig().accepted()
    rig.notify("486 Busy Here")
    rig.notify("200 OK")
    assert len(rig.told) == 2


def test_stopped_it_tells_nothing_more():
    rig = Rig().start()
    rig.referral.stop()
    rig.reply(202, "REFER")
    rig.notify("200 OK")
    assert rig.statuses("NOTIFY") == [200]
    assert rig.told == []
    assert rig.state is ReferralState.DECIDED


def test_stopped_before_an_answer_its_silence_is_no_news():
    rig = Rig().start()
    rig.referral.stop()
    rig.run_out()
    assert rig.told == []


# --- the phone hangs up --------------------------------------------------------------------------


def test_trap_4_a_refer_that_crosses_the_phone_s_bye_is_waited_for_t2():
    rig = Rig().start()
    rig.pass_until(1.0)
    rig.phone_sends("BYE")
    rig.pass_until(4.999)
    assert rig.told == []
    rig.pass_until(5.0)
    reason = "the phone hung up and did not answer the REFER"
    assert rig.told == [("silence", Stage.REFER, reason, 5.0)]


def test_a_refer_that_is_answered_after_the_phone_s_bye():
    rig = Rig().start()
    rig.phone_sends("BYE")
    rig.pass_until(3.0)
    rig.reply(202, "REFER")
    assert rig.told == [("accepted", 3.0)]
    rig.pass_until(12.999)
    assert len(rig.told) == 1
    rig.pass_until(13.0)
    assert rig.told[1][:2] == ("silence", Stage.CALLEE)


def test_a_refer_that_is_refused_after_the_phone_s_bye_is_not_repeated():
    rig = Rig().start()
    rig.phone_sends("BYE")
    assert rig.leg.state is LegState.GONE
    rig.reply(500, "REFER", reason="No")
    assert rig.told == [("refused", 500, "No", 0.0)]


def test_after_the_phone_s_bye_its_report_is_waited_for_less_long():
    rig = Rig().accepted()
    rig.notify("180 Ringing")
    rig.pass_until(20.0)
    rig.phone_sends("BYE")
    rig.pass_until(29.999)
    assert len(rig.told) == 2
    rig.pass_until(30.0)
    assert rig.told[2:] == [("silence", Stage.CALLEE, "the phone reported nothing for 10 s", 30.0)]


def test_progress_after_the_phone_s_bye_makes_nobody_wait_longer():
    rig = Rig().accepted()
    rig.notify("100 Trying")
    rig.pass_until(20.0)
    rig.phone_sends("BYE")
    rig.pass_until(25.0)
    rig.notify("180 Ringing")
    rig.pass_until(30.0)
    assert rig.told[-1][:2] == ("silence", Stage.CALLEE)


def test_after_the_phone_s_bye_its_report_still_counts():
    rig = Rig().accepted()
    rig.phone_sends("BYE")
    rig.pass_until(9.0)
    rig.notify("200 OK")
    assert rig.told[1:] == [("result", 200, "OK", 9.0)]
    rig.run_out()
    assert len(rig.told) == 2


def test_the_phone_s_bye_is_no_news_where_nothing_is_asked_or_all_is_told():
    rig = Rig()
    rig.phone_sends("BYE")
    rig.run_out()
    assert rig.told == []
    rig = Rig().accepted()
    rig.notify("200 OK")
    rig.phone_sends("BYE")
    rig.run_out()
    assert len(rig.told) == 2


@pytest.mark.parametrize("status", [400, 403, 500])
def test_who_notifies_has_accepted_whatever_another_copy_of_the_refer_is_answered(status):
    """Else the callee would be called twice, or a call that goes on be told as refused."""
    rig = Rig().start()
    rig.notify("100 Trying")
    rig.reply(status, "REFER")
    rig.pass_until(1.0)
    assert len(rig.requests("REFER")) == 1
    rig.notify("200 OK", state="terminated")
    assert rig.state is ReferralState.DECIDED
    assert rig.told[-1][:2] == ("result", 200)


# --- a connection that breaks --------------------------------------------------------------------

SILENCE = (
    "the phone did not answer the REFER: it closed the connection; "
    "the connection that carried the REFER broke: it may have arrived"
)


def cut_off() -> Rig:
    """Its REFER was on a connection that broke."""
    rig = Rig().start()
    rig.agent.refused(PROXY, rig.now, "it closed the connection", broken=True)
    assert rig.told == []
    return rig


def test_a_phone_that_got_the_refer_before_the_connection_broke_reports():
    rig = cut_off()
    rig.notify("100 Trying")
    rig.pass_until(9.0)
    rig.notify("200 OK")
    assert rig.told == [ACCEPTED, ("progress", 100), ("result", 200, "OK", 9.0)]
    assert len(rig.requests("REFER")) == 1


def test_one_that_does_not_report_soon_did_not_get_it_as_far_as_we_know():
    rig = cut_off()
    rig.pass_until(3.9)
    assert rig.told == []
    rig.pass_until(100.0)
    assert rig.told == [("silence", Stage.REFER, SILENCE, 4.0)]
    assert len(rig.requests("REFER")) == 1


def test_where_there_was_no_connection_nobody_is_waited_for():
    rig = Rig().start()
    rig.agent.refused(PROXY, rig.now, "nobody is there")
    assert [each[0] for each in rig.told] == ["silence"]
