"""Keeps the SIP messages of calls that went wrong, so that somebody can still look at them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from siptapi_core.events import CallEnded, CallEvent, CallId, Event, Outcome, TracedMessage
from siptapi_core.history import CallHistory

SETTLED_AFTER = 2.0
"""Seconds from the end of our part to the last message, mostly: a BYE and its answer follow it."""
_WENT_WELL = frozenset({Outcome.ANSWERED, Outcome.CANCELLED})


class FailedCalls:
    """A sink of events: messages of calls that failed go into ``history``.

    So do those of calls of which nobody knows how they went. ``messages_of(call)`` has them.
    """

    def __init__(
        self, history: CallHistory, messages_of: Callable[[CallId], tuple[TracedMessage, ...]]
    ) -> None:
        self._history = history
        self._messages_of = messages_of
        self._waiting: dict[CallId, tuple[str, asyncio.TimerHandle]] = {}
        self._writing: set[asyncio.Task[None]] = set()

    def on_event(self, event: Event) -> None:
        """Take note of the end of a call."""
        if isinstance(event, CallEvent) and isinstance(event.happening, CallEnded):
            if event.happening.outcome in _WENT_WELL:
                return
            timer = asyncio.get_running_loop().call_later(SETTLED_AFTER, self._write, event.call)
            self._waiting[event.call] = (event.line, timer)

    async def close(self) -> None:
        """Keep what there is of those that ended a moment ago."""
        for call, (_line, timer) in tuple(self._waiting.items()):
            timer.cancel()
            self._write(call)
        if self._writing:
            await asyncio.wait(tuple(self._writing))

    def _write(self, call: CallId) -> None:
        line, _timer = self._waiting.pop(call)
        messages = self._messages_of(call)
        if messages:
            writing = asyncio.get_running_loop().create_task(
                self._history.keep_messages(call, line, messages)
            )
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)
