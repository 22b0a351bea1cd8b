"""The calls that come to all lines of a user agent: which are shown, and which are refused.

::

    INVITE ─┬─ of no line of ours, or not accepted there ▶ 480, as strangers get it
            ├─ whose body must be understood and is not ─▶ 415
            ├─ that may be our own, come back to us ─────▶ 480
            ├─ that rings on that line already ──────────▶ 482
            ├─ while too many ring on that line ─────────▶ 480
            └─ any other ────────────────────────────────▶ `IncomingCall`

None of these answers is a 6xx, which would end the branch of a phone beside us as well.
"""

from __future__ import annotations

from collections import Counter

from siptapi_core.events import IncomingRinging
from siptapi_core.machine.incoming_call import (
    EXTENSIONS,
    IncomingCall,
    IncomingHappening,
    Report,
)
from siptapi_core.machine.line_of_request import IncomingLine, LineDirectory
from siptapi_core.machine.own_calls import OwnCalls
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.message import Request
from siptapi_core.sip.pattern import Pattern
from siptapi_core.targets import Address

_SESSION = "application/sdp"
_ACCEPT = ("Accept", f"{_SESSION}, multipart/mixed, multipart/alternative")
_ACCEPT_ENCODING = ("Accept-Encoding", "identity")
_optional = Pattern(r"(?i)[^;]*+.*;[ \t]*+handling[ \t]*+=[ \t]*+\"?optional\b")

MOST_RINGING = 100
"""Calls that ring on one line at a time: whoever forges the proxy's address makes no more of them,
and each is kept for minutes."""

_Key = tuple[str, str, str]


class IncomingCalls:
    """Takes the requests that ``agent`` gets outside its dialogs.

    ``lines`` says for whom; ``own_calls`` what is not shown. ``report`` is given each call with
    what happens to it: first that it rings, last how it ended.
    """

    def __init__(self, agent: UserAgent, *, report: Report) -> None:
        self.lines = LineDirectory()
        self.own_calls = OwnCalls()
        self._agent = agent
        self._report = report
        self._calls: dict[_Key, IncomingCall] = {}
        self._ringing: Counter[str] = Counter()
        """How many ring on each line, by its name."""
        agent.on_stranger = self.on_request
        agent.extensions = EXTENSIONS
        if agent.strangers is not None:
            agent.strangers.line_with_token = self.lines.find_by_token

    def on_request(
        self, request: Request, transaction: ServerTransaction, source: Address, now: float
    ) -> None:
        """A valid request outside any dialog of ours that requires nothing unknown."""
        line = self.lines.find(request) if request.method == "INVITE" else None
        strangers = self._agent.strangers
        if line is None or not (
            strangers is None or strangers.may_call(line, request, source, now)
        ):
            self._agent.refuse_stranger(request, transaction, source, now)
        elif (accepted := _accepted_instead(request)) is not None:
            self._agent.refuse(transaction, 415, now, headers=(accepted,))
        elif self.own_calls.may_be(request, line.account, now):
            self._agent.refuse(transaction, 480, now)
        elif _key(line, request) in self._calls:
            self._agent.refuse(transaction, 482, now)
        elif self._ringing[line.name] >= MOST_RINGING:
            self._agent.refuse(transaction, 480, now)
        else:
            call = IncomingCall(line, transaction, agent=self._agent, report=self._on_happening)
            self._calls[_key(line, request)] = call
            self._ringing[line.name] += 1
            call.start(now)

    def give_up(self, now: float) -> None:
        """Step aside in all calls, and show no other: SIPTAPI is about to end."""
        self._agent.on_stranger = self._agent.refuse_stranger
        for call in tuple(self._calls.values()):
            call.give_up(now)

    def __len__(self) -> int:
        """How many calls ring."""
        return len(self._calls)

    def _on_happening(self, call: IncomingCall, happening: IncomingHappening) -> None:
        if not isinstance(happening, IncomingRinging):
            del self._calls[_key(call.line, call.invite)]
            self._ringing[call.line.name] -= 1
            if not self._ringing[call.line.name]:
                del self._ringing[call.line.name]
        self._report(call, happening)


def _key(line: IncomingLine, invite: Request) -> _Key:
    return line.name, invite.call_id, invite.from_.tag or ""


def _accepted_instead(invite: Request) -> tuple[str, str] | None:
    """The header of a 415, where a body that must be understood is not (RFC 3261 8.2.3)."""
    headers, kind = invite.headers, invite.content_type or _SESSION
    if not invite.body or _optional.match(headers.get("Content-Disposition") or ""):
        return None
    if any(coding.lower() != "identity" for coding in headers.values("Content-Encoding")):
        return _ACCEPT_ENCODING
    return None if kind == _SESSION or kind.startswith("multipart/") else _ACCEPT
