"""A packet now and then on the way that requests take, so that NATs on it do not forget us."""

from __future__ import annotations

from collections.abc import Callable

from siptapi_core.machine.timers import Timer
from siptapi_core.machine.transaction_layer import TransactionLayer
from siptapi_core.targets import Address

EMPTY_LINES = b"\r\n\r\n"
"""Nothing to a SIP element (RFC 3261 7.5), and a packet of ours to every NAT."""


class Keepalive:
    """Sends `EMPTY_LINES` every ``interval`` seconds (0: never) to where ``destination()`` says.

    Only over UDP: TCP and TLS connections have pings of their own.
    """

    __slots__ = (
        "_destination",
        "_interval",
        "_layer",
        "_timer",
    )

    def __init__(
        self, layer: TransactionLayer, interval: float, destination: Callable[[], Address]
    ) -> None:
        self._layer = layer
        self._interval = interval
        self._destination = destination
        self._timer: Timer | None = None

    def start(self, now: float) -> None:
        """Begin; the first is sent after one interval."""
        if self._interval:
            self._timer = self._layer.queue.schedule(now + self._interval, self._on_timer)

    def stop(self) -> None:
        """Send no more."""
        self._layer.queue.cancel(self._timer)

    def _on_timer(self, now: float) -> None:
        destination = self._destination()
        if not destination.transport.reliable:
            self._layer.send(EMPTY_LINES, destination)
        self.start(now)
