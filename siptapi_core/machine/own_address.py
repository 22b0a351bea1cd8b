"""Where the others of one call reach us: what our Contact, Via and session descriptions say.

Behind a NAT our socket's own address is of no use to them. Over UDP, and in this order, we say:
what the plan advertises (STUN told the strategy), what a response said about where our request
came from (``received`` and ``rport``, RFC 3581), the socket's own address.
"""

from __future__ import annotations

import ipaddress
from typing import Protocol

from siptapi_core.sip.message import Response
from siptapi_core.targets import Address, Transport

_LARGEST_PORT = 65535


class Addressing(Protocol):
    """What a plan says of how others reach us over UDP."""

    @property
    def advertised(self) -> Address | None:
        """What to say in place of our socket's own address."""
        ...

    @property
    def learn_address(self) -> bool:
        """Whether to say what responses showed us (RFC 3581)."""
        ...


class OwnAddress:
    """What one call or registration says of itself, as its plan wants it."""

    __slots__ = ("_advertised", "_learned", "_learns")

    def __init__(self, plan: Addressing) -> None:
        self._advertised = plan.advertised
        self._learns = plan.learn_address and plan.advertised is None
        self._learned: dict[bool, Address] = {}  # by: is it IPv6?

    def towards(self, to: Address, local: Address) -> Address:
        """What to tell ``to``; ``local`` is the socket's own address on the way there."""
        if to.transport is not Transport.UDP:
            return local
        return self._advertised or self._learned.get(":" in to.host, local)

    def hear(self, response: Response, source: Address) -> None:
        """Learn from a response, where the plan wants that; what cannot be is ignored."""
        if not self._learns or source.transport is not Transport.UDP:
            return
        via = response.via
        host, port = via.received or via.host, via.rport or ""
        try:
            is_v6 = ipaddress.ip_address(host).version == 6  # noqa: PLR2004
        except ValueError:
            return
        if is_v6 is (":" in source.host) and port.isdecimal() and 0 < int(port) <= _LARGEST_PORT:
            self._learned[is_v6] = Address(host, int(port))
