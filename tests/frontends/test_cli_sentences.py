from __future__ import annotations

import pytest

from siptapi_core import events
from siptapi_core.events import (
    CalleeAnswered,
    CalleeRinging,
    CalleeTrying,
    CallFailed,
    Happening,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    ReferAccepted,
    Reporter,
    Stage,
    StrategyFellBack,
    TransferRequested,
)
from siptapi_frontends.cli.sentences import sentence


@pytest.mark.parametrize(
    ("happening", "words"),
    [
        (PhoneRinging(), "Your phone is ringing: pick it up."),
        (PhoneAnswered(), "Picked up. Asking your phone to call +43 1 505641."),
        (CalleeTrying(), "Your phone is calling +43 1 505641."),
        (CalleeRinging(), "It rings there."),
        (CalleeRinging(182), "The call waits in a queue there."),
        (CalleeRinging(199), "It rings there."),
        (CallFailed(Stage.PROXY, None, "nobody there."), "Nobody there."),
        (CallFailed(Stage.PROXY, None, "udp:[::1]:5060 is silent"), "udp:[::1]:5060 is silent."),
        (CallFailed(Stage.PROXY, None, ""), "No reason given."),
        (CallFailed(Stage.PROXY, 486, "Busy Here"), "Failed: Busy Here (SIP status 486)."),
        (CallFailed(Stage.PROXY, 599, ""), "Failed: no reason given (SIP status 599)."),
        (StrategyFellBack("a", "b", "403"), "a did not work (403); trying b."),
        (CalleeTrying("acd", Reporter.SIPTAPI), "Calling +43 1 505641 first."),
        (CalleeRinging(180, Reporter.PROXY), "It rings there."),
        (CalleeAnswered(Reporter.PROXY), "It was picked up there."),
        (ReferAccepted(Reporter.PROXY), "The phone there agreed to call this side."),
        (PhoneCalling("", Reporter.SIPFRAG), "The phone there is calling this side."),
        (PhoneRinging(Reporter.SIPFRAG), "It rings on this side: pick it up."),
        (PhoneAnswered(Reporter.SIPFRAG), "It was picked up on this side."),
        (TransferRequested("sip:401@pbx"), "To be transferred to sip:401@pbx."),
    ],
)
def test_what_happened_in_words(happening: Happening, words: str) -> None:
    assert sentence(happening, "+43 1 505641") == words


def test_every_happening_has_a_sentence_in_ascii() -> None:
    values = {
        "stage": Stage.PHONE,
        "outcome": Outcome.BUSY,
        "status": 486,
        "reason": "busy",
        "duration": 61.0,
    } | dict.fromkeys(("from_", "to", "why", "number", "dialled", "frontend"), "x")
    values |= dict.fromkeys(("caller", "called"), "x")
    said = [
        sentence(cls(**{k: v for k, v in values.items() if k in cls.__annotations__}), "1")
        for cls in events.Happening.__args__
    ]
    assert all(words.isascii() and words.endswith(".") for words in said)
    assert len(set(said)) == len(said)


def test_braces_in_a_number_are_no_format() -> None:
    assert "{callee.x}" in sentence(CalleeTrying(), "{callee.x}")
