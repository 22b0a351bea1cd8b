"""Our dialog with the user's phone: INVITE, CANCEL, ACK, BYE, and the forks of an INVITE.

::

    IDLE ─start─▶ CALLING ─18x─▶ RINGING ─2xx─▶ UP ─leave: BYE─▶ LEAVING ─any answer─▶ GONE
                    │ └──────────2xx───────────▶ │                                      ▲ ▲
                    └─300-699, silence, cancel ──┼──────────────────────────────────────┘ │
                                                 └──────────── the phone's BYE ───────────┘

Where the phone was given an address of ours that it cannot reach, as responses showed us, a
re-INVITE gives it the right one before it is told to call.

A cancel waits for a provisional response (RFC 3261 9.1); where the 200 crosses the CANCEL, ACK
and BYE follow. A second 2xx, from another branch of a forked INVITE, gets its ACK and its BYE.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Protocol

from siptapi_core.errors import MessageError, NetworkError
from siptapi_core.machine.authentication import Authentication
from siptapi_core.machine.dialog import Dialog
from siptapi_core.machine.dialog_service import SDP, DialogService
from siptapi_core.machine.exchange import Exchange, FailureHandler, ResponseHandler
from siptapi_core.machine.keepalive import Keepalive
from siptapi_core.machine.own_address import OwnAddress
from siptapi_core.machine.refer_plan import ReferPlan
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.timers import Timer
from siptapi_core.machine.user_agent import ALLOW, UserAgent
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.message import Headers, Request, Response
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Transport

Located = Callable[[tuple[Address, ...], float], None]
Locate = Callable[[SipUri, Located], None]


class LegState(enum.Enum):
    """The states drawn above."""

    IDLE = enum.auto()
    CALLING = enum.auto()
    RINGING = enum.auto()
    UP = enum.auto()
    LEAVING = enum.auto()
    GONE = enum.auto()


class LegOwner(Protocol):
    """Whose phone it is."""

    def on_phone_ringing(self) -> None:
        """The first 18x."""
        ...

    def on_phone_answered(self, now: float) -> None:
        """A 2xx: somebody picked up."""
        ...

    def on_phone_up(self, now: float) -> None:
        """The ACK is out: the dialog can be used."""
        ...

    def on_phone_failed(self, status: int | None, reason: str, now: float) -> None:
        """The INVITE came to nothing; ``status`` None: no final response at all."""
        ...

    def on_phone_gone(self, now: float, *, by_phone: bool) -> None:
        """The dialog is over, by the phone's BYE or by ours."""
        ...

    def on_notify(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A NOTIFY in the dialog, in order; must be answered."""
        ...


class _Established:
    """A dialog that a 2xx made; once the way to its other end is known, that and the ACK sent."""

    def __init__(self, dialog: Dialog) -> None:
        self.dialog = dialog
        self.addresses: tuple[Address, ...] = ()
        self.acknowledgement: bytes | None = None


class PhoneLeg:
    """One INVITE to the phone and the dialog that it makes.

    ``addresses`` are the plan's next hop, resolved, not empty. ``locate(uri, then)`` resolves a
    URI of the route set or the phone's Contact, and calls ``then(addresses, now)`` at once or
    later, with no address where there is none.
    """

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
        """Whether any 1xx came."""
        self.rang = False
        """Whether an 18x came."""
        self._plan = plan
        self._agent = agent
        self._locate = locate
        self._owner = owner
        self._authentication = Authentication(credentials, agent.identifiers)
        self._from = plan.from_.with_tag(agent.identifiers.tag())
        self._own_address = OwnAddress(plan)
        own = self._own_address.towards(addresses[0], agent.local_address(addresses[0]))
        self.contact = _contact(plan, own, addresses[0].transport)
        self._service = DialogService(
            agent, call_id=self.call_id, contact=self.contact, address=own.host
        )
        self._cseq = 0
        self._invite = self._exchange(
            self._make_invite(), addresses, self._next_cseq, self._on_response, self._on_failure
        )
        self._cancelling = False
        self._leaving = False
        self._cancel_timer: Timer | None = None
        self._keepalive = Keepalive(agent.transactions, plan.keepalive, self._way_to_phone)
        self._established: dict[str, _Established] = {}
        self._main: _Established | None = None

    def start(self, now: float) -> None:
        """Send the INVITE."""
        self.state = LegState.CALLING
        self._agent.register(self.call_id, self._from.tag or "", self)
        self._invite.start(now)
        self._keepalive.start(now)

    def cancel(self, now: float) -> None:
        """Take the INVITE back, as soon as a provisional response allows it.

        Where none comes for T2 more, nobody seems to be there: the owner is told so, and whatever
        still comes gets its CANCEL, or its ACK and BYE.
        """
        self._cancelling = True
        self._invite.stop_trying()
        if self._invite.can_cancel and not self._invite.is_cancelled:
            self._stop_cancel_timer()
            self._invite.cancel(now)
            deadline = now + self._agent.timers.transaction_timeout
            self._cancel_timer = self._agent.queue.schedule(deadline, self._on_cancel_timeout)
        elif not self.provisional:
            self._stop_cancel_timer()
            deadline = now + self._agent.timers.t2
            self._cancel_timer = self._agent.queue.schedule(deadline, self._on_nobody_there)

    def leave(self, now: float) -> None:
        """Say BYE, once the dialog can be used."""
        self._leaving = True
        if self.state is LegState.UP and self._main is not None and self._main.acknowledgement:
            self.state = LegState.LEAVING
            self._bye(self._main, now, self._on_left)

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
        return self._request(
            self._main,
            method,
            headers=headers,
            on_response=on_response,
            on_failure=on_failure,
            now=now,
        )

    def close(self, now: float) -> None:
        """The call has ended: late NOTIFYs and BYEs are answered for 64*T1 more, then refused."""
        self._keepalive.stop()
        tag = self._from.tag or ""
        deadline = now + self._agent.timers.transaction_timeout
        self._agent.queue.schedule(deadline, lambda _: self._agent.unregister(self.call_id, tag))

    # --- the INVITE's responses --------------------------------------------------------------

    def _on_response(self, response: Response, now: float) -> None:
        if response.status < 200:  # noqa: PLR2004
            self._on_provisional(response.status, now)
        elif response.status < 300:  # noqa: PLR2004
            self._on_accepted(response, now)
        elif not self._established:
            self._fail(response.status, response.reason, now)

    def _on_provisional(self, status: int, now: float) -> None:
        if self._established:
            return
        self.provisional = True
        if status > 100 and not self.rang and self.state is LegState.CALLING:  # noqa: PLR2004
            self.rang = True
            self.state = LegState.RINGING
            self._owner.on_phone_ringing()
        if self._cancelling:
            self.cancel(now)

    def _on_failure(self, problem: str, now: float) -> None:
        self._fail(None, problem, now)

    def _on_nobody_there(self, now: float) -> None:
        self._fail(None, f"no answer from {self._invite.destination}", now)

    def _on_cancel_timeout(self, now: float) -> None:
        """64*T1 after the CANCEL the INVITE counts as cancelled (RFC 3261 9.1)."""
        self._invite.abandon(now)
        self._fail(None, "no final response to the cancelled INVITE", now)

    def _fail(self, status: int | None, reason: str, now: float) -> None:
        if self.state is LegState.GONE:
            return
        self._stop_cancel_timer()
        self.state = LegState.GONE
        self._owner.on_phone_failed(status, reason, now)

    def _on_accepted(self, response: Response, now: float) -> None:
        tag = response.to.tag or ""
        known = self._established.get(tag)
        if known is not None:
            if known.acknowledgement is not None:  # it was lost
                self._agent.transactions.send(known.acknowledgement, known.addresses[0])
            return
        is_first = not self._established and self.state is not LegState.GONE
        invite, destination = self._invite.request, self._invite.destination
        try:
            dialog = Dialog.from_response(invite, response)
        except MessageError as error:
            if is_first:
                self._fail(None, f"the phone's answer cannot be read: {error}", now)
            return
        established = self._established[tag] = _Established(dialog)
        if is_first:
            self._main = established
            self._stop_cancel_timer()
            self.state = LegState.UP
            self._owner.on_phone_answered(now)

        cseq = response.cseq.number
        acknowledge = partial(self._acknowledge, established, invite, cseq, destination)
        if self._plan.direct or dialog.next_hop == self._plan.next_hop:
            acknowledge((destination,), now)
        else:
            self._locate(dialog.next_hop, acknowledge)

    def _acknowledge(
        self,
        established: _Established,
        invite: Request,
        cseq: int,
        destination: Address,
        addresses: tuple[Address, ...],
        now: float,
    ) -> None:
        """Send the ACK to ``addresses``, or where the INVITE went."""
        # The certificate of a connection is checked once, for the name that we meant; its own
        # Record-Route or Contact may call the same place by its IP address.
        established.addresses = tuple(
            destination if str(address) == str(destination) else address
            for address in addresses or (destination,)
        )
        request = established.dialog.create_request(
            "ACK", headers=_credentials_of(invite), cseq=cseq
        )
        try:
            established.acknowledgement = self._agent.transactions.send_request(
                request, established.addresses[0], self._own_address
            )
        except NetworkError as error:
            if established is self._main:
                self._fail(None, str(error), now)
            return
        if established is not self._main:  # another branch was picked up (RFC 3261 13.2.2.4)
            self._bye(established, now, lambda _: None)
        elif self.state is LegState.UP:
            self._on_up(now)

    def _on_up(self, now: float) -> None:
        if self._cancelling or self._leaving:
            self.leave(now)
        elif self._main is not None and self._has_learned(self._main):
            self._refresh_contact(self._main, now)
        else:
            self._owner.on_phone_up(now)

    def _has_learned(self, established: _Established) -> bool:
        """Whether the INVITE gave the phone another Contact than we would give it now."""
        to = established.addresses[0]
        given = self._invite.request.headers.get("Contact")
        return self._plan.learn_address and given != self._contact_towards(to)

    def _refresh_contact(self, established: _Established, now: float) -> None:
        """Give the phone our Contact by a re-INVITE (RFC 3261 14.1), then go on."""
        dialog = established.dialog
        waiting = [self._owner.on_phone_up]

        def go_on(now: float) -> None:
            if waiting and self.state is LegState.UP:
                waiting.pop()(now)

        def on_response(response: Response, now: float) -> None:
            if 200 <= response.status < 300:  # noqa: PLR2004
                ack = dialog.create_request(
                    "ACK", headers=_credentials_of(exchange.request), cseq=response.cseq.number
                )
                with suppress(NetworkError):  # it will be sent again when the 2xx comes again
                    self._agent.transactions.send_request(
                        ack, established.addresses[0], self._own_address
                    )
            if response.status >= 200:  # noqa: PLR2004
                go_on(now)

        exchange = self._request(
            established,
            "INVITE",
            headers=[("Contact", self.contact), ALLOW, SDP],
            body=self._service.offer(),
            on_response=on_response,
            on_failure=lambda _problem, now: go_on(now),
            now=now,
        )

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

    def _on_bye(self, now: float) -> None:
        if self.state is not LegState.GONE:
            by_phone = self.state is LegState.UP
            self.state = LegState.GONE
            self._owner.on_phone_gone(now, by_phone=by_phone)

    def _on_left(self, now: float) -> None:
        if self.state is LegState.LEAVING:
            self.state = LegState.GONE
            self._owner.on_phone_gone(now, by_phone=False)

    def _bye(self, established: _Established, now: float, then: Callable[[float], None]) -> None:
        """Say BYE. Whatever comes back, or nothing, the dialog is over (RFC 3261 15.1.1)."""

        def on_response(response: Response, now: float) -> None:
            if response.status >= 200:  # noqa: PLR2004
                then(now)

        self._request(
            established,
            "BYE",
            headers=(),
            on_response=on_response,
            on_failure=lambda _problem, now: then(now),
            now=now,
        )

    # --- making things -----------------------------------------------------------------------

    def _request(
        self,
        established: _Established,
        method: str,
        *,
        headers: Iterable[tuple[str, str]],
        on_response: ResponseHandler,
        on_failure: FailureHandler,
        now: float,
        body: bytes = b"",
    ) -> Exchange:
        dialog = established.dialog
        product = ("User-Agent", self._agent.product)
        request = dialog.create_request(method, headers=[*headers, product], body=body)
        exchange = self._exchange(
            request, established.addresses, dialog.next_cseq, on_response, on_failure
        )
        exchange.start(now)
        return exchange

    def _exchange(
        self,
        request: Request,
        addresses: tuple[Address, ...],
        next_cseq: Callable[[], int],
        on_response: ResponseHandler,
        on_failure: FailureHandler,
    ) -> Exchange:
        return Exchange(
            self._agent.transactions,
            request,
            addresses,
            authentication=self._authentication,
            next_cseq=next_cseq,
            on_response=on_response,
            on_failure=on_failure,
            prepare=self._reachable,
            own_address=self._own_address,
        )

    def _reachable(self, request: Request, to: Address) -> Request:
        """``request`` with a Contact at which ``to`` reaches us: with TCP, the connection to it."""
        if "Contact" not in request.headers:
            return request
        contact = self._contact_towards(to)
        if contact != self.contact:
            self.contact = self._service.contact = contact
        if request.headers.get("Contact") == contact:
            return request
        return request.with_headers(request.headers.replaced("Contact", contact))

    def _contact_towards(self, to: Address) -> str:
        own = self._own_address.towards(to, self._agent.local_address(to))
        return _contact(self._plan, own, to.transport)

    def _make_invite(self) -> Request:
        plan = self._plan
        headers = [
            *(("Route", str(route)) for route in plan.route),
            ("Max-Forwards", "70"),
            ("From", str(self._from)),
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

    def _stop_cancel_timer(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer.cancel()


def _contact(plan: ReferPlan, local: Address, transport: Transport) -> str:
    user = plan.from_.uri.user if isinstance(plan.from_.uri, SipUri) else None
    top = plan.route[0].uri if plan.route else plan.target
    if any(isinstance(uri, SipUri) and uri.scheme == "sips" for uri in (plan.target, top)):
        return str(NameAddr(SipUri(host=local.host, user=user, port=local.port, scheme="sips")))
    uri = SipUri(host=local.host, user=user, port=local.port)
    if transport is not Transport.UDP:
        uri = uri.with_parameter("transport", transport)
    return str(NameAddr(uri))


def _credentials_of(invite: Request) -> list[tuple[str, str]]:
    """The ACK of a 2xx carries the same credentials as its INVITE (RFC 3261 22.1)."""
    return [
        (name, value)
        for name in ("Authorization", "Proxy-Authorization")
        for value in invite.headers.lines(name)
    ]
