"""Keeps the SIP messages of calls that went wrong, so that somebody can still look at them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from siptapi_core.dialer.outgoing_call import OutgoingCall
from siptapi_core.events import CallId, Outcome, TracedMessage
from siptapi_core.history import CallHistory

SETTLED_AFTER = 2.0
"""Seconds from the end of our part to the last message, mostly: a BYE and its answer follow it."""
MOST_WAITING = 1000
"""Calls; those that ended first are left out. The history keeps no more."""
_WENT_WELL = frozenset({Outcome.ANSWERED, Outcome.CANCELLED})


class FailedCalls:
    """Puts messages of calls that failed into ``history``, one call after the other.

    So do those of calls of which nobody knows how they went. ``messages_of(call)`` has them.
    """

    def __init__(
        self, history: CallHistory, messages_of: Callable[[CallId], tuple[TracedMessage, ...]]
    ) -> None:
        self._history = history
        self._messages_of = messages_of
        self._waiting: deque[tuple[float, CallId, str]] = deque(maxlen=MOST_WAITING)
        self._keeping: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def on_ended(self, call: OutgoingCall) -> None:
        """Take note of the end of a call."""
        if call.outcome in _WENT_WELL:
            return
        loop = asyncio.get_running_loop()
        self._waiting.append((loop.time() + SETTLED_AFTER, call.id, call.line))
        if self._keeping is None or self._keeping.done():
            self._keeping = loop.create_task(self._keep())

    async def close(self) -> None:
        """Keep what there is of those that ended a moment ago."""
        self._closing.set()
        if self._keeping is not None:
            await asyncio.wait([self._keeping])

    async def _keep(self) -> None:
        while self._waiting:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._waiting[0][0]):
                    await self._closing.wait()
            _, call, line = self._waiting.popleft()
            messages = self._messages_of(call)
            if messages:
                await self._history.keep_messages(call, line, messages)
