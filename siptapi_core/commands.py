"""The one command vocabulary: all that any front end can ask of a dialer, and what comes back.

Front ends translate to and from these; none has a verb of its own. A command that cannot be
carried out raises an error of `siptapi_core.errors`, whose ``code`` crosses every wire.
"""

from __future__ import annotations

import enum

from attrs import frozen

from siptapi_core.events import CallId, Outcome, Stage
from siptapi_core.numbers import Explanation
from siptapi_core.resolution import Resolution


class CallState(enum.StrEnum):
    """Where a call is, in one word."""

    CALLING_PHONE = "calling_phone"
    PHONE_RINGING = "phone_ringing"
    PHONE_ANSWERED = "phone_answered"
    CONNECTING = "connecting"
    CALLEE_RINGING = "callee_ringing"
    CONNECTED = "connected"
    ENDED = "ended"


@frozen(kw_only=True)
class Dial:
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


@frozen(kw_only=True)
class HangUp:
    """End a call that we still hold. Replies `Done`; refused after the hand-over."""

    call: CallId


@frozen(kw_only=True)
class Explain:
    """Say what would become of a number, step by step, without dialling. Replies `Explanation`."""

    text: str
    line: str | None = None


@frozen(kw_only=True)
class Resolve:
    """Say where requests for ``target`` would be sent, and how that was found, without sending any.

    ``target`` is a SIP URI, a host, ``host:port`` or a number. Replies `Resolution`.
    """

    target: str
    line: str | None = None


@frozen(kw_only=True)
class ListCalls:
    """Reply `Calls`: those in progress."""


@frozen(kw_only=True)
class ListLines:
    """Reply `Lines`."""


Command = Dial | HangUp | Explain | Resolve | ListCalls | ListLines


@frozen(kw_only=True)
class Dialling:
    """The call exists; follow its events by ``call``."""

    call: CallId
    line: str
    explanation: Explanation


@frozen
class Done:
    """Accepted; an event tells how it went."""


@frozen(kw_only=True)
class CallStatus:
    """One call as it is now. ``started`` is seconds since the epoch, UTC."""

    call: CallId
    line: str
    number: str
    strategy: str
    state: CallState
    started: float
    outcome: Outcome | None = None
    stage: Stage | None = None


@frozen
class Calls:
    """Reply to `ListCalls`."""

    calls: tuple[CallStatus, ...]


@frozen(kw_only=True)
class LineStatus:
    """One line: its name, the address of record it calls from, the phone it calls."""

    name: str
    account: str
    phone: str
    strategies: tuple[str, ...]


@frozen
class Lines:
    """Reply to `ListLines`."""

    lines: tuple[LineStatus, ...]


Reply = Dialling | Done | Explanation | Resolution | Calls | Lines


@frozen(kw_only=True)
class Caller:
    """Who asks: the front end's name, and the lines that this caller may use (None: all)."""

    frontend: str
    lines: frozenset[str] | None = None
