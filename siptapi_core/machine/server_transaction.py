"""Server transactions: RFC 3261 section 17.2 with RFC 6026's Accepted state and RFC 4320.

::

    INVITE                                            other
      Proceeding ──2xx from user──▶ Accepted            Trying ──1xx (100 only)──▶ Proceeding
          │                          │ L, or ACK          │                            │
          └─300-699─▶ Completed      ▼                    └────200-699──▶ Completed ◀──┘
                       │ H  │ ACK  Terminated                                │ J
                       ▼    ▼                                                ▼
              Terminated   Confirmed ──I──▶ Terminated                   Terminated

RFC 3261 leaves it to the user to resend a 2xx until its ACK comes (13.3.1.4); every user of ours
would do so in the same way, so it is done here: the Accepted state resends it with timer G's
intervals until `acknowledge`, or tells the user after 64*T1 that no ACK came.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

from siptapi_core.errors import LocalProtocolError
from siptapi_core.machine.client_transaction import Wire
from siptapi_core.machine.timers import Timer
from siptapi_core.sip.message import Request, Response
from siptapi_core.targets import Address


class ServerState(enum.Enum):
    """The states drawn above."""

    TRYING = enum.auto()
    PROCEEDING = enum.auto()
    ACCEPTED = enum.auto()
    COMPLETED = enum.auto()
    CONFIRMED = enum.auto()
    TERMINATED = enum.auto()


class ServerTransaction:
    """One request from the other side, and our responses to it, which go to ``reply_to``.

    ``size`` is how many bytes it came in; ``initial`` what it shares with its copies by other ways,
    where it is outside dialogs. Once answered, only an INVITE still has its ``request``: who
    repeats another within 32 s gets the same bytes again.
    ``on_cancelled``, where the user sets it, is given the CANCEL of an unanswered INVITE; the user
    then answers the INVITE 487 (RFC 3261 9.2).
    """

    __slots__ = (
        "_data",
        "_interval",
        "_on_unacknowledged",
        "_resend_until",
        "_timer",
        "_wire",
        "initial",
        "is_invite",
        "key",
        "on_cancelled",
        "reply_to",
        "request",
        "size",
        "state",
    )

    def __init__(
        self,
        wire: Wire,
        key: tuple[str, ...],
        request: Request,
        reply_to: Address,
        size: int,
        initial: tuple[str, ...] = (),
    ) -> None:
        self.key = key
        self.initial = initial
        self.request = request
        self.is_invite = request.method == "INVITE"
        """Whether the left half of the drawing applies."""
        self.reply_to = reply_to
        self.size = size
        self.state = ServerState.PROCEEDING if self.is_invite else ServerState.TRYING
        self.on_cancelled: Callable[[Request, float], None] | None = None
        self._wire = wire
        self._data: bytes | None = None
        self._interval = wire.timers.t1
        self._resend_until = 0.0
        self._timer: Timer | None = None
        self._on_unacknowledged: Callable[[float], None] | None = None

    @property
    def is_answered(self) -> bool:
        """Whether a final response was sent."""
        return self.state not in (ServerState.TRYING, ServerState.PROCEEDING)

    def respond(
        self,
        response: Response,
        now: float,
        *,
        on_unacknowledged: Callable[[float], None] | None = None,
    ) -> None:
        """Send a response; after a final one there is no other.

        ``on_unacknowledged`` is called when a 2xx to an INVITE gets no ACK for 64*T1.

        Raises:
            LocalProtocolError: a second final response, or a 1xx that RFC 4320 forbids.
        """
        if self.is_answered:
            raise LocalProtocolError(f"{self.key[-1]} was answered already")
        if response.status < 200:  # noqa: PLR2004
            if not self.is_invite and response.status != 100:  # noqa: PLR2004
                raise LocalProtocolError("only an INVITE may get a 1xx other than 100 (RFC 4320)")
            self.state = ServerState.PROCEEDING
        self._data = response.encode()
        self._wire.send(self._data, self.reply_to)
        if response.status >= 200:  # noqa: PLR2004
            self._finish(response.status, now, on_unacknowledged)

    def receive_again(self, now: float) -> None:  # noqa: ARG002  # same shape as every input
        """The request was retransmitted."""
        if self._data is not None and self.state in (
            ServerState.PROCEEDING,
            ServerState.COMPLETED,
        ):
            self._wire.send(self._data, self.reply_to)

    def acknowledge(self, now: float) -> None:
        """The ACK came: of this transaction (300-699), or of its dialog (2xx)."""
        if self.state is ServerState.COMPLETED and self.is_invite:
            self.state = ServerState.CONFIRMED
            reliable = self.reply_to.transport.reliable
            self._schedule(now + (0.0 if reliable else self._wire.timers.t4), self._end)
        elif self.state is ServerState.ACCEPTED:
            self._on_unacknowledged = None
            # Until L: retransmitted INVITEs are still absorbed.
            self._schedule(self._resend_until, self._end)

    def abandon(self, now: float) -> None:
        """End at once and silently."""
        self._end(now)

    def _finish(
        self, status: int, now: float, on_unacknowledged: Callable[[float], None] | None
    ) -> None:
        timers, reliable = self._wire.timers, self.reply_to.transport.reliable
        self._resend_until = now + timers.transaction_timeout
        if not self.is_invite:
            del self.request
            self.state = ServerState.COMPLETED
            self._schedule(now + (0.0 if reliable else timers.transaction_timeout), self._end)
            return
        accepted = status < 300  # noqa: PLR2004
        self.state = ServerState.ACCEPTED if accepted else ServerState.COMPLETED
        self._on_unacknowledged = on_unacknowledged
        # A 2xx is resent on every transport (13.3.1.4), others only where packets get lost.
        if accepted or not reliable:
            self._schedule(now + self._interval, self._resend)
        else:
            self._schedule(self._resend_until, self._end)

    def _resend(self, now: float) -> None:
        if now >= self._resend_until:
            unacknowledged, self._on_unacknowledged = self._on_unacknowledged, None
            self._end(now)
            if unacknowledged is not None:
                unacknowledged(now)
            return
        assert self._data is not None  # noqa: S101  # _finish runs after respond stored it
        self._wire.send(self._data, self.reply_to)
        self._interval = min(2 * self._interval, self._wire.timers.t2)
        self._schedule(min(now + self._interval, self._resend_until), self._resend)

    def _schedule(self, deadline: float, action: Callable[[float], None]) -> None:
        self._timer = self._wire.queue.schedule(deadline, action, replacing=self._timer)

    def _end(self, now: float) -> None:  # noqa: ARG002  # a timer's action is given the time
        self._wire.queue.cancel(self._timer)
        self.state = ServerState.TERMINATED
        self.on_cancelled = self._on_unacknowledged = None  # who knows us
        self._wire.forget(self.key)
