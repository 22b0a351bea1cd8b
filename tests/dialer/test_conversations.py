"""What a dialog watch adds to calls: once, and no more than a dialog said."""

from __future__ import annotations

import pytest
from conversation_bench import CALLEE, INCOMING, LINE, Bench, ended

from siptapi_core.dialer.conversations import AFTER, BEFORE, LONGEST
from siptapi_core.events import (
    CallCorrected,
    CalleeAnswered,
    CalleeRinging,
    CalleeTrying,
    CallEvent,
    CallFailed,
    CallPlaced,
    ConversationEnded,
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingOutcome,
    IncomingRinging,
    LineChanged,
    LineEvent,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    ReferAccepted,
    Stage,
    StrategyFellBack,
    TransferRequested,
)
from siptapi_core.sip.dialog_info import (
    DialogEvent,
    Participant,
)

# --- calls that the phone makes ------------------------------------------------------------------


@pytest.mark.parametrize("order", ["call first", "dialog first"])
def test_a_conversation_is_told_once_both_have_ended(order):
    bench = Bench()
    bench.dials(ReferAccepted(), CalleeTrying())
    bench.dialog("trying")
    bench.dialog("confirmed")
    if order == "call first":
        bench.happens(CalleeAnswered(), ended())
        assert bench.told == []
    bench.dialog("terminated", lasted=12.5)
    if order == "dialog first":
        assert bench.told == []
        bench.happens(CalleeAnswered(), ended())
    assert bench.told == [("c1", ConversationEnded(12.5))]
    assert len(bench.conversations) == 0


def test_a_conversation_of_unknown_length_is_not_told():
    bench = Bench()
    bench.dials(ended())
    bench.dialog("confirmed", seen=False)
    bench.dialog("terminated", answered=True, seen=False)
    assert bench.told == []
    assert len(bench.conversations) == 0


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.NO_ANSWER, Outcome.BUSY])
def test_a_call_that_was_answered_after_all(outcome):
    bench = Bench()
    bench.dials(ReferAccepted(), ended(outcome))
    bench.dialog("early")
    assert bench.told == []
    bench.dialog("confirmed")
    assert bench.words == [CallCorrected(Outcome.ANSWERED)]
    bench.dialog("terminated", lasted=3.0)
    assert bench.words == [CallCorrected(Outcome.ANSWERED), ConversationEnded(3.0)]


@pytest.mark.parametrize(
    ("dialog", "outcome"),
    [
        ({"code": 486}, Outcome.BUSY),
        ({"code": 404}, Outcome.NOT_FOUND),
        ({"event": DialogEvent.REJECTED, "code": 603}, Outcome.REJECTED),
        ({"event": DialogEvent.CANCELLED}, Outcome.CANCELLED),
        ({"event": DialogEvent.REJECTED}, Outcome.REJECTED),
        ({"event": DialogEvent.TIMEOUT}, Outcome.NO_ANSWER),
        ({"event": DialogEvent.ERROR, "code": 200}, Outcome.FAILED),
        ({}, Outcome.UNKNOWN),
    ],
)
def test_the_phone_reported_an_answer_too_soon(dialog, outcome):
    bench = Bench()
    bench.dials(ReferAccepted(), CalleeAnswered(), ended())
    bench.dialog("early")
    bench.dialog("terminated", **dialog)
    assert bench.words == [CallCorrected(outcome)]
    assert len(bench.conversations) == 0


@pytest.mark.parametrize(
    "dialog",
    [
        {"seen": False},
        {"event": DialogEvent.LOCAL_BYE},
        {"event": DialogEvent.REMOTE_BYE},
        {"event": DialogEvent.REPLACED},
    ],
)
def test_where_there_may_have_been_an_answer_the_phone_is_believed(dialog):
    bench = Bench()
    bench.dials(ended())
    bench.dialog("early")
    bench.dialog("terminated", **dialog)
    assert bench.told == []
    assert len(bench.conversations) == 0


@pytest.mark.parametrize(
    ("told", "dialog", "corrected"),
    [
        (Outcome.UNKNOWN, {"code": 486}, [CallCorrected(Outcome.BUSY)]),
        (Outcome.UNKNOWN, {}, []),
        (Outcome.NO_ANSWER, {"code": 486}, []),
        (Outcome.CANCELLED, {"event": DialogEvent.REJECTED}, []),
    ],
)
def test_what_nobody_said_the_dialog_may_say(told, dialog, corrected):
    bench = Bench()
    bench.dials(ended(told))
    bench.dialog("terminated", **dialog)
    assert bench.words == corrected


