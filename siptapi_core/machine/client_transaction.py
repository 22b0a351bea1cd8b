"""Client transactions: RFC 3261 section 17.1 with RFC 6026's Accepted state.

::

    INVITE                          1xx                    other
      Calling ───────────────────▶ Proceeding               Trying ──1xx──▶ Proceeding
        │ │ └──────2xx──────┐        │  │                      │ │              │ │
        │ │                 ▼        │  │                      │ └───200-699────┘ │
        │ │    2xx to user Accepted ◀┘  │                    F │         │        │ F
        │ └──300-699──▶ Completed ◀─────┘                      ▼         ▼        ▼
        │ B        ACK sent │ D      M: Accepted ends               Terminated
        ▼                   ▼
    Terminated          Terminated

Timer A (T1, doubling) resends an INVITE while Calling, timer E (T1, doubling up to T2) any other
request until its final response; on a reliable transport neither runs, but a connection that breaks
while the request is unanswered may have lost it: it is sent once more over the next one, with the
same branch, so that whoever has it knows it (RFC 3261 17.2.3). One timer a transaction is in the
queue at any moment. Timer K is left out: it lets what is no INVITE absorb its final response
when that comes again, and the layer drops what is of no transaction just as well.

Who has sent the request elsewhere leaves a transaction in Calling or Trying: it resends nothing
any more, and 64*T1 later it ends without a word; but whatever comes until then is told, so that a
phone which the request did reach is not left ringing. It can be taken up again.
"""

from __future__ import annotations

import enum
from typing import Protocol

from siptapi_core.machine.timers import SipTimers, Timer, TimerQueue
from siptapi_core.sip.message import Headers, Request, Response
from siptapi_core.targets import Address


class ClientState(enum.Enum):
    """The states drawn above."""

    CALLING = enum.auto()
    TRYING = enum.auto()
    PROCEEDING = enum.auto()
    ACCEPTED = enum.auto()
    COMPLETED = enum.auto()
    TERMINATED = enum.auto()


class ClientUser(Protocol):
    """Who made the request (RFC 3261 calls it the transaction user)."""

    def on_response(
        self, transaction: ClientTransaction, response: Response, source: Address, now: float
    ) -> None:
        """A response that is no retransmission; a 2xx to an INVITE comes each time it arrives."""
        ...

    def on_timeout(self, transaction: ClientTransaction, now: float) -> None:
        """Timer B or F: no final response."""
        ...

    def on_transport_error(self, transaction: ClientTransaction, problem: str, now: float) -> None:
        """The request could not be delivered (RFC 3261 17.1.4); ``problem`` says why, in words.

        Where it may have arrived all the same it was left, as by `ClientTransaction.leave`.
        """
        ...


class _Nobody:
    def on_response(
        self, transaction: ClientTransaction, response: Response, source: Address, now: float
    ) -> None: ...

    def on_timeout(self, transaction: ClientTransaction, now: float) -> None: ...

    def on_transport_error(
        self, transaction: ClientTransaction, problem: str, now: float
    ) -> None: ...


NOBODY: ClientUser = _Nobody()
"""Who wants to hear nothing."""


class Wire(Protocol):
    """What a transaction needs of the layer it lives in."""

    timers: SipTimers
    queue: TimerQueue

    def send(self, data: bytes, to: Address) -> None:
        """Put a packet on its way."""
        ...

    def forget(self, key: tuple[str, ...]) -> None:
        """The transaction of that key is over."""
        ...

    def cancel(self, invite: ClientTransaction, now: float) -> None:
        """Send the CANCEL of ``invite``, in a transaction of its own."""
        ...


