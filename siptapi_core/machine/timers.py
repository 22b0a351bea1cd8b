"""The timer values of RFC 3261 and the queue of all that is due later.

One queue serves every machine of a user agent, so that an idle process waits for one moment only
and ten thousand calls cost one heap. A timer that was cancelled stays in the heap until its turn,
but what it would have done is forgotten at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from heapq import heapify, heappop, heappush

Action = Callable[[float], None]
Timer = tuple[float, int]
"""Its deadline (monotonic seconds), and a number that no other timer of its queue has."""

_MOST_CANCELLED = 1024
"""So many stay in the heap, and as many as there are timers still to come."""


class SipTimers:
    """RFC 3261 table 4, in seconds; never changed."""

    __slots__ = ("response_absorption", "t1", "t2", "t4", "transaction_timeout")

    def __init__(self, t1: float = 0.5, t2: float = 4.0, t4: float = 5.0) -> None:
        self.t1 = t1
        """Round-trip estimate: the first retransmission interval."""
        self.t2 = t2
        """The longest retransmission interval."""
        self.t4 = t4
        """How long a message may stay in the network."""
        self.transaction_timeout = 64 * t1
        """Timers B, F, H, J, L and M."""
        self.response_absorption = max(32.0, 64 * t1)
        """Timer D: at least 32 s on an unreliable transport."""


class TimerQueue:
    """Timers in the order of their deadlines, then of their scheduling."""

    __slots__ = ("_actions", "_heap", "_number")

    def __init__(self) -> None:
        self._heap: list[Timer] = []  # tuples, which are compared in C
        self._actions: dict[int, Action] = {}  # by number: those still to come
        self._number = itertools.count()

    def schedule(self, deadline: float, action: Action, *, replacing: Timer | None = None) -> Timer:
        """Call ``action(now)`` once ``deadline`` is reached, and never what ``replacing`` would."""
        heap, actions = self._heap, self._actions
        if replacing is not None:
            actions.pop(replacing[1], None)
        if len(heap) >= _MOST_CANCELLED + 2 * len(actions):
            heap[:] = [timer for timer in heap if timer[1] in actions]
            heapify(heap)
        number = next(self._number)
        timer = (deadline, number)
        actions[number] = action
        heappush(heap, timer)
        return timer

    def cancel(self, timer: Timer | None) -> None:
        """Never let it happen. Harmless when it has happened, and where there is none."""
        if timer is not None:
            self._actions.pop(timer[1], None)

    def next_deadline(self) -> float | None:
        """When `run_due` has something to do; None: never."""
        heap = self._heap
        while heap and heap[0][1] not in self._actions:
            heappop(heap)
        return heap[0][0] if heap else None

    def run_due(self, now: float) -> None:
        """Do everything whose deadline has come."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            action = self._actions.pop(heappop(heap)[1], None)
            if action is not None:
                action(now)

    def __len__(self) -> int:
        """How many timers are still to come."""
        return len(self._actions)
