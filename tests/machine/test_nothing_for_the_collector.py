"""What is over is gone by itself: nothing of it waits for Python's garbage collector.

A daemon under load would otherwise grow by tens of MiB until the collector looks, and stand still
while it does.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from bench import PROXY, STANDBY
from incoming_side import IncomingSide
from phone_side import CONTACT, CallBench
from registration_bench import CHALLENGE as OF_REGISTRAR
from registration_bench import OURS, RegistrationBench

from siptapi_core.errors import RefusedError
from siptapi_core.sip.auth import Credentials

CREDENTIALS = Credentials("200", "secret")
CHALLENGE = ("Proxy-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"')


@contextmanager
def nothing_left() -> Iterator[None]:
    gc.collect()
    gc.disable()
    gc.freeze()  # so that it looks at ours alone
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield
        gc.collect()
        found = sorted({type(each).__name__ for each in gc.garbage if is_ours(each)})
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.unfreeze()
        gc.enable()
    assert found == []


def is_ours(each: object) -> bool:
    return type(each).__module__.startswith("siptapi_core")


# --- calls ---------------------------------------------------------------------------------------


def answered(bench: CallBench) -> None:
    bench.referred()
    bench.notify("100 Trying")
    bench.notify("200 OK", state="terminated;reason=noresource")
    bench.reply(200, "BYE")


def busy(bench: CallBench) -> None:
    bench.referred()
    bench.notify("486 Busy Here", state="terminated;reason=noresource")


def answered_after_challenges(bench: CallBench) -> None:
    bench.dial().reply(407, headers=(CHALLENGE,))
    bench.pick_up()
    bench.reply(407, "REFER", headers=(CHALLENGE,))
    bench.reply(202, "REFER")
    bench.notify("200 OK", state="terminated;reason=noresource")


def referred_too_early(bench: CallBench) -> None:
    bench.up().reply(491, "REFER")
    bench.pass_until(bench.now + 0.05)
    bench.reply(202, "REFER")
    bench.notify("200 OK")


def silence_after_the_refer(bench: CallBench) -> None:
    bench.up()


def hung_up_while_it_rings(bench: CallBench) -> None:
    bench.dial().reply(180)
    bench.hang_up()
    bench.reply(200, "CANCEL")
    bench.reply(487)


def hung_up_before_any_answer(bench: CallBench) -> None:
    bench.dial()
    bench.hang_up()


def hung_up_and_never_answered(bench: CallBench) -> None:
    bench.dial().reply(180)
    bench.hang_up()


def rejected(bench: CallBench) -> None:
    bench.dial().reply(603)


def nobody_there(bench: CallBench) -> None:
    bench.dial()
    bench.agent.refused(PROXY, bench.now)
    bench.agent.refused(STANDBY, bench.now)


def answered_by_the_standby(bench: CallBench) -> None:
    bench.dial().reply(503)
    bench.pick_up()
    bench.phone_sends("BYE")


def left_in_silence_and_late(bench: CallBench) -> None:
    bench.dial().pass_until(1.5)
    bench.answer(bench.requests("OPTIONS")[-1], 200)
    bench.pass_until(2.0)
    bench.pick_up()
    bench.answer(bench.requests("INVITE")[0], 200, to_tag="late", headers=(CONTACT,))
    bench.phone_sends("BYE")


def forked(bench: CallBench) -> None:
    bench.referred()
    bench.pick_up(CONTACT, to_tag="other")
    bench.notify("200 OK")


def invited_again_by_the_phone(bench: CallBench) -> None:
    bench.up().phone_sends("INVITE", CONTACT)
    bench.reply(202, "REFER")
    bench.notify("200 OK")


@pytest.mark.parametrize(
    "story",
    [
        answered,
        busy,
        answered_after_challenges,
        referred_too_early,
        silence_after_the_refer,
        hung_up_while_it_rings,
        hung_up_before_any_answer,
        hung_up_and_never_answered,
        rejected,
        nobody_there,
        answered_by_the_standby,
        left_in_silence_and_late,
        forked,
        invited_again_by_the_phone,
    ],
)
def test_nothing_of_a_call(story):
    with nothing_left():
        bench = CallBench(addresses=(PROXY, STANDBY), credentials=CREDENTIALS, keepalive=1000.0)
        story(bench)
        bench.run_out()
        assert bench.call.has_ended
        assert len(bench.agent) == 0
        with pytest.raises(RefusedError):
            bench.hang_up()
        with pytest.raises(RefusedError):
            bench.transfer("sip:302@example.com")
        del bench.call


# --- others --------------------------------------------------------------------------------------


def cancelled(bench: IncomingSide) -> None:
    bench.cancel(bench.invite())


def given_up(bench: IncomingSide) -> None:
    bench.invite()
    bench.pass_until(1000.0)


def rejected_here(bench: IncomingSide) -> None:
    bench.invite()
    bench.shown[0].reject(bench.now)
    bench.collect()
    bench.acknowledge()


@pytest.mark.parametrize("story", [cancelled, given_up, rejected_here])
def test_nothing_of_an_incoming_call(story):
    with nothing_left():
        bench = IncomingSide()
        story(bench)
        bench.run_out()
        assert len(bench.agent) == 0
        bench.shown.clear()


def test_nothing_of_registering_again_and_again():
    with nothing_left():
        bench = RegistrationBench()
        bench.start()
        for _ in range(3):
            bench.answer(bench.last("REGISTER"), 401, headers=(OF_REGISTRAR,))
            bench.answer(bench.last("REGISTER"), 200, headers=(("Contact", OURS),))
            bench.pass_until(bench.now + 5000.0)
        assert len(bench.requests("REGISTER")) > 6
