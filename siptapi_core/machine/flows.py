"""The ways on which we wait for requests: kept open together, and watched together.

All lines of one registrar share our UDP socket, so one packet keeps the way to it open for all of
them, and one refused packet says that it is gone for all of them.
"""

from __future__ import annotations

from typing import Protocol

from siptapi_core.machine.keepalive import Keepalive
from siptapi_core.machine.transaction_layer import TransactionLayer
from siptapi_core.targets import Address

_Place = tuple[str, str]


class FlowUser(Protocol):
    """Who waits for requests on a flow (RFC 5626 calls it so)."""

    def on_flow_lost(self, now: float) -> None:
        """It is gone, and the user has left it: nothing comes this way any more."""
        ...


class _Flow:
    """The way ``to``; ``interval`` is the shortest of its users', 0: none wants it kept open."""

    __slots__ = ("interval", "keepalive", "to", "users")

    def __init__(self, to: Address) -> None:
        self.to = to
        self.users: dict[FlowUser, None] = {}
        self.interval = 0.0
        self.keepalive: Keepalive | None = None


class Flows:
    """Every flow of one user agent, as long as somebody uses it."""

    def __init__(self, layer: TransactionLayer) -> None:
        self._layer = layer
        self._flows: dict[_Place, _Flow] = {}

    def join(self, user: FlowUser, to: Address, interval: float, now: float) -> None:
        """Tell ``user`` when the way to ``to`` is lost; keep it open by a packet an ``interval``.

        ``interval`` is in seconds, 0 for none. Harmless when ``user`` has joined already.
        """
        flow = self._flows.setdefault(_place(to), _Flow(to))
        flow.users[user] = None
        if interval and not (flow.interval and flow.interval <= interval):
            _stop(flow)
            flow.interval = interval
            flow.keepalive = Keepalive(self._layer, interval, lambda: to)
            flow.keepalive.start(now)

    def leave(self, user: FlowUser, to: Address) -> None:
        """``user`` does not wait there any more. Harmless when it has left already."""
        flow = self._flows.get(_place(to))
        if flow is not None and user in flow.users:
            del flow.users[user]
            if not flow.users:
                _stop(self._flows.pop(_place(to)))

    def on_refused(self, address: Address, now: float) -> None:
        """Packets to ``address`` are refused, the connection to it is lost, or we have moved."""
        flow = self._flows.pop(_place(address), None)
        if flow is not None:
            _stop(flow)
            for user in flow.users:
                user.on_flow_lost(now)

    def ways(self) -> list[Address]:
        """Where they lead."""
        return [flow.to for flow in self._flows.values()]

    def __len__(self) -> int:
        """How many flows there are."""
        return len(self._flows)


def _stop(flow: _Flow) -> None:
    if flow.keepalive is not None:
        flow.keepalive.stop()


def _place(address: Address) -> _Place:
    """Host, port, transport and, of a connection, the line: the name to verify is no other way."""
    return str(address), address.line
