"""The same truth where the callee comes first, or waits for a transfer, whatever is lost."""

from __future__ import annotations

from hypothesis import event, given
from hypothesis import strategies as st
from test_call_on_lossy_link import check_nothing_is_open, fates, limited
from town import DOMAIN, Town

from siptapi_core.demo.phone import Behaviour
from siptapi_core.demo.phone_calls import CallPhase
from siptapi_core.errors import RefusedError
from siptapi_core.events import CallEnded, Outcome, Stage
from siptapi_core.machine.refer_plan import CallTimers, Party
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.testing.lossy_link import AT_ONCE, LOST, script

CALLEE, PHONE = (SipUri(host=DOMAIN, user=user) for user in ("301", "201"))
REVERSE = {"strategy": "reverse", "first": Party.CALLEE, "target": CALLEE, "refer_to": PHONE}
ACD = {**REVERSE, "strategy": "acd", "refer_to": None}

first_ones = st.sampled_from(
    [
        Behaviour(),
        Behaviour(answer_after=2.0),
        Behaviour(reports_ringing=False),
        Behaviour(refuse_refer=501),
        Behaviour(reject_with=486),
    ]
)
second_ones = st.sampled_from(
    [
        Behaviour(),
        Behaviour(answer_after=1.5),
        Behaviour(reject_with=486),
        Behaviour(reject_with=603),
        Behaviour(answer_after=None, gives_up_after=3.0),
    ]
)


def check_truth(town: Town) -> None:
    """What SIPTAPI claims, the callee saw."""
    seen, names, ended = town.callee.seen, town.names, town.ended
    assert names.count("call_ended") == 1
    claims = {
        "callee_ringing": "ringing",
        "callee_answered": "answered",
        "refer_accepted": "referred",
        "phone_ringing": "callee 180",
        "phone_answered": "callee 200",  # as the one who calls notes it
    }
    for name, sight in claims.items():
        assert name not in names or sight in seen, (name, seen)
    if ended.outcome is Outcome.ANSWERED:
        assert "handed_over" in names
        assert "phone_answered" in names
        assert ended.stage is Stage.CALLEE
    if ended.stage is Stage.PHONE:
        assert "referred" in seen
    if "callee 200" in seen:
        assert ended.outcome in (Outcome.ANSWERED, Outcome.UNKNOWN)


def callee_is_free(town: Town) -> bool:
    """Whether the callee has no call with us any more."""
    return all(call.phase is CallPhase.OVER for call in town.callee.incoming)


@given(fates=fates, callee=first_ones, phone=second_ones)
def test_losses_within_the_retransmissions_change_nothing(fates, callee, phone):
    perfect = Town(phone=phone, callee=callee, **REVERSE)
    perfect.dial()
    perfect.run()
    town = Town(fate=limited(script(fates)), phone=phone, callee=callee, **REVERSE)
    town.dial()
    town.run()
    event(f"{town.ended.outcome} {town.ended.stage}")
    check_truth(town)
    check_nothing_is_open(town)
    assert town.ended == perfect.ended
    assert callee_is_free(town)


@given(
    fates=fates,
    loss=st.floats(min_value=0, max_value=1),
    seed=st.randoms(use_true_random=False),
    callee=first_ones,
    phone=second_ones,
)
def test_every_call_ends_and_tells_the_truth(fates, loss, seed, callee, phone):
    first = script(fates, then=())

    def fate(data: bytes, source: Address, destination: Address) -> tuple[float, ...]:
        decided = first(data, source, destination)
        return decided or (LOST if seed.random() < loss else AT_ONCE)

    town = Town(fate=fate, phone=phone, callee=callee, **REVERSE)
    town.dial()
    town.run()
    check_truth(town)
    check_nothing_is_open(town)


@given(
    fates=fates,
    callee=first_ones,
    phone=second_ones,
    moments=st.lists(st.floats(min_value=0, max_value=12), max_size=3),
    hangs_up=st.none() | st.floats(min_value=0, max_value=12),
)
def test_transfers_and_a_hang_up_at_any_moment(fates, callee, phone, moments, hangs_up):
    """Each is done or refused; the callee is not held longer than the time for a transfer."""
    town = Town(
        fate=limited(script(fates)),
        phone=phone,
        callee=callee,
        timers=CallTimers(transfer_timeout=20.0),
        **ACD,
    )
    refused = []

    def attempt(action):
        def act(now: float) -> None:
            try:
                action(now)
            except RefusedError as error:
                refused.append(str(error))

        return act

    for moment in moments:
        transfer = attempt(lambda now: town.call.transfer(PHONE, now))
        town.agent.queue.schedule(moment, transfer)
    if hangs_up is not None:
        town.agent.queue.schedule(hangs_up, attempt(town.call.hang_up))
    town.dial()
    town.run()
    event(f"{town.ended.outcome} {town.ended.stage} {len(refused)}")
    check_truth(town)
    check_nothing_is_open(town)
    assert callee_is_free(town)
    if town.ended.outcome is not Outcome.ANSWERED and not moments:
        assert "referred" not in town.callee.seen


def test_a_busy_agent_then_one_who_is_free():
    town = Town(phone=Behaviour(reject_with=486), **ACD)
    town.transfer_at(5.0, "201")
    town.agent.queue.schedule(9.0, lambda _now: setattr(town.phone, "behaviour", Behaviour()))
    town.transfer_at(10.0, "201")
    town.dial()
    town.run()
    assert town.ended == CallEnded(Outcome.ANSWERED, Stage.CALLEE)
    assert town.names == [
        *("callee_trying", "callee_ringing", "callee_answered", "refer_accepted"),
        *("phone_calling", "call_failed", "refer_accepted", "phone_calling", "phone_ringing"),
        *("phone_answered", "handed_over", "call_ended"),
    ]
    check_nothing_is_open(town)
