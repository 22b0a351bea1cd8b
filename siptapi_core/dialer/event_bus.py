"""Events to whoever listens, in order, without ever waiting for a listener."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import ref

from siptapi_core.commands import Caller
from siptapi_core.contracts import Clock
from siptapi_core.errors import RefusedError
from siptapi_core.events import (
    CallEvent,
    CallId,
    Event,
    EventId,
    Happening,
    LineEvent,
    LineHappening,
)
from siptapi_core.net.mailbox import Mailbox

T = TypeVar("T")

KEPT = 10_000
"""How many past events can be asked for again, and how far a listener may fall behind."""


class Subscription(Mailbox[T]):
    """One listener's queue of what it ``wants`` (None: all that there is).

    An async iterator that begins when it is made. RefusedError ends that of a listener which fell
    behind and missed items.
    """

    __slots__ = ("_bus", "_wants")

    def __init__(self, bus: Bus[T], wants: Callable[[T], bool] | None) -> None:
        super().__init__()
        self._bus = bus
        self._wants = wants

    def tell(self, item: T) -> None:
        """Hand over an item; a listener that fell behind too far loses its subscription."""
        if self._wants is not None and not self._wants(item):
            return
        if len(self._items) < KEPT:
            self._items.append(item)
            if self._reader is not None:
                self._wake()
        else:
            self._bus.leave(self)
            self.end(RefusedError(f"this listener fell more than {KEPT} events behind"))

    def close(self) -> None:
        """No item follows those that are queued."""
        self._bus.leave(self)
        self.end()

    async def aclose(self) -> None:
        """Listen no more: see `contextlib.aclosing`."""
        self._bus.leave(self)


class Bus(Generic[T]):
    """Hands each item to every subscription there is. Whoever drops one has left.

    ``sinks`` are called with each item before that; they must neither wait nor raise. Once it is
    closed nobody is told anything.
    """

    def __init__(self) -> None:
        self.sinks: list[Callable[[T], object]] = []
        self._references: list[ref[Subscription[T]]] = []  # never changed, but replaced
        self._closed = False

    @property
    def subscriptions(self) -> tuple[Subscription[T], ...]:
        """All that there are."""
        found = [reference() for reference in self._references]
        return tuple([each for each in found if each is not None])

    def subscribe(self, wants: Callable[[T], bool] | None = None) -> Subscription[T]:
        """Listen from now on."""
        subscription = Subscription(self, wants)
        self._references = [*self._references, ref(subscription, self._drop)]
        return subscription

    def leave(self, subscription: Subscription[T]) -> None:
        """``subscription`` is told nothing more. Harmless when it has left already."""
        self._references = [each for each in self._references if each() is not subscription]

    def _drop(self, reference: ref[Subscription[T]]) -> None:
        self._references = [each for each in self._references if each is not reference]

    def publish(self, item: T) -> None:
        """Tell everyone."""
        if self._closed:
            return
        for sink in self.sinks:
            sink(item)
        for reference in self._references:
            subscription = reference()
            if subscription is not None:
                subscription.tell(item)

    def close(self) -> None:
        """End every subscription once its queue is read."""
        self._closed = True
        for subscription in self.subscriptions:
            subscription.close()


class EventBus(Bus[Event]):
    """Puts what happens into envelopes, and remembers the last `KEPT`, for who lost the connection.

    ``record`` writes an event down before anybody is told; ``last`` is the id of the last event
    that was ever told.
    """

    def __init__(
        self, clock: Clock, record: Callable[[Event], None] | None = None, last: EventId = 0
    ) -> None:
        super().__init__()
        self._clock = clock
        self._last = last
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self.sinks += [self._kept.append] if record is None else [record, self._kept.append]

    def tell_of_call(self, call: CallId, line: str, happening: Happening) -> None:
        """Something happened to a call."""
        self._last += 1
        self.publish(CallEvent(self._last, call, line, self._clock.time(), happening))

    def tell_of_line(self, line: str, happening: LineHappening) -> None:
        """Something happened to a line."""
        self._last += 1
        self.publish(LineEvent(self._last, line, self._clock.time(), happening))

    def subscribe_for(self, caller: Caller, after: EventId | None = None) -> Subscription[Event]:
        """Listen to the caller's lines from now on, or from the first kept event after ``after``.

        Raises:
            RefusedError: events after ``after`` are not kept any more.
        """
        if after is not None and after < self._last:
            first = self._kept[0].id if self._kept else self._last + 1
            if after + 1 < first:
                raise RefusedError(f"events before number {first} are not kept any more")
        subscription = self.subscribe(
            None if caller.lines is None else lambda event: caller.may_use(event.line)
        )
        if after is not None:
            for event in self._kept:
                if event.id > after:
                    subscription.tell(event)
        return subscription
