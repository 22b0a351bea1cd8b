"""``GET /events``: an answer that goes on, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Message, Receive, Scope, Send

from siptapi_core.errors import RefusedError
from siptapi_core.events import EventId
from siptapi_frontends.http.broadcaster import Broadcaster
from siptapi_frontends.http.listener import Listener, goodbye
from siptapi_frontends.http.server import SEND_NOW

STREAM_TYPE = "text/event-stream; charset=utf-8"
RETRY = b"retry: 2000\n"
"""Milliseconds after which a browser comes again."""
MOST_LISTENERS = 1000


class EventStream:
    """An ASGI answer: what came after ``after``, if that is given, and then what comes."""

    def __init__(
        self,
        broadcaster: Broadcaster,
        listener: Listener,
        *,
        after: EventId | None,
    ) -> None:
        self._broadcaster = broadcaster
        self._listener = listener
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the listener has gone, or is let go."""
        self._listener.send_now = scope["extensions"][SEND_NOW]
        self._broadcaster.listen(self._listener)
        gone = asyncio.get_running_loop().create_task(_wait_until_gone(receive))
        sending = asyncio.get_running_loop().create_task(self._send(send))
        try:
            await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._broadcaster.listeners.discard(self._listener)
            gone.cancel()
            sending.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", STREAM_TYPE.encode()),
                    (b"x-accel-buffering", b"no"),
                ],
            }
        )
        async for piece in self._pieces():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pieces(self) -> AsyncIterator[bytes]:
        last = self._broadcaster.last
        yield (
            RETRY + (b"" if last is None or self._after is not None else b"id: %d\n" % last) + b"\n"
        )
        if self._after is not None:
            kept = self._broadcaster.kept_after(self._after, self._listener.lines)
            if kept is not None:
                yield kept
            else:
                try:
                    async for piece in self._broadcaster.recall(self._after, self._listener.lines):
                        yield piece
                except RefusedError as error:
                    yield goodbye(error)
                    return
        while piece := await self._listener.next():
            yield piece


async def _wait_until_gone(receive: Receive) -> None:
    message: Message = {"type": "http.request"}
    while message["type"] != "http.disconnect":
        message = await receive()