def test_where_the_phone_was_never_asked_to_call_nothing_is_sought():
    bench = Bench()
    first = CallPlaced("301", CALLEE, "cli"), PhoneCalling("refer-via-proxy")
    bench.happens(*first, PhoneRinging(), ended(Outcome.CANCELLED))
    assert len(bench.conversations) == 0
    bench.dialog("confirmed")
    assert bench.told == []


@pytest.mark.parametrize(
    "happening", [PhoneAnswered(), ReferAccepted(), CalleeTrying(), CalleeAnswered()]
)
def test_any_word_of_the_phone_s_calling_is_enough(happening):
    bench = Bench()
    bench.happens(CallPlaced("301", CALLEE, "cli"), happening, ended())
    bench.dialog("terminated", lasted=1.0)
    assert bench.words == [ConversationEnded(1.0)]


# --- which dialog --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dialog",
    [
        {"remote": Participant("sip:302@example.com")},
        {"direction": INCOMING},
        {"direction": None},
        {"line": "other"},
    ],
)
def test_another_dialog_is_not_taken_for_it(dialog):
    bench = Bench(LINE, "other")
    bench.dials(ended())
    bench.dialog("confirmed", **dialog)
    bench.dialog("terminated", **dialog, lasted=1.0)
    assert bench.told == []
    assert len(bench.conversations) == 1


def test_a_dialog_may_begin_a_little_earlier_and_not_long_after():
    for offset, fits in (
        (-BEFORE - 0.01, False),
        (-BEFORE + 0.01, True),
        (50.0 + AFTER - 0.01, True),
        (50.0 + AFTER + 0.01, False),
    ):
        bench = Bench()
        bench.dials()
        since = bench.now
        bench.now = since + 49.9
        bench.happens(ended())
        bench.dialog("terminated", lasted=1.0, began=since + offset)
        assert bool(bench.told) is fits, offset


def test_two_calls_to_one_callee_are_told_of_one_after_the_other():
    bench = Bench()
    bench.dials(ended())
    bench.dialog("confirmed", "d1", call_id="x")
    bench.now += 5.0
    bench.dials(ended(), call="c2")
    bench.dialog("confirmed", "d2", call_id="y")
    bench.dialog("terminated", "d2", call_id="y", lasted=1.0)
    bench.dialog("terminated", "d1", call_id="x", lasted=9.0)
    assert bench.told == [("c2", ConversationEnded(1.0)), ("c1", ConversationEnded(9.0))]


def test_our_own_leg_is_no_dialog_of_the_call():
    bench = Bench()
    bench.dials()
    bench.named["ours"] = "c1"
    bench.dialog("confirmed", "own", call_id="ours")
    bench.dialog("terminated", "own", call_id="ours", lasted=1.0)
    bench.happens(ended())
    assert bench.told == []
    bench.dialog("terminated", lasted=2.0, call_id="theirs")
    assert bench.words == [ConversationEnded(2.0)]


def test_a_fork_that_ends_is_not_the_end():
    bench = Bench()
    bench.dials(ended())
    for fork in ("d1", "d2"):
        bench.dialog("early", fork, call_id="x")
    bench.dialog("terminated", "d1", call_id="x", event=DialogEvent.CANCELLED)
    assert bench.told == []
    bench.dialog("confirmed", "d2", call_id="x")
    bench.dialog("terminated", "d2", call_id="x", lasted=7.0)
    assert bench.words == [ConversationEnded(7.0)]


def test_forks_that_one_document_tells_of_are_looked_at_together():
    bench = Bench()
    bench.dials(ended())
    bench.dialog("early", "d1", call_id="x")
    soon, bench.settle = bench.settle, lambda: None
    bench.dialog("terminated", "d1", call_id="x")
    bench.dialog("confirmed", "d2", call_id="x")
    soon()
    assert bench.told == []


@pytest.mark.parametrize(
    ("second", "corrected"),
    [
        ({"code": 486}, [CallCorrected(Outcome.BUSY)]),
        ({"code": 603}, []),
        ({"event": DialogEvent.LOCAL_BYE}, []),
    ],
)
def test_forks_that_end_differently_say_nothing(second, corrected):
    bench = Bench()
    bench.dials()
    for fork in ("d1", "d2"):
        bench.dialog("early", fork, call_id="x")
    bench.happens(ended())
    bench.dialog("terminated", "d1", call_id="x", code=486)
    bench.dialog("terminated", "d2", call_id="x", **second)
    assert bench.words == corrected
    assert len(bench.conversations) == 0


