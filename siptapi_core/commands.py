"""The one command vocabulary: all that any front end can ask of a dialer, and what comes back.

Front ends translate to and from these; none has a verb of its own. A command that cannot be
carried out raises an error of `siptapi_core.errors`, whose ``code`` crosses every wire.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import NewType

from siptapi_core.events import (
    CallId,
    Event,
    Outcome,
    RegistrationState,
    Stage,
    TracedMessage,
)
from siptapi_core.numbers import Explanation
from siptapi_core.resolution import Resolution
from siptapi_core.values import Value


class CallDirection(enum.StrEnum):
    """Who began a call: the line, or somebody who calls it."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


class CallState(enum.StrEnum):
    """Where a call is, in one word."""

    RINGING = "ringing"
    """An incoming call; the others are an outgoing call's, all but the last."""
    CALLING_PHONE = "calling_phone"
    PHONE_RINGING = "phone_ringing"
    PHONE_ANSWERED = "phone_answered"
    CONNECTING = "connecting"
    CALLEE_RINGING = "callee_ringing"
    CONNECTED = "connected"
    ENDED = "ended"


class Dial(Value, kw_only=True):
    """Make the phone of ``line`` (None: the only or first line) call ``number``.

    ``number`` is what the person gave, untouched. ``strategy`` replaces the line's strategies for
    this call. ``confirmed`` says that a person agreed to a number whose `Explanation` asks for
    that; without it such a number is refused. ``country_code`` is the country calling code (43)
    that the program says the number is of: it changes nothing, but where the number reads
    otherwise the log says so. Replies `Dialling` at once; everything after that is an event.
    """

    number: str
    line: str | None = None
    strategy: str | None = None
    confirmed: bool = False
    country_code: int | None = None


class HangUp(Value, kw_only=True):
    """End a call of ours that we still hold. Replies `Done`; refused after the hand-over."""

    call: CallId


class Reject(Value, kw_only=True):
    """Reject an incoming call, for all phones of the account (603). Replies `Done`."""

    call: CallId


class Transfer(Value, kw_only=True):
    """Send the party that we hold to ``number``. Replies `Done`; refused after the hand-over.

    ``confirmed`` is as in `Dial`.
    """

    call: CallId
    number: str
    confirmed: bool = False


class Redirect(Value, kw_only=True):
    """Send the caller of an incoming call that rings to ``number`` (302). Replies `Done`.

    ``confirmed`` is as in `Dial`.
    """

    call: CallId
    number: str
    confirmed: bool = False


class Explain(Value, kw_only=True):
    """Say what would become of a number, step by step, without dialling. Replies `Explanation`."""

    text: str
    line: str | None = None


class Resolve(Value, kw_only=True):
    """Say where requests for ``target`` would be sent, and how that was found, without sending any.

    ``target`` is a SIP URI, a host, ``host:port`` or a number. Replies `Resolution`.
    """

    target: str
    line: str | None = None


class ListCalls(Value, kw_only=True):
    """Reply `Calls`: those in progress."""


class ListLines(Value, kw_only=True):
    """Reply `Lines`."""


class ListHistory(Value, kw_only=True):
    """Reply `History`: calls of the past and those in progress, the latest first.

    ``line`` and ``direction`` narrow it; ``search`` is found anywhere in a number or a name;
    ``since`` and ``until`` are seconds since the epoch, ``until`` excluded. ``before`` is the
    `History.next_page` of the page before; ``limit`` is 1 to 1000.
    """

    line: str | None = None
    direction: CallDirection | None = None
    search: str = ""
    since: float | None = None
    until: float | None = None
    before: str | None = None
    limit: int = 100


class ShowCall(Value, kw_only=True):
    """Reply the `CallRecord` of one call, in progress or past, with its events."""

    call: CallId


class ShowMessages(Value, kw_only=True):
    """Reply `Messages`: the SIP messages of one call, in progress or past, as far as kept."""

    call: CallId


class Reload(Value, kw_only=True):
    """Read the settings again. Replies `Reloaded`; where they are wrong nothing is changed."""


class ShowStatus(Value, kw_only=True):
    """Reply `Status`: how the process is."""


class ListPlugins(Value, kw_only=True):
    """Reply `Plugins`: every one that was found when the process started."""


class ShowSettings(Value, kw_only=True):
    """Reply `ShownSettings`: those in force."""


Command = (
    Dial
    | HangUp
    | Transfer
    | Reject
    | Redirect
    | Explain
    | Resolve
    | ListCalls
    | ListLines
    | ListHistory
    | ShowCall
    | ShowMessages
    | Reload
    | ShowStatus
    | ListPlugins
    | ShowSettings
)


class Dialling(Value, kw_only=True):
    """The call exists; follow its events by ``call``."""

    call: CallId
    line: str
    explanation: Explanation


