"""Where nobody was lately: remembered by the whole user agent, and tried last (RFC 3263 4.3)."""

from __future__ import annotations

from siptapi_core.machine.way import way_of
from siptapi_core.targets import Address

DEAD_SECONDS = 300.0
"""How long an address counts as dead. Nothing is lost by it: its standby serves as well."""


class DeadAddresses:
    """Ways (`way_of`) on which a request met nobody, each for a while.

    None is ever left out: when all are dead, they are tried as if none were.
    """

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: dict[Address, float] = {}

    def add(self, address: Address, now: float, seconds: float = DEAD_SECONDS) -> None:
        """Nobody is there, or who is there asked to be left alone for ``seconds``."""
        self._until = {way: until for way, until in self._until.items() if until > now}
        self._until[way_of(address)] = now + seconds

    def discard(self, address: Address) -> None:
        """Somebody answered there."""
        if self._until:
            self._until.pop(way_of(address), None)

    def last(self, addresses: tuple[Address, ...], now: float) -> tuple[Address, ...]:
        """``addresses`` in their order, but the dead behind the living."""
        if not self._until:
            return addresses
        return tuple(sorted(addresses, key=lambda each: self._until.get(way_of(each), now) > now))
