"""The event vocabulary: what can be said of a call, by anyone, to anyone.

A machine or an attempt says what *happened* (one of the `Happening` classes); the dialer puts it
into an envelope, `CallEvent`, with the call's id, its line, the wall-clock time and a number of
its own. A front end sees envelopes only. The order of an outgoing call's events::

    CallPlaced ─ PhoneCalling ─ PhoneRinging ─ PhoneAnswered ─ ReferAccepted ─ CalleeTrying
        ─ CalleeRinging ─ CalleeAnswered ─ HandedOver ─ CallEnded(answered) ─ ConversationEnded

Where the callee is called first, those of the callee come before ReferAccepted and those of the
phone after it. Any of the middle ones may be missing, and `CallFailed` may follow any of them; a
transfer after a failure begins with ReferAccepted again. Each attempt ends with exactly one
`CallEnded`, each call with exactly one `CallEnded`. An incoming call::

    IncomingRinging ─┬─ IncomingAnsweredElsewhere ─ ConversationEnded
                     └─ IncomingEnded

What a dialog watch adds (`CallCorrected`, `ConversationEnded`) comes after the end of our part,
or never. What happens to a line stands in an envelope of its own, `LineEvent`.
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


class IncomingOutcome(enum.StrEnum):
    """How an incoming call ended that was not answered elsewhere, as far as anyone told us."""

    MISSED = "missed"
    """The caller gave up: the line's PBX says by a Reason when another phone answered, and did
    not."""
    NOT_ANSWERED = "not-answered"
    """Not answered here; whether elsewhere, nobody says."""
    BUSY = "busy"
    REJECTED = "rejected"
    REDIRECTED = "redirected"
    """Sent elsewhere by us, on request (302)."""


class RegistrationState(enum.StrEnum):
    """Whether the registrar sends us the calls of a line (RFC 3261 section 10)."""

    UNREGISTERED = "unregistered"
    """The line does not register, or not any more."""
    REGISTERING = "registering"
    REGISTERED = "registered"
    FAILED = "failed"
    """The last try failed; there will be another."""
    UNREGISTERING = "unregistering"


class CallPlaced(Value):
    """Somebody asked for a call, and it exists. ``number`` is as it was read, for people.

    ``dialled`` is what the phone will be asked to call; ``frontend`` is where it was asked for.
    """

    name: ClassVar[str] = "call_placed"
    number: str
    dialled: str
    frontend: str
    reported_by: Reporter = Reporter.SIPTAPI


class PhoneCalling(Value):
    """The INVITE to the user's phone is on its way.

    ``strategy`` is empty where the callee was called first, and its phone now calls (sipfrag 100).
    """

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
    """The phone that was called first said that it will call the other (2xx to the REFER).

    Not yet that it does.
    """

    name: ClassVar[str] = "refer_accepted"
    reported_by: Reporter = Reporter.PHONE


class CalleeTrying(Value):
    """The phone is calling (sipfrag 100); or we are, where the callee comes first.

    Then ``strategy`` says by which strategy, and we report it ourselves.
    """

    name: ClassVar[str] = "callee_trying"
    strategy: str = ""
    reported_by: Reporter = Reporter.SIPFRAG


class CalleeRinging(Value):
    """The callee's phone rings (18x, by sipfrag or to our INVITE). ``status`` is the sipfrag's."""

    name: ClassVar[str] = "callee_ringing"
    status: int = 180
    reported_by: Reporter = Reporter.SIPFRAG


class CalleeAnswered(Value):
    """The callee answered (2xx, by sipfrag or to our INVITE)."""

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


class TransferRequested(Value):
    """Somebody wants the party that we hold, or shall hold, to be sent to ``to``, a URI.

    Before the phone is told whom to call, that replaces the callee.
    """

    name: ClassVar[str] = "transfer_requested"
    to: str
    reported_by: Reporter = Reporter.SIPTAPI


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


class CallCorrected(Value):
    """The call ended in another way than we were told: a dialog watch has the last word."""

    name: ClassVar[str] = "call_corrected"
    outcome: Outcome
    reported_by: Reporter = Reporter.DIALOG_WATCH


class ConversationEnded(Value):
    """Both parties have hung up. ``duration`` is in seconds, from answer to end."""

    name: ClassVar[str] = "conversation_ended"
    duration: float
    reported_by: Reporter = Reporter.DIALOG_WATCH


class IncomingRinging(Value):
    """Somebody calls the line. ``caller`` and ``called`` are numbers or SIP addresses.

    ``caller`` is who the network asserts (P-Asserted-Identity), else who the caller claims to be;
    empty where it is withheld. ``diverted_by`` is whom the call was first meant for, where it was
    forwarded. Names come from strangers: any text at all, of one line.
    """

    name: ClassVar[str] = "incoming_ringing"
    caller: str
    called: str
    caller_name: str = ""
    diverted_by: str = ""
    reported_by: Reporter = Reporter.PROXY


class IncomingAnsweredElsewhere(Value):
    """Another phone of the account took it."""

    name: ClassVar[str] = "incoming_answered_elsewhere"
    reported_by: Reporter = Reporter.PROXY


class IncomingEnded(Value):
    """It rings no more. ``status`` is the SIP status that says why, where there is one."""

    name: ClassVar[str] = "incoming_ended"
    outcome: IncomingOutcome
    status: int | None = None
    reported_by: Reporter = Reporter.PROXY


AttemptHappening = (
    PhoneCalling
    | PhoneRinging
    | PhoneAnswered
    | ReferAccepted
    | CalleeTrying
    | CalleeRinging
    | CalleeAnswered
    | HandedOver
    | CallFailed
    | TransferRequested
    | StrategyFellBack
    | CallEnded
)
"""Everything that an attempt may report, and what its call adds (fallbacks, transfers)."""
Happening = (
    AttemptHappening
    | CallPlaced
    | CallCorrected
    | ConversationEnded
    | IncomingRinging
    | IncomingAnsweredElsewhere
    | IncomingEnded
)
"""Everything that can happen to a call."""


class LineAdded(Value):
    """There is a line that was not there before."""

    name: ClassVar[str] = "line_added"


class LineChanged(Value):
    """The line has other settings now; calls in progress go on with those that they began with."""

    name: ClassVar[str] = "line_changed"


class LineRemoved(Value):
    """The line takes no more calls; those in progress go on."""

    name: ClassVar[str] = "line_removed"


class RegistrationChanged(Value):
    """The line's registration. ``status`` is the registrar's SIP status, where it gave one.

    ``expires`` is in seconds from now; ``retry_after`` the seconds until the next try.
    """

    name: ClassVar[str] = "registration_changed"
    state: RegistrationState
    status: int | None = None
    reason: str = ""
    expires: float | None = None
    retry_after: float | None = None


class WatchChanged(Value):
    """Whether a dialog watch tells us of the line's conversations, and why not."""

    name: ClassVar[str] = "watch_changed"
    watching: bool
    reason: str = ""


