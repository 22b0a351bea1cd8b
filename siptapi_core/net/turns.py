"""Work that many want done, of which few may be under way at a time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable

Work = Callable[[], Coroutine[None, None, None]]


class Turns:
    """Begins work in the order it was asked for, ``at_once`` at a time.

    A turn lasts from there to `finish`, often long after the work returned; after ``patience``
    seconds it does not hold the others up any more.
    """

    def __init__(self, at_once: int, patience: float) -> None:
        self._at_once = at_once
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._waiting: OrderedDict[Hashable, Work] = OrderedDict()
        self._under_way: dict[Hashable, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, who: Hashable, work: Work) -> None:
        """Do ``work`` when it is the turn of ``who``: at once where that has come already."""
        if who in self._under_way:
            self._begin(work)
        else:
            self._waiting[who] = work
            self._go_on()

    def finish(self, who: Hashable) -> None:
        """The turn of ``who`` is over, or not wanted any more. Harmless where there is none."""
        self._waiting.pop(who, None)
        self._release(who)

    async def close(self) -> None:
        """Drop what waits, and cancel what runs."""
        self._waiting.clear()
        for timer in self._under_way.values():
            timer.cancel()
        self._under_way.clear()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def __len__(self) -> int:
        """How many wait or are under way."""
        return len(self._waiting) + len(self._under_way)

    def _release(self, who: Hashable) -> None:
        timer = self._under_way.pop(who, None)
        if timer is not None:
            timer.cancel()
            self._go_on()

    def _go_on(self) -> None:
        while self._waiting and len(self._under_way) < self._at_once:
            who, work = self._waiting.popitem(last=False)
            self._under_way[who] = self._loop.call_later(self._patience, self._release, who)
            self._begin(work)

    def _begin(self, work: Work) -> None:
        task = self._loop.create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
