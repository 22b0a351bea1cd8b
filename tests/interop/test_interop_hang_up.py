"""Ctrl-C at every moment of a call: the phones are left in peace, and the exit code is 130."""

from __future__ import annotations

import pytest
from lab.laboratory import Lab

pytestmark = pytest.mark.interop


@pytest.mark.parametrize("scenario", ["rings_until_cancelled", "answered_while_cancelled"])
def test_while_the_phone_rings(lab: Lab, scenario: str) -> None:
    phone = lab.sipp(scenario)
    call = lab.dial_to(phone)
    call.await_event("phone_ringing")
    call.interrupt()
    assert call.finish(10).ending == ("cancelled", "phone", 130)
    phone.assert_followed()


def test_while_the_phone_has_not_said_anything(lab: Lab) -> None:
    """No provisional answer, no CANCEL (RFC 3261 9.1): the INVITE is given up after a while."""
    call = lab.dial_to(lab.sipp("never_answers"))
    call.await_event("phone_calling")
    call.interrupt()
    result = call.finish()
    assert result.ending == ("cancelled", "phone", 130)


def test_while_the_callee_rings(lab: Lab) -> None:
    proxy = lab.kamailio()
    caller = lab.baresip("alice", proxy)
    callee = lab.baresip("2002", proxy, answer="manual")
    call = lab.dial_via(proxy)
    callee.await_event("CALL_INCOMING")
    call.interrupt()
    result = call.finish(10)
    assert result.ending == ("unknown", "callee", 130), "nobody tells what the phone does now"
    assert caller.calls == 1, "the phone's own call is not ours to end"
