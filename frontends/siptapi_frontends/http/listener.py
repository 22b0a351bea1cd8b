"""One listener to the events: what waits for it, within bounds, and how it is let go."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from siptapi_core.errors import SiptapiError
from siptapi_frontends.http.json_response import to_json

ENOUGH = 64 * 1024
"""Bytes that are sent at once: what waits is shared by all listeners, what is sent is not."""
MOST_WAITING = 1024 * 1024
"""Bytes that may wait for one listener; whoever reads so slowly is dropped, and told why."""


class Listener:
    """Takes what a broadcaster puts, and gives it to the connection piece by piece.

    ``lines`` are those it may know of (None: all). It ``traces`` where SIP messages are told as
    well. ``is_good`` says whether it may still listen. ``send_now`` is tried first while nothing
    waits: to wake the connection's task and let it send costs several times as much.
    """

    __slots__ = (
        "_arrived",
        "_is_idle",
        "_size",
        "_waiting",
        "ended",
        "is_good",
        "lines",
        "send_now",
        "traces",
    )

    def __init__(
        self,
        lines: frozenset[str] | None,
        *,
        traces: bool = False,
        is_good: Callable[[], bool] = lambda: True,
    ) -> None:
        self.lines = lines
        self.traces = traces
        self.is_good = is_good
        self.send_now: Callable[[bytes], bool] = lambda _: False
        self.ended = False
        self._is_idle = False  # all that was put is sent
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._arrived = asyncio.Event()

    def put(self, data: bytes) -> bool:
        """Hand over what shall be sent; False: too much waits already, and nothing is taken."""
        if self.ended:
            return True  # whatever it is, nobody wants it any more
        if self._is_idle and self.send_now(data):
            return True
        if self._size + len(data) > MOST_WAITING:
            return False
        self._size += len(data)
        self._append(data)
        return True

    def end(self, why: SiptapiError) -> None:
        """Say goodbye; nothing comes after it."""
        self.ended = True
        self._append(goodbye(why))

    async def next(self) -> bytes:
        """What waits, or a part of it, as one piece; empty once all is said."""
        if not self._waiting:
            if self.ended:
                return b""
            self._arrived.clear()
            self._is_idle = True
            await self._arrived.wait()
        pieces, size = [], 0
        while self._waiting and size < ENOUGH:
            pieces.append(self._waiting.popleft())
            size += len(pieces[-1])
        self._size -= size
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _append(self, data: bytes) -> None:
        self._is_idle = False
        self._waiting.append(data)
        self._arrived.set()


def goodbye(why: SiptapiError) -> bytes:
    """The last that a listener hears: an event ``goodbye`` with code and words."""
    return b"event: goodbye\ndata: " + to_json({"code": why.code, "message": str(why)}) + b"\n\n"
