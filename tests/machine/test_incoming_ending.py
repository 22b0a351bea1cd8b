"""What a CANCEL means by its Reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.events import (
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingOutcome,
    Reporter,
)
from siptapi_core.machine.incoming_ending import ending_of
from siptapi_core.sip.headers import Headers

ELSEWHERE = IncomingAnsweredElsewhere()
BUSY, REJECTED, NOT_ANSWERED, MISSED = (
    IncomingOutcome.BUSY,
    IncomingOutcome.REJECTED,
    IncomingOutcome.NOT_ANSWERED,
    IncomingOutcome.MISSED,
)


def read(*reasons: str, sends_reason: bool = False) -> object:
    headers = Headers([("Reason", reason) for reason in reasons])
    return ending_of(headers, sends_reason=sends_reason)


@pytest.mark.parametrize("sends_reason", [False, True])
@pytest.mark.parametrize(
    "reasons",
    [
        ['SIP;cause=200;text="Call completed elsewhere"'],
        ["sip ;CAUSE=200 ;text=Call completed elsewhere"],
        ["SIP;cause=202"],
        ["Q.850;cause=16;text=Terminated", "SIP;cause=200"],
        ["Q.850;cause=16, SIP;cause=200"],
        ["SIP;cause=487", "SIP;cause=200"],
        ["Q.850;cause=26"],
        ["SIP;cause=487", "q.850;cause=26"],
    ],
)
def test_another_phone_answered(reasons, sends_reason):
    assert read(*reasons, sends_reason=sends_reason) == ELSEWHERE


@pytest.mark.parametrize("sends_reason", [False, True])
@pytest.mark.parametrize(
    ("reasons", "outcome", "status"),
    [
        (["SIP;cause=486"], BUSY, 486),
        (["SIP;cause=600;text=Busy Everywhere"], BUSY, 600),
        (["Q.850;cause=17"], BUSY, None),
        (["SIP;cause=603"], REJECTED, 603),
        (["SIP;cause=607"], REJECTED, 607),
        (["SIP;cause=608"], REJECTED, 608),
        (["SIP;cause=403"], REJECTED, 403),
        (["Q.850;cause=21"], REJECTED, None),
        (["Q.850;cause=16", "SIP;cause=603"], REJECTED, 603),
        (["SIP;cause=480", "Q.850;cause=17"], BUSY, 480),
        (["SIP;cause=300"], NOT_ANSWERED, 300),
        (["SIP;cause=302"], NOT_ANSWERED, 302),
        (["SIP;cause=699"], NOT_ANSWERED, 699),
        (["SIP;cause=500"], NOT_ANSWERED, 500),
        (["SIP;cause=580"], NOT_ANSWERED, 580),
        (["SIP;cause=604"], NOT_ANSWERED, 604),
    ],
)
def test_another_phone_or_the_network_ended_it(reasons, outcome, status, sends_reason):
    assert read(*reasons, sends_reason=sends_reason) == IncomingEnded(outcome, status)


@pytest.mark.parametrize(
    ("reasons", "status"),
    [
        ([], None),
        (["SIP"], None),
        (["SIP;cause=100"], None),
        (["SIP;cause=700"], None),
        (["SIP;cause=487;text=ORIGINATOR_CANCEL"], 487),
        (["SIP;cause=408"], 408),
        (["SIP;cause=480"], 480),
        (["Q.850;cause=16;text=Terminated"], None),
        (["Q.850;cause=200"], None),
        (["Preemption;cause=200"], None),
        (["?"], None),
    ],
)
def test_it_is_missed_only_where_the_pbx_is_known_to_say_otherwise(reasons, status):
    assert read(*reasons) == IncomingEnded(NOT_ANSWERED, status, Reporter.PROXY)
    assert read(*reasons, sends_reason=True) == IncomingEnded(MISSED, status, Reporter.PROXY)


@given(
    reasons=st.lists(
        st.tuples(st.sampled_from(["SIP", "Q.850", "X"]), st.integers(0, 999)), max_size=4
    ),
    sends_reason=st.booleans(),
)
def test_whatever_is_said_the_ending_is_no_more_than_that(reasons, sends_reason):
    ending = read(*(f"{name};cause={cause}" for name, cause in reasons), sends_reason=sends_reason)
    elsewhere = any(name == "SIP" and cause // 100 == 2 for name, cause in reasons)
    assert (ending == ELSEWHERE) == (elsewhere or ("Q.850", 26) in reasons)
    if isinstance(ending, IncomingEnded):
        assert ending.outcome is not IncomingOutcome.REDIRECTED
        assert ending.outcome is not MISSED or sends_reason
        assert ending.status is None or ("SIP", ending.status) in reasons
