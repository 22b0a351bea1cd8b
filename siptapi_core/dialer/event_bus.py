"""Events to whoever listens, in order, without ever waiting for a listener."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar
from weakref import WeakSet

from siptapi_core.errors import RefusedError
from siptapi_core.events import CallEvent, EventId

T = TypeVar("T")

KEPT = 10_000
"""How many past events can be asked for again, and how far a listener may fall behind."""


class Subscription(Generic[T]):
    """One listener's queue: an async iterator that begins when it is made."""

    def __init__(self, bus: Bus[T]) -> None:
        self._bus = bus
        self._queue: asyncio.Queue[T | None] = asyncio.Queue()
        self._fell_behind = False

    def put(self, item: T) -> None:
        """Hand over an item; a listener that fell behind too far loses its subscription."""
        if self._queue.qsize() < KEPT:
            self._queue.put_nowait(item)
        else:
            self._fell_behind = True
            self._bus.subscriptions.discard(self)

    def close(self) -> None:
        """No item follows those that are queued."""
        self._bus.subscriptions.discard(self)
        self._queue.put_nowait(None)

    def __aiter__(self) -> AsyncIterator[T]:
        """Iterate over what comes."""
        return self

    async def __anext__(self) -> T:
        """The next item.

        Raises:
            RefusedError: this listener fell behind and missed items.
        """
        if self._queue.empty() and self._fell_behind:
            raise RefusedError(f"this listener fell more than {KEPT} events behind")
        item = await self._queue.get()
        if item is None:
            self._queue.put_nowait(None)
            raise StopAsyncIteration
        return item


class Bus(Generic[T]):
    """Hands each item to every subscription there is."""

    def __init__(self) -> None:
        self.subscriptions: WeakSet[Subscription[T]] = WeakSet()
        """Whoever drops a subscription has left."""

    def subscribe(self) -> Subscription[T]:
        """Listen from now on."""
        subscription = Subscription(self)
        self.subscriptions.add(subscription)
        return subscription

    def publish(self, item: T) -> None:
        """Tell everyone."""
        for subscription in tuple(self.subscriptions):
            subscription.put(item)

    def close(self) -> None:
        """End every subscription once its queue is read."""
        for subscription in tuple(self.subscriptions):
            subscription.close()


class EventBus(Bus[CallEvent]):
    """A bus that remembers the last `KEPT` events, for a listener that lost its connection."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: deque[CallEvent] = deque(maxlen=KEPT)

    def publish(self, item: CallEvent) -> None:
        """Keep and tell."""
        self._kept.append(item)
        super().publish(item)

    def subscribe_after(self, after: EventId | None) -> Subscription[CallEvent]:
        """Listen from the first kept event after ``after``; None: from now on."""
        subscription = self.subscribe()
        if after is not None:
            for event in self._kept:
                if event.id > after:
                    subscription.put(event)
        return subscription