LineHappening = LineAdded | LineChanged | LineRemoved | RegistrationChanged | WatchChanged
"""Everything that can happen to a line."""


def fields_of(happening: Happening | LineHappening) -> dict[str, str | float | None]:
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


class LineEvent(Value):
    """What happened to a line, in its envelope; ids and time as in `CallEvent`."""

    id: EventId
    line: str
    time: float
    happening: LineHappening


Event = CallEvent | LineEvent
"""Whatever listeners are told, in one order: each id is higher than all before it."""


class Direction(enum.StrEnum):
    """Which way a traced message went, seen from SIPTAPI."""

    SENT = "sent"
    RECEIVED = "received"


class TracedMessage(Value):
    """One SIP message on the wire, for ladders and traces. ``text`` has its credentials masked.

    ``time`` is seconds since the epoch, UTC; ``peer`` reads ``udp:192.0.2.1:5060``, and ``local``,
    our own address towards it, likewise ("" where there is no way to it any more). ``call_id`` is
    its Call-ID, ``call`` the call of ours that it belongs to, "" where that is not known: of an
    incoming call's INVITE it is not, so look at later ones of its Call-ID.
    """

    time: float
    direction: Direction
    peer: str
    call_id: str
    text: str
    call: CallId = ""
    local: str = ""

    @property
    def first_line(self) -> str:
        """The request line or status line."""
        return re.split(r"\r?\n", self.text, maxsplit=1)[0]
