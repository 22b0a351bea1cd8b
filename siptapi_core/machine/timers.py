"""The timer values of RFC 3261 and the queue of all that is due later.

One queue serves every machine of a user agent, so that an idle process waits for one moment only
and ten thousand calls cost one heap. A cancelled timer stays in the heap, emptied, until its turn.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from heapq import heapify, heappop, heappush

from siptapi_core.values import Value

Action = Callable[[float], None]


class SipTimers(Value):
    """RFC 3261 table 4, in seconds."""

    t1: float = 0.5
    """Round-trip estimate: the first retransmission interval."""
    t2: float = 4.0
    """The longest retransmission interval."""
    t4: float = 5.0
    """How long a message may stay in the network."""

    @property
    def transaction_timeout(self) -> float:
        """64 * T1: timers B, F, H, J, L and M."""
        return 64 * self.t1

    @property
    def response_absorption(self) -> float:
        """Timer D: at least 32 s on an unreliable transport."""
        return max(32.0, 64 * self.t1)


class Timer:
    """One thing that will happen at ``deadline``, unless it is cancelled before."""

    __slots__ = ("action", "deadline")

    def __init__(self, deadline: float, action: Action) -> None:
        self.deadline = deadline
        self.action: Action | None = action

    def cancel(self) -> None:
        """Never happen. Harmless when it has happened."""
        self.action = None


class TimerQueue:
    """Timers in the order of their deadlines (monotonic seconds), then of their scheduling."""

    __slots__ = ("_compact_at", "_heap", "_number")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []  # tuples, which are compared in C
        self._compact_at = 1024
        self._number = itertools.count()

    def schedule(self, deadline: float, action: Action) -> Timer:
        """Call ``action(now)`` once ``deadline`` is reached."""
        timer = Timer(deadline, action)
        heap = self._heap
        if len(heap) >= self._compact_at:
            heap[:] = [kept for kept in heap if kept[2].action is not None]
            heapify(heap)
            self._compact_at = max(1024, 2 * len(heap))
        heappush(heap, (deadline, next(self._number), timer))
        return timer

    def next_deadline(self) -> float | None:
        """When `run_due` has something to do; None: never."""
        heap = self._heap
        while heap and heap[0][2].action is None:
            heappop(heap)
        return heap[0][0] if heap else None

    def run_due(self, now: float) -> None:
        """Do everything whose deadline has come."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            timer = heappop(heap)[2]
            action, timer.action = timer.action, None
            if action is not None:
                action(now)

    def __len__(self) -> int:
        """How many timers are still to come."""
        return sum(timer.action is not None for _, _, timer in self._heap)
