"""The SIP messages of calls, told to listeners as they come.

To trace a message costs about 0.1 ms, several times what the rest of it does, so it is done only
while a listener asks for messages. Those of before have an endpoint of their own.
"""

from __future__ import annotations

import asyncio

from siptapi_core.contracts import Dialer, Logger
from siptapi_core.errors import RefusedError
from siptapi_core.events import CallEvent, CallId, Event, TracedMessage
from siptapi_core.value_encoding import ValueEncoding
from siptapi_frontends.http.broadcaster import Broadcaster
from siptapi_frontends.http.json_response import to_json

MOST_CALLS = 2000
"""Whose line is remembered: the latest ones."""
_encoding = ValueEncoding()


class MessageTeller:
    """Tells listeners of ``broadcaster`` what `Dialer.traced` does, of calls that are known."""

    def __init__(self, dialer: Dialer, broadcaster: Broadcaster, logger: Logger) -> None:
        self._dialer = dialer
        self._broadcaster = broadcaster
        self._logger = logger
        self._lines: dict[CallId, str] = {}
        self._wanted = asyncio.Event()
        broadcaster.sinks.append(self._on_event)
        broadcaster.on_listener.append(self._look_who_wants)

    async def run(self) -> None:
        """Tell, whenever somebody wants to know, until this is cancelled."""
        while True:
            await self._wanted.wait()
            try:
                async for message in self._dialer.traced():
                    self._look_who_wants()
                    if not self._wanted.is_set():
                        break
                    self._tell(message)
                else:
                    return  # the dialer is closed
            except RefusedError as error:  # too many at once: some are missing then
                self._logger.warning("messages missed", why=str(error))

    def _look_who_wants(self) -> None:
        if any(each.traces for each in self._broadcaster.listeners):
            self._wanted.set()
        else:
            self._wanted.clear()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, CallEvent) and event.call not in self._lines:
            self._lines[event.call] = event.line
            if len(self._lines) > MOST_CALLS:
                del self._lines[next(iter(self._lines))]

    def _tell(self, message: TracedMessage) -> None:
        if message.call:
            line = self._lines.get(message.call)
            piece = b"event: message\ndata: %s\n\n" % to_json(_encoding.encode_fields(message))
            self._broadcaster.tell_aside(
                piece, lambda each: each.traces and (each.lines is None or line in each.lines)
            )
