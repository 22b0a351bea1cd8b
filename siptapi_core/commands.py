"""The one command vocabulary: all that any front end can ask of a dialer, and what comes back.

Front ends translate to and from these; none has a verb of its own. A command that cannot be
carried out raises an error of `siptapi_core.errors`, whose ``code`` crosses every wire.
"""

from __future__ import annotations

import enum

from siptapi_core.events import CallId, Outcome, Stage
from siptapi_core.numbers import Explanation
from siptapi_core.resolution import Resolution
from siptapi_core.values import Value


class CallState(enum.StrEnum):
    """Where a call is, in one word."""

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
    that; without it such a number is refused. Replies `Dialling` at once; everything after that
    is an event.
    """

    number: str
    line: str | None = None
    strategy: str | None = None
    confirmed: bool = False


class HangUp(Value, kw_only=True):
    """End a call that we still hold. Replies `Done`; refused after the hand-over."""

    call: CallId


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


Command = Dial | HangUp | Explain | Resolve | ListCalls | ListLines


class Dialling(Value, kw_only=True):
    """The call exists; follow its events by ``call``."""

    call: CallId
    line: str
    explanation: Explanation


class Done(Value):
    """Accepted; an event tells how it went."""


class CallStatus(Value, kw_only=True):
    """One call as it is now. ``started`` is seconds since the epoch, UTC."""

    call: CallId
    line: str
    number: str
    strategy: str
    state: CallState
    started: float
    outcome: Outcome | None = None
    stage: Stage | None = None


class Calls(Value):
    """Reply to `ListCalls`."""

    calls: tuple[CallStatus, ...]


class LineStatus(Value, kw_only=True):
    """One line: its name, the address of record it calls from, the phone it calls."""

    name: str
    account: str
    phone: str
    strategies: tuple[str, ...]


class Lines(Value):
    """Reply to `ListLines`."""

    lines: tuple[LineStatus, ...]


Reply = Dialling | Done | Explanation | Resolution | Calls | Lines


class Caller(Value, kw_only=True):
    """Who asks: the front end's name, and the lines that this caller may use (None: all)."""

    frontend: str
    lines: frozenset[str] | None = None
