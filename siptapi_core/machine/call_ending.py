"""What a SIP status means for a click-to-dial call: its outcome, its stage, who was disturbed."""

from __future__ import annotations

from siptapi_core.events import Disturbed, Outcome, Stage
from siptapi_core.machine.refer_plan import Party

_OUTCOMES = {
    403: Outcome.REJECTED,
    404: Outcome.NOT_FOUND,
    408: Outcome.NO_ANSWER,
    480: Outcome.NO_ANSWER,
    484: Outcome.NOT_FOUND,
    486: Outcome.BUSY,
    487: Outcome.CANCELLED,
    600: Outcome.BUSY,
    603: Outcome.REJECTED,
    604: Outcome.NOT_FOUND,
}

_PHONE_SAID = frozenset((408, 480, 486, 487, 488, 600, 603, 606))
"""Statuses that a proxy passes on from the phone, or gives for it."""

_CALLEE_SAID = _PHONE_SAID | {404, 410, 484, 485, 604}
"""The same of a callee: that there is none is said of the callee, not of our account."""

_TIMED_OUT = frozenset((None, 408, 504))
"""What is left when nobody answered: our own time-out, or that of a proxy further on."""

_PERSON_SAID = frozenset((486, 600, 603))
"""Statuses behind which a person, or the phone for that person, made up its mind."""


def outcome_of(status: int) -> Outcome:
    """The outcome that a final status stands for (RFC 3261 section 21)."""
    if 200 <= status < 300:  # noqa: PLR2004
        return Outcome.ANSWERED
    return _OUTCOMES.get(status, Outcome.FAILED)


def stage_of_invite(
    status: int | None, *, rang: bool, direct: bool, party: Party = Party.PHONE
) -> Stage:
    """Who ended our INVITE to ``party``: it itself, or the proxy before it got there."""
    said = _PHONE_SAID if party is Party.PHONE else _CALLEE_SAID
    return Stage(party) if direct or rang or status in said else Stage.PROXY


def disturbed_by_invite(
    status: int | None, *, rang: bool, provisional: bool, lost: bool = False
) -> Disturbed:
    """Whether the person at the phone may know of an INVITE that failed (None: no answer).

    ``lost``: a copy of it was on a connection that broke, and the failure may be that of another.
    """
    if rang or status in _PERSON_SAID:
        return Disturbed.YES
    maybe = lost or (status in _TIMED_OUT and provisional)
    return Disturbed.MAYBE if maybe else Disturbed.NO