def test_dialogs_without_a_call_id_are_known_by_their_ids():
    bench = Bench()
    bench.dials(ended())
    bench.dialog("confirmed", "d1")
    bench.dialog("confirmed", "d2")
    bench.dialog("terminated", "d2", lasted=1.0)
    assert bench.told == []
    bench.dialog("terminated", "d1", lasted=2.0)
    assert bench.words == [ConversationEnded(2.0)]


# --- transfers, and the callee first -------------------------------------------------------------


def test_a_transfer_makes_the_phone_call_somebody_else():
    bench = Bench()
    bench.happens(CallPlaced("302", "sip:302@example.com", "cli"), PhoneCalling("refer-via-proxy"))
    bench.happens(TransferRequested(CALLEE), PhoneAnswered(), ended())
    bench.dialog("confirmed", "other", remote=Participant("sip:302@example.com"))
    bench.dialog("terminated", lasted=2.0)
    assert bench.words == [ConversationEnded(2.0)]


def test_after_a_transfer_the_dialog_of_the_failed_call_counts_no_more():
    bench = Bench()
    bench.dials(callee="sip:302@example.com")
    other = {"remote": Participant("sip:302@example.com"), "code": 404}
    bench.dialog("terminated", "other", **other)
    bench.happens(CallFailed(Stage.CALLEE, 404, "Not Found"))
    bench.now += 60.0
    bench.happens(TransferRequested(CALLEE), ReferAccepted())
    bench.dialog("terminated", "earlier", lasted=9.0, began=bench.now - 10.0)
    bench.dialog("terminated", lasted=2.0)
    bench.happens(ended())
    assert bench.words == [ConversationEnded(2.0)]


def reversed_call(bench):
    bench.happens(
        *(CallPlaced("301", CALLEE, "cli"), CalleeTrying("reverse"), CalleeRinging()),
        *(CalleeAnswered(), ReferAccepted(), PhoneCalling()),
    )


def test_a_callee_who_was_called_first_calls_the_phone():
    bench = Bench()
    reversed_call(bench)
    bench.dialog("confirmed", "own leg, as the account's PBX tells of it")
    bench.dialog("confirmed", direction=INCOMING)
    bench.happens(PhoneAnswered(), ended())
    bench.dialog("terminated", direction=INCOMING, lasted=4.0)
    assert bench.words == [ConversationEnded(4.0)]


def test_before_the_callee_answers_the_phone_is_not_called():
    bench = Bench()
    bench.happens(CallPlaced("301", CALLEE, "cli"), CalleeTrying("acd"), CalleeRinging())
    bench.happens(ended(Outcome.BUSY))
    assert len(bench.conversations) == 0


def test_a_transfer_of_a_callee_who_was_called_first_leaves_the_callee_as_it_is():
    bench = Bench()
    bench.happens(CallPlaced("301", CALLEE, "cli"), CalleeTrying("acd"), CalleeAnswered())
    bench.happens(TransferRequested("sip:200@example.com"), ReferAccepted(), ended())
    bench.dialog("terminated", direction=INCOMING, lasted=5.0)
    assert bench.words == [ConversationEnded(5.0)]


def test_what_another_phone_took_is_no_failure_of_the_call():
    bench = Bench()
    reversed_call(bench)
    bench.happens(ended())
    bench.dialog("terminated", direction=INCOMING, event=DialogEvent.CANCELLED)
    assert bench.told == []


def test_the_next_strategy_begins_anew():
    bench = Bench()
    reversed_call(bench)
    bench.happens(StrategyFellBack("reverse", "refer-via-proxy", "why"))
    bench.happens(PhoneCalling("refer-via-proxy"))
    bench.dialog("confirmed", "too early")
    bench.happens(PhoneAnswered(), ended())
    bench.dialog("terminated", lasted=1.0)
    assert bench.words == [ConversationEnded(1.0)]


# --- incoming calls ------------------------------------------------------------------------------

CALLER = {"direction": INCOMING, "remote": Participant("sip:301@example.com")}
MISSED = IncomingEnded(IncomingOutcome.MISSED)


def test_the_conversation_of_an_incoming_call():
    bench = Bench()
    bench.happens(IncomingRinging("301", "sip:200@example.com"))
    bench.dialog("early", **CALLER)
    bench.happens(IncomingAnsweredElsewhere())
    bench.dialog("confirmed", **CALLER)
    assert bench.told == []
    bench.dialog("terminated", **CALLER, lasted=30.0)
    assert bench.words == [ConversationEnded(30.0)]


