"""One request from its sender's point of view: challenges answered, standby addresses tried.

A transaction is one try at one address; an exchange is what the sender meant. It begins a new
transaction when a challenge is answered (RFC 3261 22.2: same Call-ID, From tag, next CSeq), or
when an address cannot be reached, never said a word, or said 503 before anything but a 100
(RFC 3263 4.3: same CSeq, new branch).
"""

from __future__ import annotations

from collections.abc import Callable

from siptapi_core.errors import NetworkError
from siptapi_core.machine.authentication import Authentication
from siptapi_core.machine.client_transaction import ClientState, ClientTransaction
from siptapi_core.machine.own_address import OwnAddress
from siptapi_core.machine.transaction_layer import TransactionLayer
from siptapi_core.sip.message import Request, Response
from siptapi_core.targets import Address

_TRYING = 100
_SERVICE_UNAVAILABLE = 503

ResponseHandler = Callable[[Response, float], None]
FailureHandler = Callable[[str, float], None]


class Exchange:
    """A request, sent until it is answered or every address failed.

    ``on_response`` gets every response but the challenges that were answered; ``on_failure`` is
    told, in words, that no address answered; ``next_cseq`` numbers the request anew when a
    challenge is answered; ``prepare`` fits the request to the address that it is sent to;
    ``own_address`` is what we say of ourselves, and hears what is said of us.
    """

    def __init__(
        self,
        layer: TransactionLayer,
        request: Request,
        addresses: tuple[Address, ...],
        *,
        authentication: Authentication,
        next_cseq: Callable[[], int],
        on_response: ResponseHandler,
        on_failure: FailureHandler,
        prepare: Callable[[Request, Address], Request] = lambda request, _: request,
        own_address: OwnAddress | None = None,
    ) -> None:
        self.request = request
        self.is_cancelled = False
        self._layer = layer
        self._addresses = addresses
        self._authentication = authentication
        self._next_cseq = next_cseq
        self._on_response = on_response
        self._on_failure = on_failure
        self._prepare = prepare
        self._own_address = own_address
        self._any_size = False
        self._transaction: ClientTransaction | None = None
        self._heard = False
        self._progressed = False
        self._is_last_try = False
        self._silent = False

    @property
    def destination(self) -> Address:
        """The address in use now."""
        return self._addresses[0]

    @property
    def can_cancel(self) -> bool:
        """Whether a provisional response came and no final one (RFC 3261 9.1)."""
        transaction = self._transaction
        return transaction is not None and transaction.state is ClientState.PROCEEDING

    def start(self, now: float) -> None:
        """Send the request to the first address."""
        try:
            self.request = self._prepare(self.request, self.destination)
            self._transaction = self._layer.request(
                self.request,
                self.destination,
                self,
                now,
                any_size=self._any_size,
                own_address=self._own_address,
            )
        except NetworkError as error:
            self._fail(str(error), now)

    def stop_trying(self) -> None:
        """Answer no challenge and try no other address any more: what comes now is the end."""
        self._is_last_try = True

    def cancel(self, now: float) -> None:
        """Send a CANCEL; the INVITE's final response comes to ``on_response`` as ever."""
        assert self._transaction is not None  # noqa: S101  # can_cancel said so
        self.is_cancelled = True
        self._layer.cancel(self._transaction, _Deaf(), now)

    def abandon(self, now: float) -> None:
        """Stop: nothing is sent any more and nobody is told."""
        self._silent = True
        if self._transaction is not None:
            self._transaction.abandon(now)

    def on_response(self, response: Response, source: Address, now: float) -> None:
        """A response of the transaction in use."""
        if self._own_address is not None:
            self._own_address.hear(response, source)
        if self._silent:
            return
        if response.status == _SERVICE_UNAVAILABLE and not self._progressed and self._try_next(now):
            return
        self._heard = True
        self._progressed = self._progressed or response.status > _TRYING
        challenged = response.status in (401, 407) and source.host == self.destination.host
        if challenged and not self._is_last_try:
            again = self._authentication.answer(self.request, response, self._next_cseq)
            if again is not None:
                self.request = again
                self.start(now)
                return
        self._on_response(response, now)

    def on_timeout(self, now: float) -> None:
        """Nobody answered at this address."""
        self._fail(f"no answer from {self.destination}", now)

    def on_transport_error(self, problem: str, now: float) -> None:
        """Nobody is there at this address, or not over TCP, where a big request goes first."""
        transaction = self._transaction
        is_big = transaction is not None and transaction.destination != self.destination
        if is_big and not (self._silent or self._is_last_try):
            self._any_size = True
            self.start(now)
        else:
            self._fail(problem, now)

    def _fail(self, problem: str, now: float) -> None:
        if self._silent:
            return
        if self._heard or not self._try_next(now):
            self._on_failure(problem, now)

    def _try_next(self, now: float) -> bool:
        if self._is_last_try or len(self._addresses) == 1:
            return False
        self._addresses = self._addresses[1:]
        self._heard = False
        self.start(now)
        return True


class _Deaf:
    """The user of a CANCEL: what counts is the INVITE's own final response."""

    def on_response(self, response: Response, source: Address, now: float) -> None: ...

    def on_timeout(self, now: float) -> None: ...

    def on_transport_error(self, problem: str, now: float) -> None: ...
