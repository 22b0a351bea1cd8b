"""The transaction layer: which packet belongs to which transaction (RFC 3261 17.1.3, 17.2.3, 18).

It owns the transactions, the timer queue and the outbox. A request that begins a new server
transaction, and every ACK of a 2xx, goes to ``deliver``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from attrs import evolve

from siptapi_core.errors import MessageError, NetworkError
from siptapi_core.machine.client_transaction import NOBODY, ClientTransaction, ClientUser
from siptapi_core.machine.dead_addresses import DeadAddresses
from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.machine.own_address import OwnAddress
from siptapi_core.machine.response_routing import mark_source, reply_address
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.strangers import Strangers
from siptapi_core.machine.timers import SipTimers, TimerQueue
from siptapi_core.machine.way import way_of
from siptapi_core.sip.headers import split_values
from siptapi_core.sip.message import Headers, Request, Response, parse_message
from siptapi_core.sip.uri import SipUri
from siptapi_core.sip.via import Via
from siptapi_core.targets import Address, Transport

MAGIC_COOKIE = "z9hG4bK"
LARGEST_ON_UDP = 1300
"""Bytes of a request where the path's MTU is unknown, as it always is to us (RFC 3261 18.1.1)."""

_SHORT_TAG = 8
"""Hexadecimal digits: the 32 bits that RFC 3261 section 19.3 asks for."""

Key = tuple[str, ...]
Deliver = Callable[[Request, ServerTransaction | None, Address, float], None]


