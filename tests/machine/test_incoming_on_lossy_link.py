"""Whatever the network does to a forked call: we never answer it, it ends, what is told is true."""

from __future__ import annotations

import re
from collections import Counter

from forked_call import ELSEWHERE, PHONE, SIPTAPI, ForkedCall
from hypothesis import event, given
from hypothesis import strategies as st

from siptapi_core.demo.phone import Behaviour
from siptapi_core.errors import RefusedError
from siptapi_core.events import (
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingOutcome,
    IncomingRinging,
    Reporter,
)
from siptapi_core.machine.incoming_ending import ending_of
from siptapi_core.sip.headers import Headers
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.testing.lossy_link import AT_ONCE, LOST, Decide, script

ALLOWED = {100, 180, 302, 480, 487, 603}
RETRANSMISSIONS_SURVIVE = 5
RINGING = IncomingRinging("301", "200", "Bob")

fates = st.lists(
    st.sampled_from(
        [AT_ONCE, AT_ONCE, LOST, (0.02,), (0.3,), (0.0, 0.4), (0.9,), (0.0, 2.2), (0.1, 0.1)]
    ),
    max_size=60,
)
phones = st.sampled_from(
    [
        Behaviour(answer_after=0.0, hangs_up_after=1.0),
        Behaviour(answer_after=1.5, hangs_up_after=1.0),
        Behaviour(reject_with=486),
        Behaviour(reject_with=603),
        Behaviour(reject_with=600),
        Behaviour(answer_after=None, gives_up_after=3.0, gives_up_with=603),
        Behaviour(answer_after=None),
    ]
)
moments = st.none() | st.floats(min_value=0, max_value=8)
actions = st.sampled_from(["reject", "redirect", "give_up"])


def limited(decide: Decide) -> Decide:
    """Lose no exchange more often than its retransmissions make good."""
    losses: Counter[tuple[bytes, ...]] = Counter()

    def fate(data: bytes, source: Address, destination: Address) -> tuple[float, ...]:
        decided = decide(data, source, destination)
        if decided == LOST:
            exchange = (*re.findall(rb"^CSeq: .*|branch=[^;\r]*", data, re.MULTILINE),)
            losses[exchange] += 1
            if losses[exchange] > RETRANSMISSIONS_SURVIVE:
                return AT_ONCE
        return decided

    return fate


def act(call: ForkedCall, action: str, now: float) -> None:
    for shown in call.shown:
        try:
            if action == "redirect":
                shown.redirect(SipUri(host="example.com", user="203"), now)
            else:
                getattr(shown, action)(now)
        except RefusedError:
            assert not shown.is_ringing


def play(
    call: ForkedCall, abandoned_at: float | None, action: str, acted_at: float | None
) -> ForkedCall:
    queue = call.agent.queue
    if abandoned_at is not None:
        call.proxy.agent.queue.schedule(abandoned_at, call.proxy.abandon)
    if acted_at is not None:
        queue.schedule(acted_at, lambda now: act(call, action, now))
    call.run()
    return call


def check_truth(call: ForkedCall, *, sends_reason: bool, action: str | None) -> None:
    """What is told is no more than what was sent."""
    told, seen = call.told, call.phone.seen
    assert {status for method, status in call.answers() if method == "INVITE"} <= ALLOWED
    assert {status for method, status in call.answers() if method != "INVITE"} <= {200, 481}
    if not told:
        assert call.answers() == set()  # nothing of it ever reached us
        return
    ringing, ending = told
    assert ringing == RINGING
    if isinstance(ending, IncomingAnsweredElsewhere):
        assert "answered" in seen
        assert call.proxy.siptapi.cancelled_with == ELSEWHERE
        return
    assert isinstance(ending, IncomingEnded)
    match ending.outcome:
        case IncomingOutcome.REJECTED if ending.reported_by is Reporter.SIPTAPI:
            assert action == "reject"
        case IncomingOutcome.REJECTED:
            assert "rejected 603" in seen
        case IncomingOutcome.BUSY:
            assert "rejected 600" in seen
        case IncomingOutcome.REDIRECTED:
            assert action == "redirect"
        case IncomingOutcome.MISSED:
            assert sends_reason
            assert call.proxy.abandoned
        case IncomingOutcome.NOT_ANSWERED:
            at_once = call.proxy.abandoned  # before it can have rung
            assert ending.reported_by is Reporter.SIPTAPI or not sends_reason or at_once


def check_nothing_is_open(call: ForkedCall) -> None:
    assert len(call.agent) == 0
    assert len(call.calls) == 0
    assert call.agent.next_timer() is None


