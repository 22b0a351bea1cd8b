"""What is told of a party, whichever of the two it is."""

from __future__ import annotations

from siptapi_core.events import (
    CalleeAnswered,
    CalleeRinging,
    CalleeTrying,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    Reporter,
)
from siptapi_core.machine.refer_plan import Party


def calling(party: Party, reporter: Reporter, strategy: str = "") -> PhoneCalling | CalleeTrying:
    """It is being called; ``strategy`` where that begins the attempt."""
    happening = PhoneCalling if party is Party.PHONE else CalleeTrying
    return happening(strategy, reporter)


def ringing(party: Party, reporter: Reporter, status: int = 180) -> PhoneRinging | CalleeRinging:
    """It rings; ``status`` is the 18x that says so."""
    return PhoneRinging(reporter) if party is Party.PHONE else CalleeRinging(status, reporter)


def answered(party: Party, reporter: Reporter) -> PhoneAnswered | CalleeAnswered:
    """It was picked up."""
    return PhoneAnswered(reporter) if party is Party.PHONE else CalleeAnswered(reporter)
