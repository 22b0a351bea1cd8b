"""Our dialog with the user's phone: INVITE, CANCEL, ACK, BYE, and the forks of an INVITE.

::

    IDLE ─start─▶ CALLING ─18x─▶ RINGING ─2xx─▶ UP ─leave: BYE─▶ LEAVING ─any answer─▶ GONE
                    │ └──────────2xx───────────▶ │                                      ▲ ▲
                    └─300-699, silence, cancel ──┼──────────────────────────────────────┘ │
                                                 └──────────── the phone's BYE ───────────┘

Where the phone was given an address of ours that it cannot reach, as responses showed us, a
re-INVITE gives it the right one before it is told to call.

A cancel waits for a provisional response (RFC 3261 9.1); where the 200 crosses the CANCEL, ACK
and BYE follow. A second 2xx, from another branch of a forked INVITE, gets its ACK and its BYE; so
does one from an address that was left for its standby (`siptapi_core.machine.exchange`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from siptapi_core.errors import MessageError, NetworkError
from siptapi_core.machine.call_requests import CallRequests
from siptapi_core.machine.contact_refresh import refresh_contact
from siptapi_core.machine.dialog import Dialog
from siptapi_core.machine.dialog_service import SDP, DialogService
from siptapi_core.machine.established_dialog import EstablishedDialog
from siptapi_core.machine.exchange import Exchange, FailureHandler, ResponseHandler
from siptapi_core.machine.keepalive import Keepalive
from siptapi_core.machine.refer_plan import ReferPlan
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.timers import Timer
from siptapi_core.machine.user_agent import ALLOW, UserAgent
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.message import Headers, Request, Response
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address

if TYPE_CHECKING:
    from siptapi_core.machine.leg_owner import LegOwner

Located = Callable[[tuple[Address, ...], float], None]
Locate = Callable[[SipUri, Located], None]

MOST_FORKS = 32
"""Phones that one INVITE may reach: a 2xx says where an ACK goes, and a BYE, up to 11 times."""


class LegState(enum.Enum):
    """The states drawn above."""

    IDLE = enum.auto()
    CALLING = enum.auto()
    RINGING = enum.auto()
    UP = enum.auto()
    LEAVING = enum.auto()
    GONE = enum.auto()


class PhoneLeg:
    """One INVITE to the phone and the dialog that it makes.

    ``addresses`` are the plan's next hop, resolved, not empty. ``locate(uri, then)`` resolves a
    URI of the route set or the phone's Contact, and calls ``then(addresses, now)`` at once or
    later, with no address where there is none.
    """

    __slots__ = (
        "_agent",
        "_cancel_timer",
        "_cancelling",
        "_cseq",
        "_established",
        "_invite",
        "_keepalive",
        "_leaving",
        "_locate",
        "_main",
        "_owner",
        "_plan",
        "_requests",
        "_service",
        "_tag",
        "call_id",
        "provisional",
        "rang",
        "state",
    )

    def __init__(
        self,
        plan: ReferPlan,
        *,
        agent: UserAgent,
        addresses: tuple[Address, ...],
        credentials: Credentials | None,
        locate: Locate,
        owner: LegOwner,
    ) -> None:
        self.state = LegState.IDLE
        self.call_id = agent.identifiers.call_id()
        self.provisional = False
        """Whether any 1xx came, or somebody is known to have the INVITE."""
        self.rang = False
        """Whether an 18x came."""
        self._plan = plan
        self._agent = agent
        self._locate = locate
        self._owner = owner
        self._tag = agent.identifiers.tag()
        self._requests = CallRequests(plan, agent=agent, to=addresses[0], credentials=credentials)
        self._service = DialogService(
            agent, call_id=self.call_id, address=self._requests.host, owner=self
        )
        self._cseq = 0
        self._invite = self._requests.exchange(
            self._make_invite(),
            addresses,
            next_cseq=self._next_cseq,
            on_response=self._on_response,
            on_failure=self._on_failure,
        )
        self._cancelling = False
        self._leaving = False
        self._cancel_timer: Timer | None = None
        self._keepalive = Keepalive(agent.transactions, plan.keepalive, self._way_to_phone)
        self._established: dict[str, EstablishedDialog] = {}
        self._main: EstablishedDialog | None = None

    @property
    def contact(self) -> str:
        """Our Contact, as the phone was last told it."""
        return self._requests.contact.value

    @property
    def lost(self) -> bool:
        """Whether the INVITE may have reached the phone over a connection that broke."""
        return self._invite.may_have_arrived

    def start(self, now: float) -> None:
        """Send the INVITE."""
        self.state = LegState.CALLING
        self._agent.register(self.call_id, self._tag, self)
        self._invite.start(now)
        self._keepalive.start(now)

    def cancel(self, now: float) -> None:
        """Take the INVITE back, as soon as a provisional response allows it.

        Where none comes for T2 more, nobody seems to be there: the owner is told so, and whatever
        still comes gets its CANCEL, or its ACK and BYE.
        """
        self._cancelling = True
        self._invite.stop_trying(now)
        if self._invite.is_cancelled:
            return
        self._agent.queue.cancel(self._cancel_timer)
        if self._invite.can_cancel:
            self._invite.cancel(now)
            deadline = now + self._agent.timers.transaction_timeout
            self._cancel_timer = self._agent.queue.schedule(deadline, self._on_cancel_timeout)
        else:
            deadline = now + self._agent.timers.t2
            self._cancel_timer = self._agent.queue.schedule(deadline, self._on_nobody_there)

    def leave(self, now: float) -> None:
        """Say BYE, once the dialog can be used."""
        self._leaving = True
        if self.state is LegState.UP and self._main is not None and self._main.is_usable:
            self.state = LegState.LEAVING
            self._main.end(now, self._on_left)

    def request(
        self,
        method: str,
        *,
        headers: Iterable[tuple[str, str]],
        on_response: ResponseHandler,
        on_failure: FailureHandler,
        now: float,
    ) -> Exchange:
        """Send a request inside the dialog, which is up."""
        assert self._main is not None  # noqa: S101  # on_phone_up was called
        return self._main.request(
            method,
            headers=headers,
            on_response=on_response,
            on_failure=on_failure,
            now=now,
        )

    def close(self, now: float, then: Callable[[], None]) -> None:
        """The call has ended: late NOTIFYs and BYEs are answered for 64*T1 more, then refused.

        ``then`` is called when nothing more can come, not even a fork's 2xx.
        """
        self._keepalive.stop()
        deadline = now + self._agent.timers.transaction_timeout
        self._agent.queue.schedule(deadline, partial(self._forget, then))

    def _forget(self, then: Callable[[], None], now: float) -> None:
        self._agent.unregister(self.call_id, self._tag)
        if not self._invite.is_over:
            self.close(now, then)
            return
        # They know us: ten thousand calls should not wait for the garbage collector.
        del self._invite, self._keepalive, self._owner, self._service
        then()

    # --- the INVITE's responses --------------------------------------------------------------

    def _on_response(self, response: Response, now: float) -> None:
        if response.status < 200:  # noqa: PLR2004
            self._on_provisional(response.status, now)
        elif response.status < 300:  # noqa: PLR2004
            self._on_accepted(response, now)
        else:
            self._fail(response.status, self._invite.reason(response), now)

    def _on_provisional(self, status: int, now: float) -> None:
        self.provisional = True
        if status > 100 and not self.rang and self.state is LegState.CALLING:  # noqa: PLR2004
            self.rang = True
            self.state = LegState.RINGING
            self._owner.on_phone_ringing()
        if self._cancelling:
            self.cancel(now)

    def _on_failure(self, problem: str, now: float) -> None:
        self.provisional = self.provisional or self._invite.has_arrived
        self._fail(None, problem, now)

    def _on_nobody_there(self, now: float) -> None:
        self._on_failure(self._invite.problem, now)

    def _on_cancel_timeout(self, now: float) -> None:
        """64*T1 after the CANCEL the INVITE counts as cancelled (RFC 3261 9.1)."""
        self._invite.abandon(now)
        self._fail(None, "no final response to the cancelled INVITE", now)

    def _fail(self, status: int | None, reason: str, now: float) -> None:
        if self.state is LegState.GONE:
            return
        self._agent.queue.cancel(self._cancel_timer)
        self.state = LegState.GONE
        self._owner.on_phone_failed(status, reason, now)

    def _on_accepted(self, response: Response, now: float) -> None:
        tag = response.to.tag or ""
        known = self._established.get(tag)
        if known is not None:
            known.acknowledge_again()
            return
        if len(self._established) >= MOST_FORKS:
            return
        is_first = not self._established and self.state is not LegState.GONE
        invite, destination = self._invite.origin(response)
        try:
            dialog = Dialog.from_response(invite, response)
        except MessageError as error:
            if is_first:
                self._fail(None, f"the phone's answer cannot be read: {error}", now)
            return
        established = self._established[tag] = EstablishedDialog(dialog, self._requests)
        if is_first:
            self._main = established
            self._agent.queue.cancel(self._cancel_timer)
            self.state = LegState.UP
            self._owner.on_phone_answered(now)

        cseq = response.cseq.number
        acknowledge = partial(self._acknowledge, established, invite, cseq, destination)
        next_hop = dialog.next_hop
        if self._plan.direct or next_hop == self._plan.next_hop:
            acknowledge((destination,), now)
        else:
            self._locate(next_hop, acknowledge)

    def _acknowledge(
        self,
        established: EstablishedDialog,
        invite: Request,
        cseq: int,
        destination: Address,
        addresses: tuple[Address, ...],
        now: float,
    ) -> None:
        """Send the ACK, now that the way to the other end is known."""
        try:
            established.acknowledge(invite, cseq, destination, addresses, now)
        except NetworkError as error:
            if established is self._main:
                self._fail(None, str(error), now)
            return
        if established is not self._main:  # another branch was picked up (RFC 3261 13.2.2.4)
            established.end(now, lambda _: None)
        elif self.state is LegState.UP:
            self._on_up(now)

    def _on_up(self, now: float) -> None:
        if self._cancelling or self._leaving:
            self.leave(now)
        elif self._main is not None and self._has_learned(self._main):
            refresh_contact(
                self._main, self._service, self.contact, then=self._on_refreshed, now=now
            )
        else:
            self._owner.on_phone_up(now)

    def _on_refreshed(self, now: float) -> None:
        if self.state is LegState.UP:
            self._owner.on_phone_up(now)

    def _has_learned(self, established: EstablishedDialog) -> bool:
        """Whether the INVITE gave the phone another Contact than we would give it now."""
        to = established.addresses[0]
        if not self._plan.learn_address:
            return False
        given = self._invite.request.headers.get("Contact")
        return given != self._requests.contact.towards(to, self._requests.own_address(to))

    # --- inside the dialog -------------------------------------------------------------------

    def on_request(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A request inside one of our dialogs."""
        established = self._established.get(request.from_.tag or "")
        if established is None:
            self._agent.respond(transaction, 481, now)
        elif not established.dialog.take(request):
            self._agent.respond(transaction, 500, now)
        elif request.method == "NOTIFY":
            self._owner.on_notify(request, transaction, now)
        elif request.method == "BYE":
            self._agent.respond(transaction, 200, now)
            if established is self._main:
                self._on_bye(now)
        elif self.state is LegState.GONE:
            self._agent.respond(transaction, 481, now)
        else:
            self._service.on_request(established.dialog, request, transaction, now)

    def on_acknowledged(self, request: Request, now: float) -> None:
        """The ACK of a re-INVITE."""
        self._service.on_acknowledged(request, now)

    def on_unacknowledged(self, dialog: Dialog, now: float) -> None:
        """Our answer to a re-INVITE of the phone's got no ACK: the dialog is over."""
        if self._main is not None and dialog is self._main.dialog:
            self.leave(now)

    def _on_bye(self, now: float) -> None:
        if self.state is not LegState.GONE:
            by_phone = self.state is LegState.UP
            self.state = LegState.GONE
            self._owner.on_phone_gone(now, by_phone=by_phone)

    def _on_left(self, now: float) -> None:
        if self.state is LegState.LEAVING:
            self.state = LegState.GONE
            self._owner.on_phone_gone(now, by_phone=False)

    # --- making things -----------------------------------------------------------------------

    def _make_invite(self) -> Request:
        plan = self._plan
        headers = [
            *[("Route", str(route)) for route in plan.route],
            ("Max-Forwards", "70"),
            ("From", str(plan.from_.with_tag(self._tag))),
            ("To", f"<{plan.target}>"),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self._next_cseq()} INVITE"),
            ("Contact", self.contact),
            ALLOW,
            ("Allow-Events", "refer"),
            ("User-Agent", self._agent.product),
            *plan.invite_headers,
            SDP,
        ]
        return Request("INVITE", plan.target, Headers(headers), self._service.offer())

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq

    def _way_to_phone(self) -> Address:
        main = self._main
        return main.addresses[0] if main and main.addresses else self._invite.destination
