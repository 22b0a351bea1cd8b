"""The end that packets go into and come out of: transactions below, dialogs and calls above.

::

    receive(data, source, now) ─┐                       ┌─▶ the dialog's user (a call)
    handle_timer(now) ──────────┼─▶ transaction layer ──┼─▶ on_stranger (no dialog of ours)
    refused(address, now) ──────┘        │              └─▶ an exchange's handlers
                                         ▼
                         datagrams() and next_timer()

Whoever drives it calls one of the inputs, or a method of a call, then takes `datagrams` to the
socket and waits until `next_timer`. It does no I/O and never looks at a clock (sans-IO).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from siptapi_core.errors import MessageError
from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.strangers import Strangers
from siptapi_core.machine.timers import SipTimers
from siptapi_core.machine.transaction_layer import TransactionLayer
from siptapi_core.sip.message import Request
from siptapi_core.targets import Address

ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, NOTIFY, OPTIONS, INFO, UPDATE")
KNOWN_METHODS = frozenset(
    (
        *("INVITE", "ACK", "CANCEL", "BYE", "NOTIFY", "OPTIONS", "INFO", "UPDATE"),
        *("REFER", "SUBSCRIBE", "MESSAGE", "PUBLISH", "PRACK", "REGISTER"),
    )
)

_TO_STRANGERS = {
    "OPTIONS": 200,
    "INVITE": 480,
    **dict.fromkeys(("NOTIFY", "BYE", "INFO", "UPDATE"), 481),  # allowed, but only in a dialog
}


class DialogUser(Protocol):
    """Who owns a dialog."""

    def on_request(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A request inside the dialog; must be answered through ``transaction``."""
        ...

    def on_acknowledged(self, request: Request, now: float) -> None:
        """The ACK of a 2xx."""
        ...


Stranger = Callable[[Request, ServerTransaction, Address, float], None]


