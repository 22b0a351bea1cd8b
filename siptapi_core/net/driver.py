"""Drives a machine in an event loop: the input, then what it wants sent, then its next deadline."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import TypeVarTuple

from siptapi_core.machine.endpoint import Endpoint
from siptapi_core.targets import Address

What = TypeVarTuple("What")


class Driver:
    """Everything that happens to ``endpoint`` happens through `drive`.

    ``send(data, to)`` must not block. One timer of the loop serves all that is due later, on the
    loop's own clock.
    """

    def __init__(self, endpoint: Endpoint, send: Callable[[bytes, Address], None]) -> None:
        self._endpoint = endpoint
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._wake_up: asyncio.TimerHandle | None = None
        self._wakes_up_at = math.inf  # -inf: never again

    def drive(self, do: Callable[[*What, float], None], *what: *What) -> None:
        """Let ``do(*what, now)`` act on the endpoint, and carry out what follows from it.

        A datagram came: ``drive(endpoint.receive, data, source)``.
        """
        try:
            do(*what, self._loop.time())
        finally:
            for data, to in self._endpoint.datagrams():
                self._send(data, to)
            deadline = self._endpoint.next_timer()
            # Waking up too early is harmless, and cheaper than a new timer.
            if deadline is not None and deadline < self._wakes_up_at:
                self._set_wake_up(deadline)

    def close(self) -> None:
        """Wake up no more."""
        self._wakes_up_at = -math.inf
        if self._wake_up is not None:
            self._wake_up.cancel()

    def _set_wake_up(self, deadline: float) -> None:
        if self._wake_up is not None:
            self._wake_up.cancel()
        self._wakes_up_at = deadline
        self._wake_up = self._loop.call_at(deadline, self._on_wake_up)

    def _on_wake_up(self) -> None:
        self._wake_up, self._wakes_up_at = None, math.inf
        self.drive(self._endpoint.handle_timer)