@given(
    fates=fates,
    loss=st.floats(min_value=0, max_value=1),
    seed=st.randoms(use_true_random=False),
    phone=phones,
    send_180=st.booleans(),
    sends_reason=st.booleans(),
    abandoned_at=moments,
    action=actions,
    acted_at=moments,
)
def test_every_call_ends_and_what_is_told_is_true(
    fates, loss, seed, phone, send_180, sends_reason, abandoned_at, action, acted_at
):
    first = script(fates, then=())

    def fate(data: bytes, source: Address, destination: Address) -> tuple[float, ...]:
        decided = first(data, source, destination)
        return decided or (LOST if seed.random() < loss else AT_ONCE)

    call = ForkedCall(fate=fate, phone=phone, send_180=send_180, sends_reason=sends_reason)
    play(call, abandoned_at, action, acted_at)
    event(f"{call.told[1:]}")
    check_truth(call, sends_reason=sends_reason, action=None if acted_at is None else action)
    check_nothing_is_open(call)


@given(
    fates=fates,
    phone=phones,
    send_180=st.booleans(),
    sends_reason=st.booleans(),
    abandoned_at=st.none() | st.floats(min_value=0, max_value=8),
)
def test_losses_within_the_retransmissions_hide_nothing(
    fates, phone, send_180, sends_reason, abandoned_at
):
    call = ForkedCall(
        fate=limited(script(fates)), phone=phone, send_180=send_180, sends_reason=sends_reason
    )
    play(call, abandoned_at, "reject", None)
    check_truth(call, sends_reason=sends_reason, action=None)
    check_nothing_is_open(call)
    reason = call.proxy.siptapi.cancelled_with
    event(f"{reason}")
    if reason is None:
        limit = IncomingEnded(IncomingOutcome.NOT_ANSWERED, 480, Reporter.SIPTAPI)
        assert call.told == [RINGING, limit]
    else:
        headers = Headers([("Reason", reason)] if reason else [])
        known = {sends_reason, sends_reason and bool(reason)}  # that one may have come at once
        assert call.told[0] == RINGING
        assert call.told[1] in [ending_of(headers, sends_reason=each) for each in known]


@given(fates=fates, action=st.sampled_from(["redirect", "give_up"]))
def test_stepping_aside_leaves_the_phone_ringing(fates, action):
    """Nothing that we send but a 603 ends the branch of the phone beside us."""
    patient = Behaviour(answer_after=60.0, gives_up_after=100.0, hangs_up_after=1.0)
    call = ForkedCall(fate=limited(script(fates)), phone=patient)
    play(call, None, action, 50.0)
    assert "answered" in call.phone.seen
    assert isinstance(call.told[-1], IncomingEnded)
    assert call.told[-1].reported_by is Reporter.SIPTAPI


def test_a_rejection_stops_the_phone_as_well():
    call = ForkedCall(fate=script([]), phone=Behaviour(answer_after=None))
    play(call, None, "reject", 2.0)
    assert call.phone.seen == ["invited", "ringing", "cancelled"]
    assert call.told == [RINGING, IncomingEnded(IncomingOutcome.REJECTED, 603, Reporter.SIPTAPI)]


def test_a_busy_phone_leaves_our_branch_ringing():
    """RFC 3261 16.7: the proxy waits for us. The caller gives up, or our limit comes."""
    call = ForkedCall(fate=script([]), phone=Behaviour(reject_with=486), sends_reason=True)
    play(call, 20.0, "reject", None)
    assert call.told == [RINGING, IncomingEnded(IncomingOutcome.MISSED)]
    assert call.proxy.phone.status == 486


def test_only_the_invite_and_its_ends_are_sent():
    call = ForkedCall(fate=script([]), phone=Behaviour(answer_after=1.0, hangs_up_after=1.0))
    play(call, None, "reject", None)
    lines = [
        packet.data.split(b"\r\n", 1)[0].decode()
        for packet in call.link.packets
        if SIPTAPI in (packet.source, packet.destination) and packet.source != PHONE
    ]
    assert [line.removeprefix("SIP/2.0 ") for line in lines] == [
        "INVITE sip:200@192.0.2.9:5060;line=token SIP/2.0",
        "180 Ringing",
        "CANCEL sip:200@192.0.2.9:5060;line=token SIP/2.0",
        "200 OK",
        "487 Request Terminated",
        "ACK sip:200@192.0.2.9:5060;line=token SIP/2.0",
    ]