class ClientTransaction:
    """One request and its responses.

    ``request`` is without our Via, which is ``via``; ``data`` is both, as they are sent to
    ``destination``. ``address`` is where the user means it to go: a big request for an address on
    UDP is sent over TCP. ``refusal`` is its final response, for the user to keep here.
    """

    __slots__ = (
        "_data",
        "_give_up",
        "_interval",
        "_may_resend",
        "_timer",
        "_user",
        "_wire",
        "address",
        "destination",
        "is_cancelled",
        "is_invite",
        "key",
        "may_have_arrived",
        "refusal",
        "request",
        "state",
        "via",
    )

    def __init__(
        self,
        wire: Wire,
        key: tuple[str, ...],
        request: Request,
        via: str,
        data: bytes,
        address: Address,
        destination: Address,
        user: ClientUser,
        now: float,
    ) -> None:
        self.key = key
        self.request = request
        self.via = via
        self.address = address
        self.destination = destination
        self.is_invite = request.method == "INVITE"
        """Whether the left half of the drawing applies."""
        self.is_cancelled = False
        """Whether its CANCEL was sent."""
        self.may_have_arrived = False
        """Whether a connection that it was written to broke before it was answered."""
        self.refusal: Response | None = None
        self.state = ClientState.CALLING if self.is_invite else ClientState.TRYING
        self._wire = wire
        self._user = user
        self._data = data  # empty once nothing more can have it resent
        self._interval = wire.timers.t1
        self._may_resend = True  # when a connection breaks
        self._give_up = now + wire.timers.transaction_timeout
        self._timer: Timer | None = None
        wire.send(data, destination)
        self._schedule_retransmission(now)

    @property
    def is_unheard(self) -> bool:
        """Whether no response came, but may come."""
        return self.state is ClientState.CALLING or self.state is ClientState.TRYING

    @property
    def is_proceeding(self) -> bool:
        """Whether a provisional response came, and no final one."""
        return self.state is ClientState.PROCEEDING

    @property
    def is_open(self) -> bool:
        """Whether no final response came, but may come."""
        return self.is_proceeding or self.is_unheard

    @property
    def is_harmless_twice(self) -> bool:
        """Whether nothing happens twice when it is sent over a second connection, or another way.

        Over TCP whoever has answered what is no INVITE has forgotten it (timer J is zero), and a
        copy with another branch is another request, for in a dialog no 482 keeps it away (RFC 3261
        8.2.2.2): of a REFER one more call.
        """
        return self.request.method != "REFER"

    @property
    def was_repeated(self) -> bool:
        """Whether more than one packet was sent, the first of which nobody refused."""
        return self._interval > self._wire.timers.t1

    def receive(self, response: Response, source: Address, now: float) -> None:
        """A response whose branch and method are ours."""
        if self.is_invite:
            self._receive_invite_response(response, source, now)
        elif response.status >= 200:  # noqa: PLR2004
            user = self._user
            self._end(now)
            user.on_response(self, response, source, now)
        else:
            if self.state is ClientState.TRYING:
                self.state = ClientState.PROCEEDING
                self._interval = self._wire.timers.t2
            self._user.on_response(self, response, source, now)

    def transport_error(self, problem: str, now: float, *, broken: bool = False) -> None:
        """The packet was refused; or ``broken``, the connection was that it was written to.

        Only while nothing was heard: later it is no news.
        """
        if not self.is_unheard:
            return
        if broken:
            self.may_have_arrived = True
            if self._may_resend and self.is_harmless_twice:
                self._may_resend = False
                self._wire.send(self._data, self.destination)
                return
        user = self._user
        if self.may_have_arrived:
            self.leave(now)  # whoever has it may answer yet
        else:
            self._end(now)
        user.on_transport_error(self, problem, now)

    def leave(self, now: float) -> None:
        """Resend nothing more, and listen for 64*T1: the request was, or will be, sent elsewhere.

        Only while nothing was heard; the user may do so when it is told of the time-out, too.
        """
        if self.is_unheard:
            self._may_resend = False
            self._schedule_end(now + self._wire.timers.transaction_timeout)

    def take_up(self, now: float) -> None:
        """Wait for the answer to what was left, and resend it meanwhile.

        But not once timer B or F would have ended it: whoever had it has forgotten it by then, and
        would take another copy for another request.
        """
        if now < self._give_up:
            self._interval = self._wire.timers.t1
            self._wire.send(self._data, self.destination)
        else:
            self._give_up = now + self._wire.timers.transaction_timeout
            self._interval = self._wire.timers.transaction_timeout
        self._schedule_retransmission(now)

    def cancel(self, now: float) -> None:
        """Send the INVITE's CANCEL, once; it is proceeding (RFC 3261 9.1)."""
        if not self.is_cancelled:
            self.is_cancelled = True
            self._wire.cancel(self, now)

    def retire(self, now: float) -> None:
        """Whoever has it, or still gets it, shall do nothing about it."""
        if not self.is_invite:
            if self.is_open:
                self.abandon(now)
        elif self.is_proceeding:
            self.cancel(now)
            # RFC 3261 9.1, and beside the timer that ends it in another state.
            self._wire.queue.schedule(now + self._wire.timers.transaction_timeout, self.abandon)
        else:
            self.leave(now)

    def abandon(self, now: float) -> None:
        """End at once, without a word to the user (RFC 3261 9.1: 64*T1 after a CANCEL)."""
        self._end(now)

    def _receive_invite_response(self, response: Response, source: Address, now: float) -> None:
        state, timers = self.state, self._wire.timers
        waiting = state in (ClientState.CALLING, ClientState.PROCEEDING)
        if response.status < 200:  # noqa: PLR2004
            if waiting:
                if state is ClientState.CALLING:
                    self.state = ClientState.PROCEEDING
                    self._data = b""
                    self._wire.queue.cancel(self._timer)
                self._user.on_response(self, response, source, now)
        elif response.status < 300:  # noqa: PLR2004
            if waiting:
                self.state = ClientState.ACCEPTED
                self._data = b""
                self._schedule_end(now + timers.transaction_timeout)
            # Also after a 300-699: a fork may still answer, and must get its ACK and BYE.
            self._user.on_response(self, response, source, now)
        elif state is not ClientState.ACCEPTED:
            self._wire.send(self._acknowledgement(response).encode(), self.destination)
            if waiting:
                self.state = ClientState.COMPLETED
                self._data = b""
                # Over TCP nothing comes again; but the phone may have it from another machine.
                is_over = self.destination.transport.reliable and not self.may_have_arrived
                self._schedule_end(now + (0.0 if is_over else timers.response_absorption))
                self._user.on_response(self, response, source, now)

    def _acknowledgement(self, response: Response) -> Request:
        """The ACK of a final response that is no 2xx (RFC 3261 17.1.1.3)."""
        sent = self.request.headers
        routes = [("Route", route) for route in sent.lines("Route")]
        headers = Headers(
            [
                ("Via", self.via),
                *routes,
                ("Max-Forwards", "70"),
                ("From", sent.get("From") or ""),
                ("To", response.headers.get("To") or ""),
                ("Call-ID", self.request.call_id),
                ("CSeq", f"{self.request.cseq.number} ACK"),
            ]
        )
        return Request("ACK", self.request.uri, headers)

    def _schedule_retransmission(self, now: float) -> None:
        deadline = self._give_up
        if not self.destination.transport.reliable:
            deadline = min(deadline, now + self._interval)
        self._timer = self._wire.queue.schedule(deadline, self._on_timer, replacing=self._timer)

    def _on_timer(self, now: float) -> None:
        if now >= self._give_up:
            self._timer = None
            self._user.on_timeout(self, now)
            if self._timer is None:  # else it was left
                self._end(now)
            return
        planned = now if self._timer is None else self._timer[0]
        if now - planned < self._interval:  # else we stood still, and begin anew from here
            now = planned  # so that a little late each time does not cost the last time
        self._wire.send(self._data, self.destination)
        self._interval *= 2
        if not self.is_invite:
            self._interval = min(self._interval, self._wire.timers.t2)
        self._schedule_retransmission(now)

    def _schedule_end(self, deadline: float) -> None:
        self._timer = self._wire.queue.schedule(deadline, self._end, replacing=self._timer)

    def _end(self, now: float) -> None:  # noqa: ARG002  # a timer's action is given the time
        self._wire.queue.cancel(self._timer)
        self.state = ClientState.TERMINATED
        self._data = b""
        self._user = NOBODY  # who knows us: neither shall keep the other
        self._wire.forget(self.key)
