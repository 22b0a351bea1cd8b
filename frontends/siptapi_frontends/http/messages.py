"""The SIP messages of calls, kept for a while for who draws them.

To trace a message costs about 0.1 ms, several times what the rest of it does, so it is done only
while somebody may want to see: while the page is open somewhere or a listener asks for messages,
and for `ASKED_SECONDS` after somebody asked for those of a call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from siptapi_core.contracts import Clock, Dialer, Logger
from siptapi_core.errors import RefusedError
from siptapi_core.events import CallEvent, CallId, Event, TracedMessage
from siptapi_core.value_encoding import ValueEncoding
from siptapi_frontends.http.broadcaster import Broadcaster
from siptapi_frontends.http.json_response import to_json

ASKED_SECONDS = 600.0
MOST_CALLS = 2000
"""Whose line is remembered, and whose messages, the latest of each."""
MOST_OF_ONE = 200
MOST_CHARACTERS = 8 * 1024 * 1024
_encoding = ValueEncoding()


class _Exchange:
    """The messages of one Call-ID; ``call`` is known when one of them said it."""

    __slots__ = ("call", "messages", "size")

    def __init__(self) -> None:
        self.call: CallId = ""
        self.messages: deque[dict[str, Any]] = deque(maxlen=MOST_OF_ONE)
        self.size = 0


class MessageLog:
    """What `Dialer.traced` tells, while it is wanted, by call."""

    def __init__(
        self, dialer: Dialer, broadcaster: Broadcaster, *, clock: Clock, logger: Logger
    ) -> None:
        self._dialer = dialer
        self._broadcaster = broadcaster
        self._clock = clock
        self._logger = logger
        self._lines: dict[CallId, str] = {}
        self._exchanges: dict[str, _Exchange] = {}
        self._size = 0
        self._until = 0.0
        self._wanted = asyncio.Event()
        broadcaster.sinks.append(self._on_event)
        broadcaster.on_listener.append(self._on_listener)

    def line_of(self, call: CallId) -> str | None:
        """The line of a call, where it is remembered."""
        return self._lines.get(call)

    def of(self, call: CallId) -> list[dict[str, Any]]:
        """What there is of ``call``, as plain data, in order; from now on more is kept."""
        self._until = self._clock.monotonic() + ASKED_SECONDS
        self._wanted.set()
        exchanges = self._exchanges.values()
        found = [message for each in exchanges if each.call == call for message in each.messages]
        return sorted(found, key=lambda message: message["time"])

    async def run(self) -> None:
        """Keep what is traced, whenever it is wanted, until this is cancelled."""
        while True:
            await self._wanted.wait()
            try:
                async for message in self._dialer.traced():
                    if not self._is_wanted():
                        break
                    self._take(message)
                else:
                    return  # the dialer is closed
            except RefusedError as error:  # too many at once: some are missing then
                self._logger.warning("messages missed", why=str(error))
            self._wanted.clear()
            if self._is_wanted():
                self._wanted.set()

    def _is_wanted(self) -> bool:
        listeners = self._broadcaster.listeners
        return self._clock.monotonic() < self._until or any(each.keeps for each in listeners)

    def _on_listener(self) -> None:
        if self._is_wanted():
            self._wanted.set()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, CallEvent) and event.call not in self._lines:
            self._lines[event.call] = event.line
            if len(self._lines) > MOST_CALLS:
                del self._lines[next(iter(self._lines))]

    def _take(self, message: TracedMessage) -> None:
        exchange = self._exchanges.get(message.call_id)
        if exchange is None:
            if not message.text.startswith("INVITE "):
                return  # a registration, or the end of what is forgotten
            exchange = self._exchanges[message.call_id] = _Exchange()
        exchange.call = message.call or exchange.call
        data = self._encode(message, exchange.call)
        size = len(message.text)
        if len(exchange.messages) < MOST_OF_ONE:
            exchange.messages.append(data)
            exchange.size += size
            self._size += size
        while self._size > MOST_CHARACTERS or len(self._exchanges) > MOST_CALLS:
            self._size -= self._exchanges.pop(next(iter(self._exchanges))).size
        line = self._lines.get(exchange.call)
        piece = b"event: message\ndata: %s\n\n" % to_json(data)
        self._broadcaster.tell_aside(
            piece,
            lambda each: each.traces and (each.lines is None or line in each.lines),
        )

    def _encode(self, message: TracedMessage, call: CallId) -> dict[str, Any]:
        return {
            **_encoding.encode_fields(message),
            "time": self._clock.time() - self._clock.monotonic() + message.time,
            "call": call,
            "first_line": message.first_line,
        }
