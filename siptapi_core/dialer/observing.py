"""Tells an observer what happens, on a thread of its own, and never waits for it."""

from __future__ import annotations

import threading
from queue import SimpleQueue

from siptapi_core.contracts import Gap, Logger, Observer
from siptapi_core.events import Event
from siptapi_core.plugin_loading.blame import blame

KEPT = 10_000
"""How many events an observer may fall behind before it misses some."""


class ObserverThread:
    """Feeds the observer of that name. What it raises is logged; the next event comes all the same.

    The same is not logged again and again.
    A thread that hangs is left behind when the process ends: nobody waits for it longer than
    `close` was told to.
    """

    def __init__(self, name: str, observer: Observer, logger: Logger) -> None:
        self.name = name
        self._observer = observer
        self._logger = logger
        self._queue: SimpleQueue[Event | Gap | None] = SimpleQueue()
        self._missed = 0
        self._last_complaint = ""
        self._thread = threading.Thread(target=self._run, name=f"observer {name}", daemon=True)
        self._thread.start()

    def tell(self, event: Event) -> None:
        """Hand over an event; where there is no room, count it as missed."""
        if self._queue.qsize() >= KEPT:
            if not self._missed:
                self._logger.warning("observer too slow: it misses events", observer=self.name)
            self._missed += 1
            return
        self._tell_of_gap()
        self._queue.put(event)

    def close(self) -> None:
        """No event follows; `join` waits for the end."""
        self._tell_of_gap()
        self._queue.put(None)

    def __len__(self) -> int:
        """How many events it has not heard of yet."""
        return self._queue.qsize()

    def join(self, seconds: float) -> bool:
        """Whether it came to an end within ``seconds``. Blocks."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _tell_of_gap(self) -> None:
        if self._missed:
            self._queue.put(Gap(self._missed))
            self._missed = 0

    def _run(self) -> None:
        while (event := self._queue.get()) is not None:
            try:
                self._observer.observe(event)
            except Exception as error:  # noqa: BLE001  # a plugin may raise anything
                self._complain(error)
        try:
            self._observer.close()
        except Exception as error:  # noqa: BLE001  # as above
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        why = blame(error)
        if why != self._last_complaint:  # not at every event
            self._last_complaint = why
            self._logger.error("observer broke", observer=self.name, why=why)
