"""Events to every listener: each encoded once, many in one piece, nobody waited for.

::

    dialer.events ─▶ encoded, kept ─▶ a batch, every PERIOD ─▶ each connection, or its queue

A queue is bounded, and so is what is kept for those who come again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import NamedTuple

from siptapi_core.commands import Caller
from siptapi_core.contracts import Dialer, Logger
from siptapi_core.errors import DeniedError, RefusedError, SiptapiError
from siptapi_core.event_encoding import encode_event
from siptapi_core.events import Event, EventId
from siptapi_frontends.http.access import FRONTEND
from siptapi_frontends.http.json_response import to_json
from siptapi_frontends.http.listener import Listener

PERIOD = 0.05
"""Seconds from batch to batch: half of what a listener may wait, for the way to many of them."""
AT_ONCE = 20
"""Listeners who are given something before the event loop does anything else."""
HEARTBEAT_SECONDS = 15.0
HEARTBEAT = b": still here\n\n"
QUIET_SECONDS = 1.0
"""When nothing was told since the start and no event comes for so long, no more are recalled."""
KEPT = 10_000
"""Past events that are kept, encoded, for listeners who come again."""
_EVERYBODY = Caller(frontend=FRONTEND)


class Encoded(NamedTuple):
    """An event as it is sent."""

    id: EventId
    line: str
    data: bytes


class Broadcaster:
    """Tells the events of ``dialer``; ``sinks`` are called with each, and must not raise."""

    def __init__(self, dialer: Dialer, logger: Logger) -> None:
        self.listeners: set[Listener] = set()
        self.last: EventId | None = None
        """The id of the last event that was told; None: there was none yet."""
        self.first: EventId | None = None
        """That of the first."""
        self.sinks: list[Callable[[Event], None]] = []
        self.on_listener: list[Callable[[], None]] = []
        """Called when there is another listener."""
        self.is_over = False
        """Whether nothing is told any more."""
        self.told = 0
        """How many events there were."""
        self._dialer = dialer
        self._logger = logger
        self._kept: deque[Encoded] = deque(maxlen=KEPT)
        self._batch: list[Encoded] = []
        self._aside: list[tuple[bytes, Callable[[Listener], bool]]] = []
        self._due: deque[tuple[Listener, bytes]] = deque()
        self._arrived = asyncio.Event()
        self._events = dialer.events(_EVERYBODY)

    async def run(self) -> None:
        """Tell until the dialer is closed, or this is cancelled."""
        batches = asyncio.get_running_loop().create_task(self._send_batches())
        try:
            while not self.is_over:
                try:
                    async for event in self._events:
                        self._take(event)
                    self.is_over = True
                except RefusedError as error:  # even we were too slow
                    self._logger.warning("fell behind", why=str(error))
                    self._go_on()
        finally:
            batches.cancel()
            self.close()

    def listen(self, listener: Listener) -> None:
        """Tell ``listener`` from now on."""
        self._send()  # what waits was before
        self.listeners.add(listener)
        for tell in self.on_listener:
            tell()

    def kept_after(self, after: EventId, lines: frozenset[str] | None) -> bytes | None:
        """What came after ``after`` of these lines, as it is sent; None: not all of it is kept."""
        if self.last is not None and after >= self.last:
            return b""
        if not self._kept or after + 1 < self._kept[0].id:
            return None
        later = (each for each in self._kept if each.id > after)
        return b"".join(each.data for each in later if lines is None or each.line in lines)

    async def recall(self, after: EventId, lines: frozenset[str] | None) -> AsyncIterator[bytes]:
        """What came after ``after`` until now, from the dialer's memory, or the history.

        Raises:
            RefusedError: it is kept nowhere any more.
        """
        until, events = self.last, self._dialer.events(_EVERYBODY, after)
        while True:
            try:
                async with asyncio.timeout(None if until is not None else QUIET_SECONDS):
                    event = await anext(events)
                if until is None:
                    await asyncio.sleep(0)  # if it happened just now, we are told as well
            except (TimeoutError, StopAsyncIteration):
                return
            if until is None and self.first is not None and event.id >= self.first:
                return  # that is told to all listeners
            if lines is None or event.line in lines:
                yield encode(event).data
            if event.id == until:
                return

    def tell_aside(self, data: bytes, wants: Callable[[Listener], bool]) -> None:
        """Tell what is no event of the dialer's to those who want it, after what was before."""
        self._aside.append((data, wants))
        self._arrived.set()

    def close(self) -> None:
        """Say goodbye to everybody, and listen no more."""
        self.is_over = True
        self._end_all(RefusedError("SIPTAPI is shutting down"))

    def end(self, listener: Listener, why: SiptapiError) -> None:
        """Say goodbye to one."""
        self.listeners.discard(listener)
        listener.end(why)

    def _take(self, event: Event) -> None:
        encoded = encode(event)
        self.last = event.id
        self.first = self.first or event.id
        self.told += 1
        self._kept.append(encoded)
        self._batch.append(encoded)
        self._arrived.set()
        for sink in self.sinks:
            sink(event)

    def _go_on(self) -> None:
        try:
            self._events = self._dialer.events(_EVERYBODY, self.last)
        except RefusedError as error:  # what we missed is lost: whoever comes again is told
            self._end_all(error)
            self._kept.clear()
            self._events = self._dialer.events(_EVERYBODY)

    async def _send_batches(self) -> None:
        loop = asyncio.get_running_loop()
        beat = loop.time() + HEARTBEAT_SECONDS
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(beat):
                    await self._arrived.wait()
            due = loop.time() + PERIOD
            self._share_out()
            if loop.time() >= beat:
                self._beat()
                beat = loop.time() + HEARTBEAT_SECONDS
            while self._due:
                self._give(AT_ONCE)
                await asyncio.sleep(0)  # calls have their turn
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _send(self) -> None:
        """Send all that waits, now."""
        self._share_out()
        self._give(len(self._due))

    def _share_out(self) -> None:
        """Say who is due for what of the batch."""
        batch, self._batch = self._batch, []
        aside, self._aside = self._aside, []
        self._arrived.clear()
        pieces = {each.lines: b"" for each in self.listeners}
        for lines in pieces:
            told = (each.data for each in batch if lines is None or each.line in lines)
            pieces[lines] = b"".join(told)
        self._due += [(each, pieces[each.lines]) for each in self.listeners if pieces[each.lines]]
        for data, wants in aside:
            self._due += [(each, data) for each in self.listeners if wants(each)]

    def _give(self, number: int) -> None:
        for _ in range(min(number, len(self._due))):
            listener, piece = self._due.popleft()
            if not listener.put(piece):
                self.end(listener, RefusedError("this listener reads too slowly and missed events"))
                self._logger.warning("listener dropped", why="it does not read what it is sent")

    def _beat(self) -> None:
        for listener in tuple(self.listeners):
            if listener.is_good():
                self._due.append((listener, HEARTBEAT))
            else:
                self.end(listener, DeniedError("this token or session is over"))

    def _end_all(self, why: SiptapiError) -> None:
        self._send()
        for listener in tuple(self.listeners):
            self.end(listener, why)


def encode(event: Event) -> Encoded:
    """Encode ``event`` as one of an event stream."""
    data = encode_event(event)
    text = b"id: %d\nevent: %s\ndata: %s\n\n" % (
        event.id,
        event.happening.name.encode(),
        to_json(data),
    )
    return Encoded(event.id, event.line, text)
