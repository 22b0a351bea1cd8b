"""Finding a server that lives while the one in use says nothing, long before timer B (64*T1).

::

    ─3*T1─▶ OPTIONS to the first address and to its standbys ─T1─▶ the verdict
                                                                      │
       the first answered: it lives, only slowly ────────▶ wait ◀─────┤
       a standby did, the first did not ──▶ on_found(that standby) ◀──┤
       nobody did: the same, as soon as a standby does ◀──────────────┘

By then the first has not answered three copies of the request. Any final response is a sign of
life but 503. With Max-Forwards 0 an OPTIONS ends at the server that it is sent to (RFC 3261 16.3).
"""

from __future__ import annotations

from collections.abc import Callable

from siptapi_core.errors import NetworkError
from siptapi_core.machine.client_transaction import ClientTransaction
from siptapi_core.machine.own_address import OwnAddress
from siptapi_core.machine.timers import Action, Timer
from siptapi_core.machine.transaction_layer import TransactionLayer
from siptapi_core.sip.message import Headers, Request, Response
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address

PATIENCE = 3
"""T1s from the request to the OPTIONS: the moment of the request's third copy."""
VERDICT = 1
"""T1s from the OPTIONS to the verdict: an address that is far away may answer as well."""
MOST_STANDBYS = 8
"""How many are asked."""

_SERVICE_UNAVAILABLE = 503


class StandbyProbe:
    """Asks ``addresses``, of which the first has ``request``, on behalf of who has sent that.

    `stop` it as soon as the first says anything.
    """

    def __init__(
        self,
        layer: TransactionLayer,
        request: Request,
        addresses: tuple[Address, ...],
        *,
        own_address: OwnAddress | None,
        on_found: Callable[[Address, float], None],
        now: float,
    ) -> None:
        self.problems: dict[Address, str] = {}
        """Why a standby is none, in words; of those that were asked."""
        self._layer = layer
        self._request = request
        self._addresses = addresses[: 1 + MOST_STANDBYS]
        self._own_address = own_address
        self._on_found = on_found
        self._questions: list[ClientTransaction] = []
        self._alive: list[Address] = []
        self._is_time = False
        self._timer = self._after(PATIENCE, self._ask, now)

    def stop(self, now: float) -> None:
        """Ask nobody any more."""
        self._layer.queue.cancel(self._timer)
        for question in self._questions:
            question.abandon(now)

    def _ask(self, now: float) -> None:
        for address in self._addresses:
            self.problems[address] = f"no answer from {address}"
            try:
                own = self._layer.own_address(address, self._own_address)
                options = self._make_options(address)
                question = self._layer.request(options, address, self, now, own=own)
            except NetworkError as error:
                self.problems[address] = str(error)
            else:
                self._questions.append(question)
        self._timer = self._after(VERDICT, self._decide, now)

    def on_response(
        self,
        question: ClientTransaction,
        response: Response,
        source: Address,  # noqa: ARG002  # the shape of a transaction's user
        now: float,
    ) -> None:
        """A response to an OPTIONS."""
        address = question.address
        if response.status < 200:  # noqa: PLR2004
            return
        if response.status == _SERVICE_UNAVAILABLE:
            self.problems[address] = f"{address} says 503 {response.reason}"
            return
        self.problems.pop(address, None)
        self._layer.dead_addresses.discard(address)
        if address == self._addresses[0]:
            self.stop(now)
            return
        self._alive.append(address)
        if self._is_time:
            self._decide(now)

    def on_timeout(self, question: ClientTransaction, now: float) -> None:
        """There is no answer to an OPTIONS."""
        self.on_transport_error(question, f"no answer from {question.address}", now)

    def on_transport_error(self, question: ClientTransaction, problem: str, now: float) -> None:
        """There will be none."""
        self.problems[question.address] = problem
        self._layer.dead_addresses.add(question.address, now)

    def _decide(self, now: float) -> None:
        self._is_time = True
        alive = [address for address in self._addresses if address in self._alive]
        if alive:
            self.stop(now)
            self._on_found(alive[0], now)

    def _make_options(self, to: Address) -> Request:
        asked, identifiers = self._request, self._layer.identifiers
        scheme = asked.uri.scheme if isinstance(asked.uri, SipUri) else "sip"
        uri = SipUri(host=to.host, port=to.port, scheme=scheme)
        headers = [
            ("Max-Forwards", "0"),
            ("From", str(NameAddr(asked.from_.uri).with_tag(identifiers.tag()))),
            ("To", f"<{uri}>"),
            ("Call-ID", identifiers.call_id()),
            ("CSeq", "1 OPTIONS"),
        ]
        return Request("OPTIONS", uri, Headers(headers))

    def _after(self, intervals: int, action: Action, now: float) -> Timer:
        return self._layer.queue.schedule(now + intervals * self._layer.timers.t1, action)
