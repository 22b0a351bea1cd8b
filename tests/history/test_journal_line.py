from __future__ import annotations

import json

import pytest
from any_events import CALL_EVENTS, LINE_EVENTS
from hypothesis import given

from siptapi_core.event_encoding import decode_event, encode_event
from siptapi_core.events import (
    CallEvent,
    CallFailed,
    IncomingRinging,
    LineEvent,
    RegistrationChanged,
    Stage,
    WatchChanged,
)
from siptapi_core.history.journal_line import line_of


@given(CALL_EVENTS | LINE_EVENTS)
def test_it_is_the_json_that_everyone_writes(event: CallEvent | LineEvent) -> None:
    line = line_of(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert json.loads(line) == encode_event(event)


@pytest.mark.parametrize(
    "name", ["Jörg", 'the "boss"', "back\\slash", "two\nlines\x1b[2J", "\ud800", "\u202e", "😀", ""]
)
def test_a_stranger_may_be_called_anything(name: str) -> None:
    event = CallEvent(1, "c1", "office", 1.5, IncomingRinging(name, "200", name))
    assert decode_event(json.loads(line_of(event))) == event


def test_numbers_truth_values_and_nothing() -> None:
    changed = RegistrationChanged("failed", 403, "", None, 30.25)  # type: ignore[arg-type]
    assert b'"status":403' in line_of(LineEvent(1, "office", 2.0, changed))
    assert b'"expires":null,"retry_after":30.25' in line_of(LineEvent(1, "office", 2.0, changed))
    assert b'"watching":true' in line_of(LineEvent(1, "office", 2.0, WatchChanged(True)))
    never = RegistrationChanged("failed", 403, "", None, float("inf"))  # type: ignore[arg-type]
    assert b'"retry_after":Infinity' in line_of(LineEvent(1, "office", 2.0, never))


def test_what_a_plugin_reports_need_not_be_right() -> None:
    failed = CallFailed(Stage.PROXY, None, OSError("no way"))  # type: ignore[arg-type]
    assert b'"reason":"no way"' in line_of(CallEvent(1, "c1", "office", 1.0, failed))
