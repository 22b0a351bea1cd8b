"""Whatever the network does to the packets of a call: it ends, and what is told is true."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import event, given
from hypothesis import strategies as st
from town import SIPTAPI, Town

from siptapi_core.demo.phone import Behaviour
from siptapi_core.errors import RefusedError
from siptapi_core.events import CallEnded, Outcome, Stage
from siptapi_core.machine.refer_plan import ByePolicy
from siptapi_core.targets import Address
from siptapi_core.testing.lossy_link import AT_ONCE, LOST, Decide, script

RETRANSMISSIONS_SURVIVE = 5
"""So many losses on the whole way of a request and back, over all hops, are always made good: a
request is sent at least seven times."""

fates = st.lists(
    st.sampled_from(
        [AT_ONCE, AT_ONCE, LOST, (0.02,), (0.3,), (0.0, 0.4), (0.9,), (0.0, 2.2), (0.1, 0.1)]
    ),
    max_size=80,
)
callees = st.sampled_from(
    [
        Behaviour(),
        Behaviour(answer_after=1.5),
        Behaviour(reject_with=486),
        Behaviour(reject_with=603),
        Behaviour(answer_after=None, gives_up_after=3.0),
    ]
)
phones = st.sampled_from(
    [
        Behaviour(),
        Behaviour(answer_after=2.0),
        Behaviour(reports_ringing=False),
        Behaviour(refuse_refer=501),
        Behaviour(reject_with=486),
    ]
)
CALLEE_STATUS = {
    Outcome.BUSY: {"callee 486"},
    Outcome.REJECTED: {"callee 603"},
    Outcome.NO_ANSWER: {"callee 480", "callee 408"},  # the phone's own 408: nothing came back
    Outcome.ANSWERED: {"callee 200"},
}


def limited(decide: Decide) -> Decide:
    """Lose no exchange more often than its retransmissions make good."""
    losses: Counter[tuple[bytes, ...]] = Counter()

    def fate(data: bytes, source: Address, destination: Address) -> tuple[float, ...]:
        decided = decide(data, source, destination)
        if decided == LOST:
            exchange = re.findall(rb"^(?:Call-ID|CSeq): (\S+)", data, re.MULTILINE)
            losses[*exchange] += 1
            if losses[*exchange] > RETRANSMISSIONS_SURVIVE:
                return AT_ONCE
        return decided

    return fate


def check_truth(town: Town) -> None:
    """What SIPTAPI claims, the phone saw."""
    seen, names, ended = town.phone.seen, town.names, town.ended
    assert names.count("call_ended") == 1
    claims = {
        "phone_ringing": "ringing",
        "phone_answered": "answered",
        "refer_accepted": "referred",
        "callee_ringing": "callee 180",
        "callee_answered": "callee 200",
    }
    for name, sight in claims.items():
        assert name not in names or sight in seen, (name, seen)
    if ended.stage is Stage.CALLEE and ended.outcome in CALLEE_STATUS:
        assert CALLEE_STATUS[ended.outcome] & set(seen), (ended, seen)
    if any(what.startswith("calling") for what in seen):
        told_by_phone = ended.stage is Stage.CALLEE
        assert told_by_phone or ended.outcome is Outcome.UNKNOWN, (ended, seen)
    if ended.outcome is Outcome.ANSWERED:
        assert "handed_over" in names


def check_nothing_is_open(town: Town) -> None:
    assert town.call.has_ended
    assert len(town.agent) == 0
    assert town.agent.next_timer() is None


@given(fates=fates, phone=phones, callee=callees, direct=st.booleans())
def test_losses_within_the_retransmissions_change_nothing(fates, phone, callee, direct):
    perfect = Town(phone=phone, callee=callee, direct=direct)
    perfect.dial()
    perfect.run()
    town = Town(fate=limited(script(fates)), phone=phone, callee=callee, direct=direct)
    town.dial()
    town.run()
    check_truth(town)
    check_nothing_is_open(town)
    assert town.ended == perfect.ended
    assert town.phone_is_free()


@given(
    fates=fates,
    loss=st.floats(min_value=0, max_value=1),
    seed=st.randoms(use_true_random=False),
    phone=phones,
    callee=callees,
    direct=st.booleans(),
    bye=st.sampled_from([ByePolicy.ON_ANSWER, ByePolicy.ON_ACCEPT]),
)
def test_every_call_ends_and_tells_the_truth(fates, loss, seed, phone, callee, direct, bye):
    first = script(fates, then=())

    def fate(data: bytes, source: Address, destination: Address) -> tuple[float, ...]:
        decided = first(data, source, destination)
        return decided or (LOST if seed.random() < loss else AT_ONCE)

    town = Town(fate=fate, phone=phone, callee=callee, direct=direct, bye=bye)
    town.dial()
    town.run()
    event(f"{town.ended.outcome}")
    check_truth(town)
    check_nothing_is_open(town)


@given(
    fates=fates,
    phone=phones,
    callee=callees,
    direct=st.booleans(),
    moment=st.floats(min_value=0, max_value=8),
)
def test_a_hang_up_at_any_moment_ends_it(fates, phone, callee, direct, moment):
    town = Town(fate=limited(script(fates)), phone=phone, callee=callee, direct=direct)
    refused = []

    def hang_up(now: float) -> None:
        try:
            town.call.hang_up(now)
        except RefusedError as error:
            refused.append(error)

    town.agent.queue.schedule(moment, hang_up)
    town.dial()
    town.run()
    event(f"{town.ended.outcome} {'refused' if refused else ''}")
    check_truth(town)
    check_nothing_is_open(town)
    assert town.phone_is_free()
    if town.ended.outcome is Outcome.CANCELLED:
        assert "callee 200" not in town.phone.seen


@given(fates=fates, callee=callees, direct=st.booleans(), after=st.floats(0, 4))
def test_the_user_may_put_the_phone_down_at_any_moment(fates, callee, direct, after):
    town = Town(
        fate=limited(script(fates)),
        phone=Behaviour(hangs_up_after=after),
        callee=callee,
        direct=direct,
    )
    town.dial()
    town.run()
    check_truth(town)
    check_nothing_is_open(town)
    assert town.phone_is_free()


def test_a_dead_proxy_is_a_failure_at_the_proxy():
    town = Town(fate=lambda *_: LOST)
    town.dial()
    town.run()
    assert town.ended == CallEnded(Outcome.FAILED, Stage.PROXY)
    assert len(town.sent(SIPTAPI, "INVITE")) == 7
    check_nothing_is_open(town)
