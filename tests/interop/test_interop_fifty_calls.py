"""The main job, over and over: Kamailio, two baresip phones, and every call must work."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab.baresip import Baresip
from lab.laboratory import Lab
from lab.siptapi import Siptapi

pytestmark = pytest.mark.interop


def test_fifty_of_fifty_calls_through_the_proxy(lab: Lab) -> None:
    proxy = lab.kamailio()
    caller, callee = lab.baresip("alice", proxy), lab.baresip("2002", proxy)
    assert _failures(lab, caller, callee, lambda: lab.dial_via(proxy)) == []


def test_fifty_of_fifty_calls_direct_to_the_phone(lab: Lab) -> None:
    proxy = lab.kamailio()
    caller, callee = lab.baresip("alice", proxy), lab.baresip("2002", proxy)
    assert _failures(lab, caller, callee, lambda: lab.dial_to(caller)) == []


def _failures(
    lab: Lab, caller: Baresip, callee: Baresip, dial: Callable[[], Siptapi]
) -> list[tuple[object, ...]]:
    """What was wrong with each bad call of fifty; the traces keep only those."""
    bad: list[tuple[object, ...]] = []
    for number in range(50):
        begin = len(callee.events)
        call = dial()
        seen = (call.finish().ending, callee.incoming(since=begin), caller.calls, callee.calls)
        if seen == (("answered", "callee", 0), ["sip:alice@office.test"], 1, 1):
            lab.forget(call)
        else:
            bad.append((number, *seen))
        caller.hang_up_all()
        callee.hang_up_all()
    return bad
