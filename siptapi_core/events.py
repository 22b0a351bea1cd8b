"""The event vocabulary: what can be said of a call, by anyone, to anyone.

A machine or an attempt says what *happened* (one of the `Happening` classes); the dialer puts it
into an envelope, `CallEvent`, with the call's id, its line, the wall-clock time and a number of
its own. A front end sees envelopes only. The order of an outgoing call's events::

    PhoneCalling ─ PhoneRinging ─ PhoneAnswered ─ ReferAccepted ─ CalleeTrying ─ CalleeRinging
        ─ CalleeAnswered ─ HandedOver ─ CallEnded(answered)

Any of the middle ones may be missing, and `CallFailed` may follow any of them; each attempt ends
with exactly one `CallEnded`, each call with exactly one `CallEnded`.
"""

from __future__ import annotations

import enum
import re
from typing import ClassVar

from siptapi_core.values import Value

EventId = int
CallId = str


class Stage(enum.StrEnum):
    """Who the call was waiting for when it ended."""

    PROXY = "proxy"
    """The proxy, or the account there: unreachable, wrong password, phone not registered."""
    PHONE = "phone"
    """The user's own phone: did not answer, rejected, busy."""
    REFER = "refer"
    """The phone, asked to call: REFER refused or not answered."""
    CALLEE = "callee"
    """The other party."""


class Outcome(enum.StrEnum):
    """How a call ended, as far as anyone told us. Nothing heard is ``unknown``, never success."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    REJECTED = "rejected"
    NOT_FOUND = "not-found"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Disturbed(enum.StrEnum):
    """Whether a person may have noticed an attempt: only after ``no`` is another one made."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


class Reporter(enum.StrEnum):
    """Who told us."""

    SIPTAPI = "siptapi"
    """We ourselves: our own action, or a timer of ours."""
    PROXY = "proxy"
    PHONE = "phone"
    SIPFRAG = "sipfrag"
    """The phone or PBX, in a NOTIFY about the REFER (RFC 3515)."""
    DIALOG_WATCH = "dialog_watch"
    """The dialog event package (RFC 4235)."""


class PhoneCalling(Value):
    """The INVITE to the user's phone is on its way."""

    name: ClassVar[str] = "phone_calling"
    strategy: str = ""
    reported_by: Reporter = Reporter.SIPTAPI


class PhoneRinging(Value):
    """A 18x came: the user's phone rings."""

    name: ClassVar[str] = "phone_ringing"
    reported_by: Reporter = Reporter.PHONE


class PhoneAnswered(Value):
    """The user picked up."""

    name: ClassVar[str] = "phone_answered"
    reported_by: Reporter = Reporter.PHONE


class ReferAccepted(Value):
    """The phone said that it will call (2xx to the REFER). Not yet that it does."""

    name: ClassVar[str] = "refer_accepted"
    reported_by: Reporter = Reporter.PHONE


class CalleeTrying(Value):
    """The phone is calling (sipfrag 100)."""

    name: ClassVar[str] = "callee_trying"
    reported_by: Reporter = Reporter.SIPFRAG


class CalleeRinging(Value):
    """The callee's phone rings (sipfrag 18x). ``status`` is the sipfrag's."""

    name: ClassVar[str] = "callee_ringing"
    status: int = 180
    reported_by: Reporter = Reporter.SIPFRAG


class CalleeAnswered(Value):
    """The callee answered (sipfrag 2xx)."""

    name: ClassVar[str] = "callee_answered"
    reported_by: Reporter = Reporter.SIPFRAG


class HandedOver(Value):
    """We have left: from here on we can neither see nor end the conversation."""

    name: ClassVar[str] = "handed_over"
    reported_by: Reporter = Reporter.SIPTAPI


class CallFailed(Value):
    """A step failed. ``status`` is the SIP status where there was one; ``reason`` is for people.

    ``code`` is that of the `siptapi_core.errors.SiptapiError` where it was an error of ours:
    ``settings`` for a password that cannot be read.
    """

    name: ClassVar[str] = "call_failed"
    stage: Stage
    status: int | None
    reason: str
    disturbed: Disturbed = Disturbed.YES
    reported_by: Reporter = Reporter.SIPTAPI
    code: str = ""


class StrategyFellBack(Value):
    """A strategy failed before anyone was disturbed; the next one tries."""

    name: ClassVar[str] = "strategy_fell_back"
    from_: str
    to: str
    why: str
    reported_by: Reporter = Reporter.SIPTAPI


class CallEnded(Value):
    """Our part is over."""

    name: ClassVar[str] = "call_ended"
    outcome: Outcome
    stage: Stage
    reported_by: Reporter = Reporter.SIPTAPI


Happening = (
    PhoneCalling
    | PhoneRinging
    | PhoneAnswered
    | ReferAccepted
    | CalleeTrying
    | CalleeRinging
    | CalleeAnswered
    | HandedOver
    | CallFailed
    | StrategyFellBack
    | CallEnded
)
"""Everything that an attempt may report, and what the dialer adds (`StrategyFellBack`)."""


def fields_of(happening: Happening) -> dict[str, str | float | None]:
    """The fields of ``happening`` as plain values, by name: what is written down of it.

    A field whose name is a Python keyword loses its underscore (``from``).
    """
    fields = {}
    for name in happening.attribute_names:
        value = getattr(happening, name)
        fields[name.rstrip("_")] = value.value if isinstance(value, enum.Enum) else value
    return fields


class CallEvent(Value):
    """A happening in its envelope. ``time`` is seconds since the epoch, UTC."""

    id: EventId
    call: CallId
    line: str
    time: float
    happening: Happening


class Direction(enum.StrEnum):
    """Which way a traced message went, seen from SIPTAPI."""

    SENT = "sent"
    RECEIVED = "received"


class TracedMessage(Value):
    """One SIP message on the wire, for ladders and traces. ``text`` has its credentials masked.

    ``time`` is monotonic seconds as the machine saw it; ``peer`` reads ``udp:192.0.2.1:5060``.
    """

    time: float
    direction: Direction
    peer: str
    call_id: str
    text: str

    @property
    def first_line(self) -> str:
        """The request line or status line."""
        return re.split(r"\r?\n", self.text, maxsplit=1)[0]