class TransactionLayer:
    """All transactions of one user agent.

    ``local_address(towards)`` is the address that packets to ``towards`` leave from: it goes into
    our Via. ``strangers`` says who is answered; without it everybody is.
    """

    timers: SipTimers
    queue: TimerQueue

    def __init__(
        self,
        *,
        identifiers: Identifiers,
        local_address: Callable[[Address], Address],
        deliver: Deliver,
        timers: SipTimers,
        strangers: Strangers | None = None,
    ) -> None:
        self.timers = timers
        self.queue = TimerQueue()
        self.identifiers = identifiers
        self.dead_addresses = DeadAddresses()
        self.outbox: list[tuple[bytes, Address]] = []
        self.strangers = strangers
        self._local_address = local_address
        self._deliver = deliver
        self._tag = ""
        self._clients: dict[Key, ClientTransaction] = {}
        self._servers: dict[Key, ServerTransaction] = {}
        self._initial: set[Key] = set()

    def request(
        self,
        request: Request,
        to: Address,
        user: ClientUser,
        now: float,
        *,
        any_size: bool = False,
        own: Address | None = None,
    ) -> ClientTransaction:
        """Send a request that has no Via yet; its responses go to ``user``.

        ``own`` is the address that stands in its Via; without it, where it leaves from.

        One of more than `LARGEST_ON_UDP` bytes goes over TCP to the same place (RFC 3261 18.1.1),
        unless ``any_size`` says that it was tried.

        Raises:
            NetworkError: there is no way to ``to``, or none that the Request-URI allows.
        """
        branch = self.identifiers.branch()
        via = self._make_via(request, to, branch, own)
        data = request.encode(via)
        destination = to
        if len(data) > LARGEST_ON_UDP and to.transport is Transport.UDP and not any_size:
            destination = evolve(to, transport=Transport.TCP)
            via = self._make_via(request, destination, branch)
            data = request.encode(via)
        if self.strangers is not None:
            self.strangers.met.add(to.host, now)
        key = (branch, request.method)
        transaction = ClientTransaction(self, key, request, via, data, to, destination, user, now)
        self._clients[key] = transaction
        return transaction

    def cancel(self, invite: ClientTransaction, now: float) -> None:
        """Send the CANCEL of an INVITE that got a provisional response (RFC 3261 9.1)."""
        sent, via, to = invite.request, invite.via, invite.destination
        keep = ("route", "from", "to", "call-id")
        headers = [
            *((name, value) for name, value in sent.headers.items() if name.lower() in keep),
            ("Max-Forwards", "70"),
            ("CSeq", f"{sent.cseq.number} CANCEL"),
        ]
        request = Request("CANCEL", sent.uri, Headers(headers))
        key = (invite.key[0], "CANCEL")
        data = request.encode(via)
        self._clients[key] = ClientTransaction(self, key, request, via, data, to, to, NOBODY, now)

    def send_request(self, request: Request, to: Address, own: Address | None = None) -> bytes:
        """Send a request outside any transaction (the ACK of a 2xx); returns it for resending.

        Raises:
            NetworkError: as `request`.
        """
        via = self._make_via(request, to, self.identifiers.branch(), own)
        data = request.encode(via)
        self.send(data, to)
        return data

    def own_address(self, to: Address, wanted: OwnAddress | None) -> Address:
        """What we say of ourselves on the way to ``to``: ``wanted``, else where packets leave from.

        Raises:
            NetworkError: there is no way to ``to``.
        """
        local = self._local_address(to)
        return local if wanted is None else wanted.towards(to, local)

    def receive(self, data: bytes, source: Address, now: float) -> None:
        """A packet came. What is no SIP is dropped, what can be refused is refused."""
        try:
            message = parse_message(data)
        except MessageError as error:
            request = error.request
            if isinstance(request, Request) and self.admits(request, source, now):
                warning = ("Warning", _warning(str(error)))
                self._refuse_from(source, request, error.status, len(data), now, warning)
            return
        if isinstance(message, Response):
            self._receive_response(message, source, now)
        else:
            self._receive_request(message, source, len(data), now)

    def admits(self, request: Request, source: Address, now: float) -> bool:
        """Whether ``request``, which is outside our dialogs, gets an answer."""
        return self.strangers is None or self.strangers.admits(request, source, now)

    def refuse(
        self,
        request: Request,
        to: Address,
        status: int,
        now: float,
        *,
        most: int,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Answer statelessly (RFC 3261 8.2.7): nothing is kept, nothing is retransmitted.

        The answer to the same request is the same again. It has at most ``most`` bytes, as many as
        came (`short_answer`), else none is sent.
        """
        if self.strangers is not None and not self.strangers.may_answer(to, now):
            return
        from siptapi_core.machine.short_answer import short_answer  # noqa: PLC0415  # rarely sent

        self._tag = self._tag or self.identifiers.tag()[:_SHORT_TAG]
        data = short_answer(request, status, self._tag, headers, most)
        if data is not None:
            self.send(data, to)

    def transport_error(
        self, address: Address, now: float, problem: str = "", *, broken: bool = False
    ) -> None:
        """Packets to ``address`` are refused: who still waits for a first word there is told.

        ``broken``: it was a connection on which they had been sent, so they may have arrived.
        """
        problem = problem or f"{address} refuses our packets"
        refused = way_of(address)
        unheard = [each for each in self._clients.values() if each.is_unheard]
        for transaction in [each for each in unheard if way_of(each.destination) == refused]:
            transaction.transport_error(problem, now, broken=broken)

    def send(self, data: bytes, to: Address) -> None:
        """Put a packet into the outbox."""
        self.outbox.append((data, to))

    def forget(self, key: Key) -> None:
        """A transaction ended."""
        self._clients.pop(key, None)
        server = self._servers.pop(key, None)
        if server is not None:
            self._initial.discard(server.initial)

    def invite_to_cancel(self, cancel: Request) -> ServerTransaction | None:
        """The INVITE that a CANCEL means (RFC 3261 9.2)."""
        return self._servers.get(_server_key(cancel, "INVITE"))

    def __len__(self) -> int:
        """How many transactions live."""
        return len(self._clients) + len(self._servers)

    def _make_via(
        self, request: Request, to: Address, branch: str, own: Address | None = None
    ) -> str:
        uri = request.uri
        secure = to.transport is Transport.TLS
        if isinstance(uri, SipUri) and uri.scheme == "sips" and not secure:
            raise NetworkError(f"{uri} may be reached over TLS only, not at {to}")
        own = own or self._local_address(to)
        return f"{_sent_by(own.host, own.port, to.transport)};branch={branch};rport"

    def _receive_response(self, response: Response, source: Address, now: float) -> None:
        via, *others = response.headers.lines("Via")
        if others or ("," in via and len(split_values(via)) > 1):
            return  # not ours, or misrouted (RFC 3261 8.1.3.3)
        transaction = self._clients.get((response.via.branch or "", response.cseq.method))
        if transaction is not None:
            transaction.receive(response, source, now)

    def _refuse_from(
        self,
        source: Address,
        request: Request,
        status: int,
        size: int,
        now: float,
        *headers: tuple[str, str],
    ) -> None:
        marked = mark_source(request, source)
        to = reply_address(marked.via, source)
        self.refuse(marked, to, status, now, most=size, headers=headers)

    def _receive_request(self, request: Request, source: Address, size: int, now: float) -> None:
        request = mark_source(request, source)
        method = request.method
        key = _server_key(request, "INVITE" if method == "ACK" else method)
        known = self._servers.get(key)
        if known is not None:
            if method == "ACK":
                known.acknowledge(now)
            else:
                known.receive_again(now)
            return
        if method == "ACK":
            self._deliver(request, None, source, now)
            return
        initial: Key = ()
        if request.to.tag is None:
            initial = _initial_key(request)
            if initial in self._initial:  # it came by another way before (RFC 3261 8.2.2.2)
                if self.admits(request, source, now):
                    self._refuse_from(source, request, 482, size, now)
                return
            self._initial.add(initial)
        reply_to = reply_address(request.via, source)
        transaction = ServerTransaction(self, key, request, reply_to, size, initial)
        self._servers[key] = transaction
        self._deliver(request, transaction, source, now)


@lru_cache(maxsize=1024)
def _sent_by(host: str, port: int, transport: Transport) -> str:
    return str(Via(transport.upper(), host, port))


def _server_key(request: Request, method: str) -> Key:
    """RFC 3261 17.2.3; without the magic cookie, or with it alone, the rules of RFC 2543."""
    via = request.via
    branch = via.branch
    if branch is not None and branch.startswith(MAGIC_COOKIE) and branch != MAGIC_COOKIE:
        return (branch.lower(), via.host.lower(), str(via.port or ""), method)
    return (
        str(via),
        str(request.uri),
        request.from_.tag or "",
        request.call_id,
        str(request.cseq.number),
        method,
    )


def _initial_key(request: Request) -> Key:
    """A proxy that forks to two Contacts of ours means two user agents (RFC 3261 16.6)."""
    return (request.call_id, str(request.cseq), request.from_.tag or "", str(request.uri))


def _warning(problem: str) -> str:
    text = "".join(c if c.isprintable() and c not in '"\\' else "'" for c in problem)
    return f'399 siptapi "{text[:200]}"'
