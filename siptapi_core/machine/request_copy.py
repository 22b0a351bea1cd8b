"""One copy of a request: sent to one address, with a branch of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siptapi_core.machine.client_transaction import NOBODY, ClientState, ClientTransaction
from siptapi_core.machine.transaction_layer import TransactionLayer
from siptapi_core.sip.message import Request, Response
from siptapi_core.targets import Address

if TYPE_CHECKING:
    from siptapi_core.machine.exchange import Exchange


class RequestCopy:
    """``request``, as it was sent to ``address``, and the transaction that this makes.

    ``refusal`` is its final response, where that is of 300-699 and was not answered by another
    copy.
    """

    __slots__ = (
        "_layer",
        "address",
        "is_cancelled",
        "refusal",
        "request",
        "transaction",
    )

    transaction: ClientTransaction

    def __init__(self, layer: TransactionLayer, request: Request, address: Address) -> None:
        self.request = request
        self.address = address
        self.refusal: Response | None = None
        self.is_cancelled = False
        self._layer = layer

    @property
    def is_proceeding(self) -> bool:
        """Whether a provisional response came, and no final one."""
        return self.transaction.state is ClientState.PROCEEDING

    @property
    def is_open(self) -> bool:
        """Whether no final response came, but may come."""
        waiting = (ClientState.CALLING, ClientState.TRYING, ClientState.PROCEEDING)
        return self.transaction.state in waiting

    @property
    def may_answer(self) -> bool:
        """Whether it is open and was not cancelled."""
        return self.is_open and not self.is_cancelled

    @property
    def is_accepted(self) -> bool:
        """Whether it is an INVITE that got a 2xx."""
        return self.transaction.state is ClientState.ACCEPTED

    @property
    def is_over(self) -> bool:
        """Whether nothing can come any more."""
        return self.transaction.state is ClientState.TERMINATED

    def take_up(self, now: float) -> None:
        """Wait for its answer again, after it was left."""
        if not (self.transaction.is_invite and self.is_proceeding):  # that waits by itself
            self.transaction.take_up(now)

    def cancel(self, now: float) -> None:
        """Send its CANCEL, once; it is proceeding."""
        if not self.is_cancelled:
            self.is_cancelled = True
            # What counts is the INVITE's own final response.
            self._layer.cancel(self.transaction, NOBODY, now)

    def retire(self, now: float) -> None:
        """Whoever has it, or still gets it, shall do nothing about it."""
        transaction = self.transaction
        if not transaction.is_invite:
            if self.is_open:
                transaction.abandon(now)
        elif self.is_proceeding:
            self.cancel(now)
            deadline = now + self._layer.timers.transaction_timeout
            self._layer.queue.schedule(deadline, transaction.abandon)  # RFC 3261 9.1
        else:
            transaction.leave(now)


class CopyUser:
    """Tells ``exchange`` what the transaction of a ``copy`` of its request hears.

    Only the transaction knows it, and forgets it: the copy itself would keep its exchange alive.
    """

    __slots__ = ("_copy", "_exchange")

    def __init__(self, exchange: Exchange, copy: RequestCopy) -> None:
        self._exchange = exchange
        self._copy = copy

    def on_response(self, response: Response, source: Address, now: float) -> None:
        """It heard something."""
        self._exchange.on_response(self._copy, response, source, now)

    def on_timeout(self, now: float) -> None:
        """It heard nothing."""
        self._exchange.on_timeout(self._copy, now)

    def on_transport_error(self, problem: str, now: float) -> None:
        """It cannot be."""
        self._exchange.on_transport_error(self._copy, problem, now)
