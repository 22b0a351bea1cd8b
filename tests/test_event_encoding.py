from __future__ import annotations

import json

import pytest

from siptapi_core import events
from siptapi_core.errors import UnknownNameError, UsageError
from siptapi_core.event_encoding import decode_event, encode_event
from siptapi_core.events import (
    CalleeRinging,
    CallEnded,
    CallEvent,
    CallFailed,
    Event,
    HandedOver,
    Happening,
    LineEvent,
    Outcome,
    PhoneCalling,
    RegistrationChanged,
    RegistrationState,
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


@pytest.mark.parametrize(
    "event",
    [
        CallEvent(7, "c1", "office", 1.5, CallFailed(Stage.PROXY, None, "no answer")),
        CallEvent(7, "c1", "office", 1.5, StrategyFellBack("a", "b", "403")),
        LineEvent(8, "office", 2.5, RegistrationChanged(RegistrationState.FAILED, 403, "no")),
    ],
)
def test_it_is_read_back_from_json(event: Event) -> None:
    assert decode_event(json.loads(json.dumps(encode_event(event)))) == event


def test_fields_of_a_newer_version_are_passed_over() -> None:
    encoded = encode_event(CallEvent(7, "c1", "office", 1.5, HandedOver()))
    assert decode_event({**encoded, "colour": "red"}).happening == HandedOver()


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"event": "call_exploded"}, UnknownNameError, "no event is named 'call_exploded'"),
        ({"event": None}, UsageError, "event: expected text, given null"),
        ({"id": "7"}, UsageError, "id: expected a whole number, given '7'"),
        ({"stage": "cellar"}, UsageError, "stage: expected one of proxy, phone, refer, callee"),
        ({"status": "486"}, UsageError, "status: expected a whole number, given '486'"),
        ({"call": None}, UsageError, "call: expected text"),
    ],
)
def test_what_is_no_event_is_an_error(
    changes: dict[str, object], error: type[UsageError], words: str
) -> None:
    encoded = encode_event(CallEvent(7, "c1", "o", 1.5, CallFailed(Stage.PHONE, 486, "busy")))
    with pytest.raises(error, match=words):
        decode_event({**encoded, **changes})


def test_what_lacks_a_field_is_an_error() -> None:
    encoded = encode_event(CallEvent(7, "c1", "o", 1.5, CallFailed(Stage.PHONE, 486, "busy")))
    del encoded["stage"]
    with pytest.raises(UsageError, match="stage: missing"):
        decode_event(encoded)
