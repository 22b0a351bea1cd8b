"""The seam between a machine and the world: what anything that can be driven looks like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from siptapi_core.targets import Address


class Endpoint(Protocol):
    """A machine: bytes and the time in, bytes and a deadline out. ``now`` is monotonic seconds."""

    def receive(self, data: bytes, source: Address, now: float) -> None:
        """Take in one datagram that came from ``source``."""
        ...

    def handle_timer(self, now: float) -> None:
        """Do what is due at ``now``."""
        ...

    def next_timer(self) -> float | None:
        """When `handle_timer` must be called at the latest; None: not at all."""
        ...

    def datagrams(self) -> Iterable[tuple[bytes, Address]]:
        """Take out what is to be sent, with its destination; a second call gives nothing."""
        ...
