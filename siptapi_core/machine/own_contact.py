"""Our Contact in one call: where the one who reads it sends requests of its own."""

from __future__ import annotations

from typing import Protocol

from siptapi_core.machine.own_address import OwnAddress
from siptapi_core.machine.user_agent import UserAgent
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
    """What ``own_address`` is on the way that a request takes, as a Contact's value.

    The Contact follows the call from way to way: ``value`` is what was said last, at first what
    ``to`` would be told.
    """

    __slots__ = ("_agent", "_latest", "_own_address", "_secure", "_user", "value")

    def __init__(
        self, plan: Contacting, own_address: OwnAddress, agent: UserAgent, to: Address
    ) -> None:
        self._own_address = own_address
        self._agent = agent
        top = plan.route[0].uri if plan.route else plan.target
        uris = (plan.target, top)
        self._secure = any(isinstance(uri, SipUri) and uri.scheme == "sips" for uri in uris)
        self._user = plan.from_.uri.user if isinstance(plan.from_.uri, SipUri) else None
        self._latest: tuple[Address, Transport, str] | None = None
        self.value = self.towards(to)

    def towards(self, to: Address) -> str:
        """The Contact at which ``to`` reaches us: with TCP, our end of the connection to it."""
        own = self._own_address.towards(to, self._agent.local_address(to))
        latest = self._latest
        if latest is not None and latest[0] is own and latest[1] is to.transport:
            return latest[2]  # it seldom changes, and every request asks
        scheme = "sips" if self._secure else "sip"
        uri = SipUri(host=own.host, user=self._user, port=own.port, scheme=scheme)
        if to.transport is not Transport.UDP and not self._secure:
            uri = uri.with_parameter("transport", to.transport)
        value = str(NameAddr(uri))
        self._latest = own, to.transport, value
        return value

    def fit(self, request: Request, to: Address) -> Request:
        """``request``, with the right Contact for ``to`` where it has one."""
        if "Contact" not in request.headers:
            return request
        self.value = self.towards(to)
        if request.headers.get("Contact") == self.value:
            return request
        return request.with_headers(request.headers.replaced("Contact", self.value))