class Done(Value):
    """Accepted; an event tells how it went."""


class CallStatus(Value, kw_only=True):
    """One call as it is now. ``started`` is seconds since the epoch, UTC.

    ``number`` is the other party's: whom we call, or who calls. ``strategy`` is empty for an
    incoming call.
    """

    call: CallId
    line: str
    number: str
    state: CallState
    started: float
    strategy: str = ""
    direction: CallDirection = CallDirection.OUTGOING
    name: str = ""
    outcome: Outcome | None = None
    stage: Stage | None = None


class Calls(Value):
    """Reply to `ListCalls`."""

    calls: tuple[CallStatus, ...]


class LineStatus(Value, kw_only=True):
    """One line: its name, the address of record it calls from, the phone it calls.

    ``problem`` says why the registration failed, or why the line cannot be watched; ``watching``
    whether a dialog watch tells of its conversations now.
    """

    name: str
    account: str
    phone: str
    strategies: tuple[str, ...]
    active: bool = True
    registration: RegistrationState = RegistrationState.UNREGISTERED
    watching: bool = False
    problem: str = ""


class Lines(Value):
    """Reply to `ListLines`."""

    lines: tuple[LineStatus, ...]


class CallRecord(Value, kw_only=True):
    """One call as the history has it. Times are seconds since the epoch, UTC; None: not so far.

    ``number`` and ``name`` are the other party's. ``status`` is the last SIP status that told of a
    failure, ``reason`` its words. ``duration`` is that of the conversation in seconds, where a
    dialog watch told it. ``unfinished`` says that SIPTAPI ended before the call did. ``events`` are
    there where one call was asked for.
    """

    call: CallId
    line: str
    direction: CallDirection
    number: str
    started: float
    name: str = ""
    strategy: str = ""
    answered: float | None = None
    ended: float | None = None
    outcome: str = ""
    """An `Outcome`, an `IncomingOutcome`, ``answered-elsewhere``, or empty."""
    stage: Stage | None = None
    status: int | None = None
    reason: str = ""
    duration: float | None = None
    unfinished: bool = False
    events: tuple[Event, ...] = ()


class History(Value, kw_only=True):
    """Reply to `ListHistory`; ``next_page`` is for `ListHistory.before`, None: there is no more."""

    calls: tuple[CallRecord, ...]
    next_page: str | None = None


class Messages(Value):
    """Reply to `ShowMessages`, in order. Credentials are masked; none may be kept."""

    messages: tuple[TracedMessage, ...]


class Reloaded(Value, kw_only=True):
    """What a reload did, by names of lines; ``warnings`` are what only a restart changes."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """In words: ``lines: 2 added, 1 changed``."""
        counts = {"added": self.added, "changed": self.changed, "removed": self.removed}
        words = [f"{len(names)} {what}" for what, names in counts.items() if names]
        return f"lines: {', '.join(words)}" if words else "no line is another now"


class Status(Value, kw_only=True):
    """How the process is. ``counters`` has what is alive, by name: calls, transactions, timers...

    ``started`` is seconds since the epoch, UTC.
    """

    version: str
    started: float
    settings_file: str
    counters: Mapping[str, int]
    registered: int
    lines: int
    warnings: tuple[str, ...] = ()


class PluginState(enum.StrEnum):
    """What became of a plugin."""

    LOADED = "loaded"
    BLOCKED = "blocked"
    FAILED = "failed"


class PluginRecord(Value, kw_only=True):
    """A plugin that was found: ``offers`` reads ``strategy refer-via-proxy``; ``why`` it failed."""

    name: str
    distribution: str
    version: str
    state: PluginState
    offers: tuple[str, ...] = ()
    why: str = ""


class Plugins(Value):
    """Reply to `ListPlugins`."""

    plugins: tuple[PluginRecord, ...]


PlainData = NewType("PlainData", object)
"""What JSON has: text, numbers, truth values, null, and lists and objects of them."""


class ShownSettings(Value, kw_only=True):
    """Reply to `ShowSettings`: what is not as by default, by key, as the file has it.

    A secret is told as ``<secret>``; ``file`` is empty where the settings are from none.
    """

    file: str
    settings: Mapping[str, PlainData]


Reply = (
    Dialling
    | Done
    | Explanation
    | Resolution
    | Calls
    | Lines
    | History
    | CallRecord
    | Messages
    | Reloaded
    | Status
    | Plugins
    | ShownSettings
)


class Caller(Value, kw_only=True):
    """Who asks: the front end's name, and the lines that this caller may use (None: all)."""

    frontend: str
    lines: frozenset[str] | None = None

    def may_use(self, line: str) -> bool:
        """Whether that line is one of the caller's."""
        return self.lines is None or line in self.lines
