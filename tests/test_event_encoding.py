from __future__ import annotations

import json

import pytest

from siptapi_core import events
from siptapi_core.event_encoding import encode_event
from siptapi_core.events import (
    CalleeRinging,
    CallEnded,
    CallEvent,
    CallFailed,
    HandedOver,
    Happening,
    Outcome,
    PhoneCalling,
    Stage,
    StrategyFellBack,
)

ENVELOPE = {"id": 7, "call": "c1", "line": "office", "time": 1.5}


@pytest.mark.parametrize(
    ("happening", "encoded"),
    [
        (
            PhoneCalling("refer-via-proxy"),
            {"event": "phone_calling", "strategy": "refer-via-proxy", "reported_by": "siptapi"},
        ),
        (
            CalleeRinging(183),
            {"event": "callee_ringing", "status": 183, "reported_by": "sipfrag"},
        ),
        (
            CallFailed(Stage.PROXY, None, "no answer"),
            {
                "event": "call_failed",
                "stage": "proxy",
                "status": None,
                "reason": "no answer",
                "disturbed": "yes",
                "reported_by": "siptapi",
                "code": "",
            },
        ),
        (
            StrategyFellBack("refer-via-proxy", "refer-to-phone", "403 Forbidden"),
            {
                "event": "strategy_fell_back",
                "from": "refer-via-proxy",
                "to": "refer-to-phone",
                "why": "403 Forbidden",
                "reported_by": "siptapi",
            },
        ),
        (
            CallEnded(Outcome.NO_ANSWER, Stage.CALLEE),
            {
                "event": "call_ended",
                "outcome": "no-answer",
                "stage": "callee",
                "reported_by": "siptapi",
            },
        ),
    ],
)
def test_an_event_is_its_envelope_and_what_happened(
    happening: Happening, encoded: dict[str, object]
) -> None:
    assert encode_event(CallEvent(7, "c1", "office", 1.5, happening)) == ENVELOPE | encoded


def test_what_it_is_comes_near_the_front_for_those_who_read_along() -> None:
    encoded = encode_event(CallEvent(7, "c1", "office", 1.5, HandedOver()))
    assert list(encoded)[:5] == ["id", "event", "call", "line", "time"]


def test_enumerations_become_plain_strings() -> None:
    encoded = encode_event(CallEvent(7, "c1", "o", 1.5, CallEnded(Outcome.BUSY, Stage.PHONE)))
    assert {type(value) for value in encoded.values()} <= {str, int, float}


def test_every_happening_can_be_encoded_under_its_own_name() -> None:
    values = {
        "stage": Stage.PHONE,
        "outcome": Outcome.BUSY,
        "status": 486,
        "reason": "busy",
        "duration": 1.5,
    } | dict.fromkeys(("from_", "to", "why", "number", "dialled", "frontend"), "x")
    values |= dict.fromkeys(("caller", "called"), "x")
    names = set()
    for cls in events.Happening.__args__:
        given = {key: value for key, value in values.items() if key in cls.__annotations__}
        encoded = encode_event(CallEvent(1, "c", "l", 0.0, cls(**given)))
        names.add(json.loads(json.dumps(encoded))["event"])
    assert len(names) == len(events.Happening.__args__)