class UserAgent:
    """One user agent (RFC 3261 section 8), for any number of calls.

    ``local_address(towards)`` is where packets to there leave from; ``product`` goes into
    User-Agent. ``on_stranger`` gets requests outside any dialog of ours; without it they are
    refused. ``strangers`` says who is answered at all; without it everybody is. ``extensions`` are
    the option tags that these requests may require (RFC 3261 8.2.2.3).
    """

    def __init__(
        self,
        *,
        identifiers: Identifiers,
        local_address: Callable[[Address], Address],
        timers: SipTimers | None = None,
        product: str = "SIPTAPI",
        on_stranger: Stranger | None = None,
        strangers: Strangers | None = None,
    ) -> None:
        self.identifiers = identifiers
        self.local_address = local_address
        self.product = product
        self.on_refused: list[Callable[[Address, float], None]] = []
        """Called with each address that `refused` names, besides the transactions there."""
        self.transactions = TransactionLayer(
            identifiers=identifiers,
            local_address=local_address,
            deliver=self._deliver,
            timers=timers or SipTimers(),
            strangers=strangers,
        )
        self.receive = self.transactions.receive
        """``receive(data, source, now)``: a datagram came from ``source``."""
        self.queue = self.transactions.queue
        """Where calls put their own timers."""
        self.handle_timer = self.queue.run_due
        """``handle_timer(now)``: do what is due."""
        self.next_timer = self.queue.next_deadline
        """``next_timer()``: when to call `handle_timer`; None: not needed."""
        self.timers = self.transactions.timers
        """T1, T2, T4."""
        self.strangers = strangers
        self.on_stranger = on_stranger or self.refuse_stranger
        self.extensions: frozenset[str] = frozenset()
        self._dialogs: dict[tuple[str, str], DialogUser] = {}

    def refused(
        self, address: Address, now: float, problem: str = "", *, broken: bool = False
    ) -> None:
        """The network says that nobody is at ``address``, and maybe in words what it met there.

        ``broken``: somebody was; what was sent over the connection may have arrived.
        """
        self.transactions.transport_error(address, now, problem, broken=broken)
        for tell in self.on_refused:
            tell(address, now)

    def datagrams(self) -> list[tuple[bytes, Address]]:
        """Take what is to be sent, in order."""
        outbox = self.transactions.outbox
        taken = outbox[:]
        outbox.clear()
        return taken

    def register(self, call_id: str, local_tag: str, user: DialogUser) -> None:
        """Requests with this Call-ID and our tag go to ``user`` from now on."""
        self._dialogs[call_id, local_tag] = user

    def unregister(self, call_id: str, local_tag: str) -> None:
        """Forget the dialog: a request inside it gets 481 from now on."""
        self._dialogs.pop((call_id, local_tag), None)

    def refuse_stranger(
        self,
        request: Request,
        transaction: ServerTransaction,
        source: Address,  # noqa: ARG002  # same shape as every stranger's handler
        now: float,
    ) -> None:
        """What a stranger gets from one who only places calls."""
        status = _TO_STRANGERS.get(request.method)
        if status is None:
            status = 405 if request.method in KNOWN_METHODS else 501
        self.refuse(transaction, status, now)

    def refuse(
        self,
        transaction: ServerTransaction,
        status: int,
        now: float,
        *,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Answer a request outside our dialogs, and forget it: see `TransactionLayer.refuse`."""
        self.transactions.refuse(
            transaction.request,
            transaction.reply_to,
            status,
            now,
            most=transaction.size,
            headers=(ALLOW, *headers),
        )
        transaction.abandon(now)

    def respond(
        self,
        transaction: ServerTransaction,
        status: int,
        now: float,
        *,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Answer a request that needs no more than a status and our Allow."""
        response = transaction.request.response(
            status, to_tag=self.identifiers.tag(), headers=(ALLOW, *headers)
        )
        transaction.respond(response, now)

    def __len__(self) -> int:
        """How many transactions and dialogs are alive."""
        return len(self.transactions) + len(self._dialogs)

    def counters(self) -> dict[str, int]:
        """What is alive, by name."""
        return {
            "transactions": len(self.transactions),
            "dialogs": len(self._dialogs),
            "timers": len(self.queue),
        }

    def _deliver(
        self, request: Request, transaction: ServerTransaction | None, source: Address, now: float
    ) -> None:
        user = None
        try:
            tag = request.to.tag
            user = self._dialogs.get((request.call_id, tag)) if tag is not None else None
            if transaction is None:
                if user is not None:
                    user.on_acknowledged(request, now)
                return
            if user is not None and request.method != "CANCEL":
                user.on_request(request, transaction, now)
            elif self.transactions.admits(request, source, now):
                self._receive_outside(request, transaction, source, now)
            else:
                transaction.abandon(now)
        except MessageError as error:
            if transaction is None:
                return
            if transaction.is_answered:
                raise
            answer = self.refuse if user is None else self.respond
            answer(transaction, error.status, now)

    def _receive_outside(
        self, request: Request, transaction: ServerTransaction, source: Address, now: float
    ) -> None:
        request.validate()
        if request.method == "CANCEL":
            self._receive_cancel(request, transaction, now)
        elif request.to.tag is not None:
            self.refuse(transaction, 481, now)
        elif unknown := [
            tag for tag in request.headers.values("Require") if tag.lower() not in self.extensions
        ]:
            self.refuse(transaction, 420, now, headers=(("Unsupported", ", ".join(unknown)),))
        elif (request.call_id, request.from_.tag or "") in self._dialogs:
            # The proxy forked our own INVITE to the phone back to us as well. Never a 6xx: it
            # would end the phone's branch too.
            self.refuse(transaction, 480, now)
        else:
            self.on_stranger(request, transaction, source, now)

    def _receive_cancel(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        invite = self.transactions.invite_to_cancel(request)
        # RFC 3261 22.1: only whoever sent the INVITE may cancel it.
        if invite is None or invite.reply_to.host != transaction.reply_to.host:
            self.refuse(transaction, 481, now)
            return
        self.respond(transaction, 200, now)
        if invite.on_cancelled is not None and not invite.is_answered:
            invite.on_cancelled(request, now)
