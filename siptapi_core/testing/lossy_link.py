"""Endpoints joined in memory by a network that loses, repeats, delays and reorders packets.

Nothing here waits: a `FakeClock` jumps from one event to the next, so an hour of retransmissions
takes milliseconds, and the same fates always give the same run.

::

    client, server = ...                          # machines with the methods of Endpoint
    link = LossyLink(fate=script([LOST, AT_ONCE, (0.5, 0.01)]))
    link.join(client, Address("192.0.2.1", 5060))
    link.join(server, Address("192.0.2.2", 5060))
    client.dial(now=link.clock.monotonic())
    link.run()                                    # until nobody has anything left to do
    assert [packet.data for packet in link.packets if packet.fate] == [...]
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

from siptapi_core.targets import Address
from siptapi_core.testing.fake_clock import FakeClock
from siptapi_core.values import Value

Fate: TypeAlias = tuple[float, ...]
"""What becomes of a packet: the delay in seconds of each copy that arrives.

None arrives: ``()``. Twice, the second time late: ``(0.0, 0.5)``. A packet is overtaken by those
sent after it with a shorter delay; those that arrive at one moment keep the order they were sent.
"""

Decide: TypeAlias = Callable[[bytes, Address, Address], Fate]
"""The network: called with each packet's data, source and destination, in the order sent."""

LOST: Fate = ()
AT_ONCE: Fate = (0.0,)


class Endpoint(Protocol):
    """A machine that can be joined: bytes and the time in, bytes and a deadline out."""

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


class Packet(Value):
    """One datagram on the link. ``time`` is when it was sent, monotonic seconds."""

    time: float
    source: Address
    destination: Address
    data: bytes
    fate: Fate


def script(fates: Iterable[Fate], *, then: Fate = AT_ONCE) -> Decide:
    """Decide by a list, such as one that hypothesis drew: packet by packet, ``then`` at its end."""
    remaining = iter(fates)
    return lambda _data, _source, _destination: next(remaining, then)


class LossyLink:
    """Delivers what its endpoints send, as ``fate`` decides.

    ``packets`` records everything that was sent, in order. What goes to an address where nobody
    is joined is recorded, and lost.
    """

    def __init__(
        self,
        *,
        fate: Decide = lambda _data, _source, _destination: AT_ONCE,
        clock: FakeClock | None = None,
    ) -> None:
        self.clock = clock or FakeClock()
        self.packets: list[Packet] = []
        self._fate = fate
        self._endpoints: dict[str, tuple[Address, Endpoint]] = {}
        self._arrivals: list[tuple[float, int, Packet]] = []
        self._copies = 0

    def join(self, endpoint: Endpoint, address: Address) -> None:
        """Connect ``endpoint``; others reach it at ``address``.

        Raises:
            ValueError: somebody else is there already.
        """
        place = str(address)  # transport, host and port: a verify_name is no other place
        if place in self._endpoints:
            raise ValueError(f"there is an endpoint at {place} already")
        self._endpoints[place] = address, endpoint

    def run(self, until: float | None = None, *, steps: int = 10_000) -> None:
        """Let packets travel and timers fire until nothing is left, or the clock reads ``until``.

        A step is a packet that arrives, or all the timers that are due; packets come before the
        timers of the same moment.

        Raises:
            AssertionError: there is still something to do after so many ``steps``.
        """
        for _ in range(steps):
            self._collect()
            moment = self._next_moment()
            if moment is None or (until is not None and moment > until):
                break
            self.clock.advance_to(max(moment, self.clock.monotonic()))
            self._step()
        else:
            raise AssertionError(
                f"the link is still busy after {steps} steps, at {self.clock.monotonic()} s; "
                f"its last packets: {self.packets[-3:]}"
            )
        if until is not None:
            self.clock.advance_to(max(until, self.clock.monotonic()))

    def _collect(self) -> None:
        now = self.clock.monotonic()
        for source, endpoint in self._endpoints.values():
            for data, destination in endpoint.datagrams():
                fate = self._fate(data, source, destination)
                packet = Packet(now, source, destination, data, fate)
                self.packets.append(packet)
                for delay in fate:
                    self._copies += 1
                    heapq.heappush(self._arrivals, (now + delay, self._copies, packet))

    def _next_moment(self) -> float | None:
        moments = [endpoint.next_timer() for _, endpoint in self._endpoints.values()]
        if self._arrivals:
            moments.append(self._arrivals[0][0])
        return min((moment for moment in moments if moment is not None), default=None)

    def _step(self) -> None:
        now = self.clock.monotonic()
        if self._arrivals and self._arrivals[0][0] <= now:
            packet = heapq.heappop(self._arrivals)[2]
            _, destination = self._endpoints.get(str(packet.destination), (None, None))
            if destination is not None:
                destination.receive(packet.data, packet.source, now)
            return
        for _, endpoint in self._endpoints.values():
            deadline = endpoint.next_timer()
            if deadline is not None and deadline <= now:
                endpoint.handle_timer(now)
