"""The ways in which the demo's call can end, and how its phones must behave for each."""

from __future__ import annotations

import enum

from siptapi_core.demo.phone import Behaviour
from siptapi_core.values import Value

RINGS = 1.0
"""Seconds that a demo phone rings: long enough to be seen, short enough to wait for."""
NOT_REGISTERED = "399"
"""An extension that the demo's proxy does not know."""


class Ending(enum.StrEnum):
    """How the call of ``siptapi demo`` ends."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    REJECTED = "rejected"
    NOT_FOUND = "not-found"
    NO_NOTIFY = "no-notify"
    PHONE_BUSY = "phone-busy"
    PHONE_NO_ANSWER = "phone-no-answer"


_ANSWERS = Behaviour(answer_after=RINGS)


class Cast(Value, kw_only=True):
    """How the user's phone and the callee's phone behave."""

    phone: Behaviour = _ANSWERS
    callee: Behaviour = _ANSWERS


CASTS = {
    Ending.ANSWERED: Cast(),
    Ending.BUSY: Cast(callee=Behaviour(reject_with=486)),
    Ending.NO_ANSWER: Cast(callee=Behaviour(answer_after=None, gives_up_after=3 * RINGS)),
    Ending.REJECTED: Cast(
        callee=Behaviour(answer_after=None, gives_up_after=RINGS, gives_up_with=603)
    ),
    Ending.NOT_FOUND: Cast(),
    Ending.NO_NOTIFY: Cast(phone=Behaviour(answer_after=RINGS, notifies=False)),
    Ending.PHONE_BUSY: Cast(phone=Behaviour(reject_with=486)),
    Ending.PHONE_NO_ANSWER: Cast(phone=Behaviour(answer_after=None)),
}
