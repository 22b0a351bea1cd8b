"""One call that comes to a line of ours: shown, never answered.

::

    start ──▶ RINGING ─┬─ CANCEL, BYE ────▶ 487 ─┬─▶ answered elsewhere (by the Reason)
                       │                         └─▶ missed, not answered, busy, rejected
                       ├─ Expires is over ▶ 487 ───▶ not answered
                       ├─ give_up, limit ─▶ 480 ───▶ not answered
                       ├─ reject ─────────▶ 603 ───▶ rejected
                       └─ redirect ───────▶ 302 ───▶ redirected

All of it goes to ENDED, and each call reports one `IncomingRinging` and one end. A CANCEL or BYE
that crosses our answer changes nothing any more.

While it rings the answer is 180, from which the caller hears that it rings; or, where the line
does not want that, 100: a server transaction of which nothing else will be heard within 200 ms must
send it (RFC 3261 17.2.1), and it stops the INVITE's retransmissions. It is 100 as well where the
INVITE requires 100rel (RFC 3262): whoever requires that gets no provisional response above 100
unreliably, and one that is sent reliably to somebody who will never be answered is of no use. So
what is required is kept, and no 420 hides a call that the phone beside us can answer. No 180 is
sent anew each minute: that would ask proxies for more time than they give (13.3.1.1).

Until it ends our branch keeps a forking proxy waiting, whatever other phones say short of 2xx and
6xx (RFC 3261 16.7): it is the caller, the PBX's own limit, or ours, that ends it.
"""

from __future__ import annotations

from collections.abc import Callable

from siptapi_core.errors import RefusedError
from siptapi_core.events import (
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingOutcome,
    IncomingRinging,
    Reporter,
)
from siptapi_core.machine.incoming_ending import ending_of
from siptapi_core.machine.incoming_parties import ringing_of
from siptapi_core.machine.line_of_request import IncomingLine
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.timers import Timer
from siptapi_core.machine.user_agent import ALLOW, KNOWN_METHODS, UserAgent
from siptapi_core.sip.message import Request
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri, Uri

LIMIT = 200.0
"""Seconds that it rings at most: proxies cancel what rings for more than three minutes (timer C,
RFC 3261 16.6), and a CANCEL that does not come any more never will."""
EXTENSIONS = frozenset({"100rel", "timer"})
"""What an INVITE may require: session timers (RFC 4028) begin with an answer, and there is none;
for 100rel see above."""

_LONGEST_RETRY_AFTER = 10.0

IncomingHappening = IncomingRinging | IncomingAnsweredElsewhere | IncomingEnded
Report = Callable[["IncomingCall", IncomingHappening], None]


