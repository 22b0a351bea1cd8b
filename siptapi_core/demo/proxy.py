"""A small SIP proxy and registrar for demonstrations: stateless (RFC 3261 16.11), on UDP.

It asks for a password, stays in the way by Record-Route, and knows its users' phones by
configuration or REGISTER: enough to be called through by any phone, too little for a PBX.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from siptapi_core.errors import MessageError
from siptapi_core.machine.response_routing import mark_source, reply_address
from siptapi_core.sip.auth import Authorization, Challenge
from siptapi_core.sip.message import Request, Response, parse_message
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.sip.via import Via
from siptapi_core.targets import Address

TAG = "demo-proxy"
"""The To tag of the proxy's own refusals; their ACKs stop here."""


class DemoProxy:
    """The proxy of ``domain`` at ``address``.

    ``passwords`` by user; ``phones`` where each user's phone is (REGISTER adds to it). ``secret``
    makes the nonce. ``on_passing(data, source, destination)`` is told of every datagram that comes
    or goes, before it is looked at or sent.
    """

    def __init__(
        self,
        address: Address,
        domain: str,
        *,
        passwords: Mapping[str, str],
        phones: Mapping[str, Address],
        secret: str,
    ) -> None:
        self.address = address
        self.domain = domain
        self.phones = dict(phones)
        self._passwords = passwords
        self._nonce = hashlib.sha256(f"nonce {secret}".encode()).hexdigest()[:32]
        self._outbox: list[tuple[bytes, Address]] = []
        self.on_passing: Callable[[bytes, Address, Address], None] = lambda *_passing: None

    def receive(self, data: bytes, source: Address, now: float) -> None:  # noqa: ARG002  # stateless
        """Pass a datagram on, or answer it. What is no SIP is dropped."""
        self.on_passing(data, source, self.address)
        try:
            message = parse_message(data)
            if isinstance(message, Response):
                self._forward_response(message)
            else:
                self._receive_request(mark_source(message, source), source)
        except MessageError:
            return

    def handle_timer(self, now: float) -> None:
        """A stateless proxy waits for nothing."""

    def next_timer(self) -> float | None:
        """Never."""
        return None

    def datagrams(self) -> Iterable[tuple[bytes, Address]]:
        """What is to be sent."""
        taken, self._outbox = self._outbox, []
        for data, to in taken:
            self.on_passing(data, self.address, to)
        return taken

    def _receive_request(self, request: Request, source: Address) -> None:
        if request.method == "ACK" and request.to.tag == TAG:
            return
        if request.method == "REGISTER":
            self._register(request, source)
        elif request.max_forwards == 0:
            self._refuse(request, 483, source)
        elif request.method == "INVITE" and request.to.tag is None and not self._knows(request):
            challenge = ("Proxy-Authenticate", str(self._challenge(proxy=True)))
            self._refuse(request, 407, source, challenge)
        else:
            self._forward_request(request, source)

    def _register(self, request: Request, source: Address) -> None:
        user = request.to.uri.user if isinstance(request.to.uri, SipUri) else None
        if user is None or not self._knows(request):
            challenge = ("WWW-Authenticate", str(self._challenge(proxy=False)))
            self._refuse(request, 401, source, challenge)
            return
        contact = request.contact
        if contact is not None:
            gone = contact.parameter("expires") == "0" or request.expires == 0
            if gone:
                self.phones.pop(user, None)
            else:
                self.phones[user] = source
        bound = [("Contact", f"{contact};expires=3600")] if contact and user in self.phones else []
        self._send(request.response(200, to_tag=TAG, headers=bound), source, request)

    def _knows(self, request: Request) -> bool:
        """Whether the request carries a right answer to our challenge."""
        name = "Authorization" if request.method == "REGISTER" else "Proxy-Authorization"
        for line in request.headers.lines(name):
            given = Authorization.parse(line)
            password = self._passwords.get(given.username)
            if password is not None and given.nonce == self._nonce:
                return given.verify(request.method, request.body, password)
        return False

    def _challenge(self, *, proxy: bool) -> Challenge:
        return Challenge(realm=self.domain, nonce=self._nonce, qop=("auth",), proxy=proxy)

    def _forward_request(self, request: Request, source: Address) -> None:
        headers = request.headers
        routes = list(request.routes)
        if routes and self._is_me(routes[0].uri):
            routes = routes[1:]
            headers = headers.replaced("Route", *map(str, routes))
        hop = routes[0].uri if routes else request.uri
        to = self._address(hop)
        if to is None:
            if request.method != "ACK":
                self._refuse(request, 404, source)
            return
        via = Via(
            transport="UDP",
            host=self.address.host,
            port=self.address.port,
            parameters=(("branch", self._branch(request)),),
        )
        headers = headers.with_first("Via", str(via))
        remaining = 70 if request.max_forwards is None else request.max_forwards
        headers = headers.replaced("Max-Forwards", str(remaining - 1))
        if request.method == "INVITE":
            me = SipUri(host=self.address.host, port=self.address.port, parameters=(("lr", None),))
            headers = headers.with_first("Record-Route", str(NameAddr(me)))
        self._outbox.append((request.with_headers(headers).encode(), to))

    def _forward_response(self, response: Response) -> None:
        ours, *others = response.vias
        if (ours.host, ours.port) != (self.address.host, self.address.port) or not others:
            return
        back = others[0]
        host = back.received or back.host
        rport = back.rport or ""
        port = int(rport) if rport.isdecimal() else back.port or 5060
        headers = response.headers.replaced("Via", *map(str, others))
        passed = Response(response.status, response.reason, headers, response.body)
        self._outbox.append((passed.encode(), Address(host, port)))

    def _address(self, uri: object) -> Address | None:
        if not isinstance(uri, SipUri):
            return None
        if uri.host in (self.domain, self.address.host) and uri.port in (None, self.address.port):
            return self.phones.get(uri.user_text)
        if uri.host.replace(".", "").isdigit():
            return Address(uri.host, uri.port or 5060)
        return None

    def _is_me(self, uri: object) -> bool:
        me = (self.address.host, self.address.port)
        return isinstance(uri, SipUri) and (uri.host, uri.port or 5060) == me

    def _branch(self, request: Request) -> str:
        """The same for a retransmission, and for the ACK or CANCEL of an INVITE (16.11)."""
        via = request.via
        unique = f"{via.branch} {via.host} {via.port} {request.call_id} {request.cseq.number}"
        return "z9hG4bK" + hashlib.sha256(unique.encode()).hexdigest()[:24]

    def _refuse(
        self, request: Request, status: int, source: Address, *more: tuple[str, str]
    ) -> None:
        if request.method != "ACK":
            self._send(request.response(status, to_tag=TAG, headers=more), source, request)

    def _send(self, response: Response, source: Address, request: Request) -> None:
        self._outbox.append((response.encode(), reply_address(request.via, source)))
