"""A first proxy that is dead, slow or moody, and a second that works: the phone rings once."""

from __future__ import annotations

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from test_call_on_lossy_link import check_nothing_is_open, check_truth, limited
from town import PROXY, SIPTAPI, STANDBY, Town

from siptapi_core.demo.phone import Behaviour
from siptapi_core.errors import RefusedError
from siptapi_core.events import CallEnded, CallFailed, Disturbed, Outcome, Stage
from siptapi_core.machine.refer_plan import CallTimers
from siptapi_core.targets import Address
from siptapi_core.testing.lossy_link import AT_ONCE, LOST, Decide, Fate, script

ANSWERED = CallEnded(Outcome.ANSWERED, Stage.CALLEE)

moods = st.lists(
    st.sampled_from([AT_ONCE, LOST, LOST, (0.6,), (1.0,), (1.9,), (2.05,), (2.2,), (0.0, 2.2)]),
    max_size=40,
)
"""Two hops of these are no more than T4, the longest that a message may stay in the network: after
that a phone has forgotten a call that it refused, and takes another copy for another call."""
thens = st.sampled_from([LOST, AT_ONCE, (2.2,)])
phones = st.sampled_from([Behaviour(), Behaviour(answer_after=3.0), Behaviour(reject_with=486)])


def at_the_first_proxy(decide: Decide) -> Decide:
    """Only what comes from there and goes there has another fate than to arrive at once."""

    def fate(data: bytes, source: Address, destination: Address) -> Fate:
        moody = PROXY in (source, destination)
        return decide(data, source, destination) if moody else AT_ONCE

    return fate


def town_with(decide: Decide, **parts) -> Town:
    return Town(fate=at_the_first_proxy(decide), standby=True, **parts)


def test_a_first_proxy_that_is_dead():
    town = town_with(lambda *_: LOST)
    town.dial()
    town.run()
    assert town.ended == ANSWERED
    assert town.phone.seen.count("invited") == 1
    [first] = {
        packet.time
        for packet in town.link.packets
        if packet.destination == STANDBY
        and (packet.data.startswith(b"INVITE"))
        and b"Proxy-Authorization" in packet.data
    }
    assert first == 2.0, "RFC 3261 would have waited for 32 s"


@pytest.mark.parametrize("trusting", [False, True])
def test_a_first_proxy_whose_answers_never_come(*, trusting):
    """One that asks for a password has passed nothing on; one that does not has rung the phone."""

    def mute(_data: bytes, source: Address, destination: Address) -> Fate:
        return LOST if (source, destination) == (PROXY, SIPTAPI) else AT_ONCE

    town = town_with(mute, trusting=trusting, timers=CallTimers(ring_timeout=60))
    town.dial()
    town.run()
    assert town.phone.seen.count("invited") == 1
    assert town.phone_is_free()
    if trusting:
        failed = next(each for each in town.told if isinstance(each, CallFailed))
        assert failed.disturbed is Disturbed.MAYBE, "no other strategy may ring it again"
        assert f"{STANDBY} says 482" in failed.reason
    else:
        assert town.ended == ANSWERED


def test_both_proxies_are_dead():
    town = Town(fate=lambda *_: LOST, standby=True)
    town.dial()
    town.run()
    assert town.ended == CallEnded(Outcome.FAILED, Stage.PROXY)
    words = f"no answer from {PROXY}; no answer from {STANDBY}"
    assert words in [getattr(happening, "reason", "") for happening in town.told]
    assert set(town.sent(SIPTAPI, "CANCEL")) == set()
    check_nothing_is_open(town)


@given(fates=moods, then=thens, phone=phones, trusting=st.booleans())
def test_the_phone_rings_once(fates, then, phone, trusting):
    town = town_with(script(fates, then=then), phone=phone, trusting=trusting)
    town.dial()
    town.run()
    event(f"{town.ended.outcome}")
    assert town.phone.seen.count("invited") <= 1
    check_truth(town)
    check_nothing_is_open(town)


@given(fates=moods, phone=phones, trusting=st.booleans())
def test_what_the_first_proxy_does_for_a_while_changes_no_outcome(fates, phone, trusting):
    town = town_with(limited(script(fates)), phone=phone, trusting=trusting)
    town.dial()
    town.run()
    event(f"{town.link.clock.monotonic():.0f} s")
    outcome = Outcome.BUSY if phone.reject_with else Outcome.ANSWERED
    assert town.ended.outcome is outcome
    assert town.phone.seen.count("invited") == 1
    check_nothing_is_open(town)
    assert town.phone_is_free()


class Forgetful(set):
    """What a phone remembers of requests that it has: nothing, so each copy is a call to it."""

    def __contains__(self, _key: object) -> bool:
        return False


def test_the_second_copy_that_rings_is_cancelled():
    town = town_with(lambda *_: (1.3,), phone=Behaviour(answer_after=9.0), trusting=True)
    town.phone.agent.transactions._initial = Forgetful()
    town.dial()
    town.run()
    assert town.ended == ANSWERED
    assert town.phone.seen[:4] == ["invited", "ringing", "invited", "ringing"]
    assert town.phone.seen.count("cancelled") == town.phone.seen.count("answered") == 1


@given(fates=moods, after=st.sampled_from([0.0, 1.0, 3.0, 5.0]))
def test_of_two_copies_that_ring_one_is_taken_back(fates, after):
    phone = Behaviour(answer_after=after, gives_up_after=100.0)
    town = town_with(limited(script(fates)), phone=phone, trusting=True)
    town.phone.agent.transactions._initial = Forgetful()
    town.dial()
    town.run()
    event(f"{town.phone.seen.count('invited')} rang, {town.ended.outcome}")
    assert town.ended.outcome is Outcome.ANSWERED
    check_nothing_is_open(town)
    assert "rejected 480" not in town.phone.seen
    assert town.phone_is_free()


@given(fates=moods, moment=st.floats(min_value=0, max_value=8), trusting=st.booleans())
def test_a_hang_up_at_any_moment_leaves_no_phone_ringing(fates, moment, trusting):
    phone = Behaviour(answer_after=None, gives_up_after=100.0)
    town = town_with(limited(script(fates)), phone=phone, trusting=trusting)

    def hang_up(now: float) -> None:
        try:
            town.call.hang_up(now)
        except RefusedError as error:
            event(f"refused: {error}")

    town.agent.queue.schedule(moment, hang_up)
    town.dial()
    town.run()
    event(f"{town.ended.outcome}")
    check_truth(town)
    check_nothing_is_open(town)
    assert "rejected 480" not in town.phone.seen
    assert town.phone_is_free()