def test_an_incoming_call_that_was_answered_though_nobody_said_so():
    bench = Bench()
    bench.happens(IncomingRinging("301", "200"), IncomingEnded(IncomingOutcome.NOT_ANSWERED))
    bench.dialog("confirmed", **CALLER)
    bench.dialog("terminated", **CALLER, lasted=30.0)
    assert bench.words == [CallCorrected(Outcome.ANSWERED), ConversationEnded(30.0)]


@pytest.mark.parametrize("ending", [MISSED, IncomingAnsweredElsewhere()])
def test_an_incoming_call_that_this_phone_did_not_take(ending):
    bench = Bench()
    bench.happens(IncomingRinging("301", "200"), ending)
    bench.dialog("early", **CALLER)
    bench.dialog("terminated", **CALLER, code=487)
    assert bench.told == []
    assert len(bench.conversations) == 0


def test_a_caller_who_hides_is_known_by_the_call_id():
    bench = Bench()
    bench.named |= {"x": "c1", "y": "c2"}
    for call in ("c1", "c2"):
        bench.happens(IncomingRinging("", "200"), IncomingAnsweredElsewhere(), call=call)
    hidden = {"direction": INCOMING, "remote": Participant("sip:anonymous@anonymous.invalid")}
    bench.dialog("terminated", "d", **hidden, lasted=1.0)
    assert bench.told == []
    bench.dialog("terminated", "d2", **hidden, call_id="y", lasted=2.0)
    bench.dialog("terminated", "d1", **hidden, call_id="x", lasted=3.0)
    assert bench.told == [("c2", ConversationEnded(2.0)), ("c1", ConversationEnded(3.0))]


def test_a_call_that_rings_on_two_lines_is_found_on_each():
    bench = Bench(LINE, "other")
    bench.named["x"] = "c2"
    for call, line in (("c1", LINE), ("c2", "other")):
        bench.happens(IncomingRinging("301", "200"), call=call, line=line)
        bench.happens(IncomingAnsweredElsewhere(), call=call, line=line)
    for line in (LINE, "other"):
        bench.dialog("terminated", line=line, **CALLER, call_id="x", lasted=1.0)
    assert [call for call, _ in bench.told] == ["c1", "c2"]


# --- what is followed, and for how long ----------------------------------------------------------


def test_calls_of_lines_that_are_not_watched_are_left_alone():
    bench = Bench()
    bench.dials(ended(), line="other")
    bench.conversations.on_event(LineEvent(1, LINE, 0.0, LineChanged()))
    assert len(bench.conversations) == 0


def test_a_line_that_is_watched_no_more_has_its_calls_forgotten():
    bench = Bench(LINE, "other")
    bench.dials()
    bench.dials(call="c2", line="other")
    bench.conversations.unwatch(LINE)
    bench.happens(ended())
    assert len(bench.conversations) == 1
    bench.dialog("terminated", lasted=1.0)
    assert bench.told == []


def test_a_call_that_is_forgotten_before_it_is_concluded():
    bench = Bench()
    bench.dials()
    bench.dialog("terminated", lasted=1.0)
    bench.conversations.on_event(CallEvent(1, "c1", LINE, 0.0, ended()))
    bench.conversations.unwatch(LINE)
    bench.settle()
    assert bench.told == []


def test_a_call_that_was_followed_from_its_middle_on_only_is_not():
    bench = Bench()
    bench.happens(PhoneAnswered(), ended())
    bench.dialog("terminated", lasted=1.0)
    assert bench.told == []


def test_what_no_dialog_is_found_for_in_time_is_forgotten():
    bench = Bench()
    bench.dials(ended())
    bench.now += AFTER + 0.2
    bench.dialog("confirmed", "another", remote=Participant("sip:302@example.com"))
    assert len(bench.conversations) == 0


def test_a_dialog_that_does_not_end_is_forgotten_in_the_end():
    bench = Bench()
    bench.dials(ended())
    bench.dialog("confirmed")
    for seconds, kept in ((LONGEST, 1), (AFTER + 1, 0)):
        bench.now += seconds
        bench.dialog("confirmed", "another", remote=Participant("sip:302@example.com"))
        assert len(bench.conversations) == kept


def test_a_call_in_progress_is_never_forgotten():
    bench = Bench()
    bench.dials()
    bench.now += 10 * LONGEST
    bench.dialog("confirmed", "another", remote=Participant("sip:302@example.com"))
    assert len(bench.conversations) == 1
