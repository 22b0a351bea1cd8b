"""Our Contact in one call: where the one who reads it sends requests of its own."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from siptapi_core.sip.message import Request
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Transport


class Contacting(Protocol):
    """What a plan says that matters to our Contact."""

    @property
    def target(self) -> SipUri:
        """Whom the first request is to."""
        ...

    @property
    def from_(self) -> NameAddr:
        """Who we say we are."""
        ...

    @property
    def route(self) -> tuple[NameAddr, ...]:
        """The preloaded route set."""
        ...


class OwnContact:
    """Our address on the way that a request takes, as a Contact's value.

    The Contact follows the call from way to way: ``value`` is what was said last, at first what
    ``to`` is told. ``own`` is always our address on the way to ``to``.
    """

    __slots__ = ("_scheme", "_user", "value")

    def __init__(self, plan: Contacting, to: Address, own: Address) -> None:
        top = plan.route[0].uri if plan.route else plan.target
        secure = "sips" in (plan.target.scheme, isinstance(top, SipUri) and top.scheme)
        self._scheme = "sips" if secure else "sip"
        self._user = plan.from_.uri.user if isinstance(plan.from_.uri, SipUri) else None
        self.value = self.towards(to, own)

    def towards(self, to: Address, own: Address) -> str:
        """The Contact at which ``to`` reaches us: with TCP, our end of the connection to it."""
        return _contact(self._scheme, self._user, own.host, own.port, to.transport)

    def fit(self, request: Request, to: Address, own: Address) -> Request:
        """``request``, with the right Contact for ``to`` where it has one."""
        given = request.headers.lines("Contact")
        if not given:
            return request
        self.value = self.towards(to, own)
        if given == (self.value,):
            return request
        return request.with_headers(request.headers.replaced("Contact", self.value))


@lru_cache(maxsize=1024)  # it seldom changes, and every request asks
def _contact(scheme: str, user: str | None, host: str, port: int, transport: Transport) -> str:
    uri = SipUri(host=host, user=user, port=port, scheme=scheme)
    if transport is not Transport.UDP and scheme != "sips":
        uri = uri.with_parameter("transport", transport)
    return str(NameAddr(uri))