class IncomingCall:
    """An INVITE to ``line``, and what becomes of it; a `DialogUser` of its early dialog.

    ``report`` is given the call and what happens to it.
    """

    __slots__ = (
        "_agent",
        "_began",
        "_last_cseq",
        "_report",
        "_tag",
        "_timer",
        "_transaction",
        "is_ringing",
        "line",
    )
    _began: float
    _timer: Timer

    def __init__(
        self,
        line: IncomingLine,
        transaction: ServerTransaction,
        *,
        agent: UserAgent,
        report: Report,
    ) -> None:
        self.line = line
        self.is_ringing = True
        self._agent = agent
        self._transaction = transaction
        self._report = report
        self._tag = agent.identifiers.tag()
        self._last_cseq = self.invite.cseq.number

    @property
    def invite(self) -> Request:
        """The request that it began with."""
        return self._transaction.request

    def start(self, now: float) -> None:
        """Report that it rings, and say so to the caller where the line wants that."""
        self._began = now
        self._transaction.on_cancelled = self._on_cancelled
        expires = self.invite.expires
        if expires is not None and expires < LIMIT:
            self._timer = self._agent.queue.schedule(now + expires, self._on_expired)
        else:
            self._timer = self._agent.queue.schedule(now + LIMIT, self.give_up)
        required = (tag.lower() for tag in self.invite.headers.values("Require"))
        if self.line.send_180 and "100rel" not in required:
            self._ring(now)
        else:
            self._respond(100, now)
        self._report(self, ringing_of(self.invite))

    def reject(self, now: float) -> None:
        """Decline it for all phones of the account (603).

        Raises:
            RefusedError: it rings no more.
        """
        self._check_ringing()
        self._leave(603, IncomingOutcome.REJECTED, now)

    def redirect(self, to: Uri, now: float) -> None:
        """Send the caller to ``to`` (302); a proxy may wait until other phones have rung out.

        Raises:
            RefusedError: it rings no more.
        """
        self._check_ringing()
        self._leave(302, IncomingOutcome.REDIRECTED, now, ("Contact", str(NameAddr(to))))

    def give_up(self, now: float) -> None:
        """Step aside (480): other phones may ring on. Harmless where it has ended."""
        if self.is_ringing:
            self._leave(480, IncomingOutcome.NOT_ANSWERED, now)

    def on_request(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A request inside the early dialog that our 180 made."""
        method = request.method
        if request.cseq.number <= self._last_cseq:
            self._agent.respond(transaction, 500, now)  # RFC 3261 12.2.2
            return
        self._last_cseq = request.cseq.number
        if method == "BYE":
            self._agent.respond(transaction, 200, now)
            self._on_cancelled(request, now)
        elif method == "INVITE" or (method == "UPDATE" and request.body):
            # The first offer is not answered yet (RFC 3261 14.2, RFC 3311 5.2).
            wait = self._agent.identifiers.jitter(0.0, _LONGEST_RETRY_AFTER)
            self._agent.respond(transaction, 500, now, headers=(("Retry-After", f"{wait:.0f}"),))
        elif method in ("OPTIONS", "INFO", "UPDATE"):
            self._agent.respond(transaction, 200, now, headers=(self._contact(),))
        elif method == "NOTIFY":
            self._agent.respond(transaction, 481, now)
        else:
            self._agent.respond(transaction, 405 if method in KNOWN_METHODS else 501, now)

    def on_acknowledged(self, request: Request, now: float) -> None:
        """An ACK belongs to a 2xx, and we send none."""

    def _on_expired(self, now: float) -> None:
        """RFC 3261 13.3.1: the time that the caller gave it is over."""
        self._leave(487, IncomingOutcome.NOT_ANSWERED, now)

    def _on_cancelled(self, request: Request, now: float) -> None:
        """By a CANCEL, or by the BYE of the early dialog."""
        waited = now - self._began < self._agent.timers.t1
        sends_reason = self.line.sends_reason and not waited
        self._end(487, ending_of(request.headers, sends_reason=sends_reason), now)

    def _leave(
        self, status: int, outcome: IncomingOutcome, now: float, *headers: tuple[str, str]
    ) -> None:
        self._end(status, IncomingEnded(outcome, status, Reporter.SIPTAPI), now, *headers)

    def _end(
        self,
        status: int,
        ending: IncomingAnsweredElsewhere | IncomingEnded,
        now: float,
        *headers: tuple[str, str],
    ) -> None:
        self.is_ringing = False
        self._agent.queue.cancel(self._timer)
        self._agent.unregister(self.invite.call_id, self._tag)
        self._respond(status, now, ALLOW, *headers)
        self._report(self, ending)

    def _check_ringing(self) -> None:
        if not self.is_ringing:
            raise RefusedError("the call rings no more")

    def _ring(self, now: float) -> None:
        """180, which makes an early dialog (RFC 3261 12.1.1)."""
        self._agent.register(self.invite.call_id, self._tag, self)
        routes = (("Record-Route", route) for route in self.invite.headers.lines("Record-Route"))
        self._respond(180, now, *routes, self._contact(), ALLOW)

    def _contact(self) -> tuple[str, str]:
        """The Request-URI: what was sent there has just reached us."""
        uri = self.invite.uri
        return ("Contact", str(NameAddr(uri if isinstance(uri, SipUri) else self.line.account)))

    def _respond(self, status: int, now: float, *headers: tuple[str, str]) -> None:
        response = self.invite.response(status, to_tag=self._tag, headers=headers)
        self._transaction.respond(response, now)
