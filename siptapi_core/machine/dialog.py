"""Dialogs: who talks to whom by which way, and in what order (RFC 3261 section 12).

A dialog is early or confirmed by the response that made it; SIPTAPI needs only confirmed ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Self

from siptapi_core.errors import MessageError
from siptapi_core.sip.message import Headers, Request, Response
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri


class Dialog:
    """One side of a dialog. ``routes`` is the route set.

    ``local`` and ``remote`` are From and To with their tags, as the messages have them.
    """

    __slots__ = (
        "_common",
        "call_id",
        "local",
        "local_cseq",
        "remote",
        "remote_cseq",
        "remote_target",
        "routes",
    )

    def __init__(
        self,
        *,
        call_id: str,
        local: str,
        remote: str,
        remote_target: SipUri,
        routes: tuple[NameAddr, ...],
        local_cseq: int,
        remote_cseq: int | None = None,
    ) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.remote_target = remote_target
        self.routes = routes
        self.local_cseq = local_cseq
        self.remote_cseq = remote_cseq
        self._common = self._write(routes)  # once for all requests

    @classmethod
    def from_response(cls, request: Request, response: Response) -> Self:
        """The caller's side (RFC 3261 12.1.2).

        A response without a usable Contact leaves the remote target at the request's URI.

        Raises:
            MessageError: its Record-Route cannot be read.
        """
        remote_target = None
        with suppress(MessageError):
            remote_target = _contact(response)
        return cls(
            call_id=response.call_id,
            local=request.headers.only("From"),
            remote=response.headers.only("To"),
            remote_target=remote_target or _sip(request),
            routes=tuple(reversed(response.record_routes)),
            local_cseq=request.cseq.number,
        )

    @classmethod
    def from_request(cls, request: Request, local_tag: str) -> Self:
        """The called side (RFC 3261 12.1.1), for a request that is answered with ``local_tag``.

        Raises:
            MessageError: a header that a dialog is made of cannot be read.
        """
        from_uri = request.from_.uri
        fallback = from_uri if isinstance(from_uri, SipUri) else _sip(request)
        return cls(
            call_id=request.call_id,
            local=str(request.to.with_tag(local_tag)),
            remote=request.headers.only("From"),
            remote_target=_contact(request) or fallback,
            routes=request.record_routes,
            local_cseq=0,
            remote_cseq=request.cseq.number,
        )

    @property
    def next_hop(self) -> SipUri:
        """Where requests go: the first route, else the remote target (RFC 3261 12.2.1.1, 8.1.2)."""
        if self.routes and isinstance(self.routes[0].uri, SipUri):
            return self.routes[0].uri
        return self.remote_target

    def next_cseq(self) -> int:
        """The number of the next request."""
        self.local_cseq += 1
        return self.local_cseq

    def create_request(
        self,
        method: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        cseq: int | None = None,
    ) -> Request:
        """A request inside the dialog, without Via; ``cseq`` only for an ACK: its INVITE's."""
        uri, common = self.remote_target, self._common
        if self.routes and not self._first_is_loose:
            # A strict router (RFC 2543) wants itself in the Request-URI, the target last.
            first = self.next_hop
            uri = SipUri(
                host=first.host,
                user=first.user,
                port=first.port,
                scheme=first.scheme,
                password=first.password,
                parameters=tuple(p for p in first.parameters if p[0].lower() != "method"),
            )
            common = self._write((*self.routes[1:], NameAddr(self.remote_target)))
        number = self.next_cseq() if cseq is None else cseq
        pairs = (("CSeq", f"{number} {method}"), *headers)
        return Request(method, uri, common.extended(pairs), body)

    def take(self, request: Request) -> bool:
        """Whether a request from the other side is in order (RFC 3261 12.2.2); remembers it."""
        number = request.cseq.number
        if self.remote_cseq is not None and number < self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def refresh_target(self, message: Request | Response) -> None:
        """A target refresh (re-INVITE, UPDATE, NOTIFY and their responses) moves the other end."""
        self.remote_target = _contact(message) or self.remote_target

    def _write(self, routes: tuple[NameAddr, ...]) -> Headers:
        pairs = [("Route", str(route)) for route in routes] if routes else []
        pairs += (
            ("Max-Forwards", "70"),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
        )
        return Headers(pairs)

    @property
    def _first_is_loose(self) -> bool:
        uri = self.routes[0].uri
        return isinstance(uri, SipUri) and uri.is_loose_router


def _contact(message: Request | Response) -> SipUri | None:
    contact = message.contact
    return contact.uri if contact is not None and isinstance(contact.uri, SipUri) else None


def _sip(request: Request) -> SipUri:
    return request.uri if isinstance(request.uri, SipUri) else SipUri(host="invalid.invalid")
