"""Whatever calls and dialogs do: what is told is told once, and no more than a dialog said."""

from __future__ import annotations

from itertools import pairwise

from conversation_bench import LINE, Bench
from hypothesis import event as note
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.events import (
    CallCorrected,
    CalleeAnswered,
    CalleeTrying,
    CallEnded,
    CallPlaced,
    ConversationEnded,
    Happening,
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingOutcome,
    IncomingRinging,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    ReferAccepted,
    Stage,
    TransferRequested,
)
from siptapi_core.sip.dialog_info import DialogDirection, DialogEvent, Participant

CALLS = {"c1": LINE, "c2": LINE, "c3": "other", "c4": "unwatched"}
PARTIES = ("sip:301@example.com", "sip:302@example.com")
outcomes = st.sampled_from(Outcome)
party = st.sampled_from(PARTIES)
happenings = st.one_of(
    st.builds(CallPlaced, st.just("301"), party, st.just("cli")),
    st.builds(PhoneCalling, st.sampled_from(["", "refer-via-proxy"])),
    st.builds(CalleeTrying, st.sampled_from(["", "reverse"])),
    st.just(PhoneAnswered()),
    st.just(ReferAccepted()),
    st.just(CalleeAnswered()),
    st.builds(TransferRequested, party),
    st.builds(CallEnded, outcomes, st.just(Stage.CALLEE)),
    st.builds(IncomingRinging, st.sampled_from(["301", "302", ""]), st.just("200")),
    st.just(IncomingAnsweredElsewhere()),
    st.builds(IncomingEnded, st.sampled_from(IncomingOutcome)),
)
lasted = st.none() | st.floats(0, 100)
dialogs = st.fixed_dictionaries(
    {
        "id_": st.sampled_from(["d1", "d2", "d3"]),
        "line": st.sampled_from(sorted(set(CALLS.values()))),
        "call_id": st.sampled_from([None, "x", "y", "z"]),
        "direction": st.sampled_from(DialogDirection),
        "remote": party.map(Participant),
        "event": st.none() | st.sampled_from(DialogEvent),
        "code": st.sampled_from([None, 200, 486]),
        "seen": st.booleans(),
    }
)
asked_to_call = st.builds(
    lambda callee: (
        CallPlaced("301", callee, "cli"),
        PhoneCalling("refer-via-proxy"),
        PhoneAnswered(),
    ),
    party,
)
steps = st.one_of(
    st.tuples(st.sampled_from(sorted(CALLS)), happenings.map(lambda each: (each,)) | asked_to_call),
    st.tuples(dialogs, st.sampled_from(["early", "confirmed"]) | lasted),
    st.floats(0, 20),
)

_FIRST = (CallPlaced, IncomingRinging)
_LAST = (CallEnded, IncomingEnded, IncomingAnsweredElsewhere)


class Story:
    """Plays a script, and remembers what could be known at each moment."""

    def __init__(self) -> None:
        self.bench = Bench(LINE, "other")
        self.bench.named = {"x": "c1", "y": "c3"}
        self.begun: set[str] = set()
        self.over: set[str] = set()
        self.spoken: set[tuple[str, float]] = set()
        self.answered: set[str] = set()

    def call(self, call: str, happening: Happening) -> None:
        """Something happens to a call, unless it has not begun, or not any more."""
        if isinstance(happening, _FIRST) is (call in self.begun) or call in self.over:
            return
        self.begun.add(call)
        if isinstance(happening, _LAST):
            self.over.add(call)
        self.bench.happens(happening, call=call, line=CALLS[call])

    def dialog(self, dialog, state: str | float | None) -> None:
        """A dialog goes on; as a number the state is how long it lasted."""
        if isinstance(state, str):
            self.answered |= {dialog["line"]} if state == "confirmed" else set()
            self.bench.dialog(state, **dialog)
            return
        if state is not None:
            self.spoken.add((dialog["line"], state))
            self.answered.add(dialog["line"])
        self.bench.dialog("terminated", **dialog, lasted=state)

    def check(self, call: str, happening: Happening) -> None:
        """It was told just now."""
        assert call in self.over, "our part of it is over"
        assert CALLS[call] != "unwatched"
        if isinstance(happening, ConversationEnded):
            assert (CALLS[call], happening.duration) in self.spoken
        else:
            assert isinstance(happening, CallCorrected)
            if happening.outcome is Outcome.ANSWERED:
                assert CALLS[call] in self.answered


@given(st.lists(steps, max_size=40))
def test_whatever_happens_it_is_told_once_and_only_what_a_dialog_said(script):
    story = Story()
    for step in script:
        before = len(story.bench.told)
        match step:
            case (str() as call, some):
                for happening in some:
                    story.call(call, happening)
            case (dict() as dialog, state):
                story.dialog(dialog, state)
            case seconds:
                story.bench.now += seconds
        for told in story.bench.told[before:]:
            story.check(*told)
    for call in CALLS:
        words = [happening for told_of, happening in story.bench.told if told_of == call]
        note(f"{[happening.name for happening in words]}")
        assert not any(isinstance(happening, ConversationEnded) for happening in words[:-1])
        assert all(one != other for one, other in pairwise(words))
