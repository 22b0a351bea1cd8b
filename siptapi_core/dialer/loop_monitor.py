"""Whether the event loop turns: all calls wait while one callback does not return.

::

    in the loop:   beat ─ 0.25 s ─ beat ─ 0.25 s ─ beat
                                            │ how late it came is the lag
    in a thread:        look ─ 0.25 s ─ look ─ no beat for long: whose code runs there? ─▶ log

A plugin that computes, sleeps or waits inside the loop is named while it does. Where the whole
process stood still (a busy machine, SIGSTOP, a suspended one) nobody is to blame, and the thread,
which stood still as well, knows.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType

from siptapi_core.contracts import Logger
from siptapi_core.net.clock import seconds_with_sleep
from siptapi_core.plugin_loading.catalog import owner_of

BEAT = 0.25
"""Seconds between two signs of life: four wake-ups a second cost nothing that can be measured."""
STALLED = 0.6
"""Seconds without one, of which `BEAT` would pass anyway: it is told of within 1 s."""
STARVED = 5.0
"""Seconds for which a machine that has something else to do may be the reason."""
SLEPT = 2.0
"""Seconds that the machine must have slept for anybody to care."""
_IDLE = ("selectors", "asyncio.")
"""Where a loop waits that has nothing to do, or is between two callbacks: nobody holds it up."""


class LoopMonitor:
    """Watches the running loop, from `start` to `stop`.

    ``plugins`` are by the modules and packages that their code is in.
    ``on_slept(seconds)`` is called in the loop when the machine had slept, or been suspended:
    timers do not count that time, registrars do.
    """

    def __init__(
        self,
        *,
        plugins: Mapping[str, str],
        on_slept: Callable[[float], None],
        logger: Logger,
    ) -> None:
        self.lag = 0.0
        """By how many seconds two beats running came too late: so long waits what comes now."""
        self.stalls = 0
        """How often it was blocked by somebody's code."""
        self._plugins = plugins
        self._on_slept = on_slept
        self._logger = logger
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._loop_system_thread = threading.get_native_id()
        self._timer: asyncio.TimerHandle
        self._last_beat = time.monotonic()
        self._late = 0.0
        self._awake = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="loop monitor", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._last_beat = time.monotonic()
        self._awake = self._last_beat - seconds_with_sleep()
        self._timer = self._loop.call_later(BEAT, self._beat)
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the thread has."""
        self._timer.cancel()
        self._stopped.set()
        self._thread.join()

    def _beat(self) -> None:
        now = time.monotonic()
        late = max(0.0, now - self._last_beat - BEAT)
        self.lag, self._late = min(late, self._late), late  # once is no load: it stood still
        self._last_beat = now
        self._timer = self._loop.call_later(BEAT, self._beat)
        awake = now - seconds_with_sleep()
        slept, self._awake = self._awake - awake, awake
        if slept > SLEPT:
            self._on_slept(slept)

    # --- in the thread -----------------------------------------------------------------------

    def _watch(self) -> None:
        looked, told, alive, waited = time.monotonic(), 0.0, 0.0, 0.0
        while not self._stopped.wait(BEAT):
            now, beat = time.monotonic(), self._last_beat
            stood_still, looked = now - looked > 2 * BEAT, now
            waits = _waited_for_processor(self._loop_system_thread)
            if beat > alive:
                alive, waited = beat, waits
            stood_still |= now - beat < STARVED and waits - waited > (now - beat) / 2
            if told and beat > told:
                self._logger.warning("the event loop goes on", blocked_for=round(beat - told, 3))
                told = 0.0
            if now - beat > STALLED and not stood_still and not told:
                told = beat if self._tell() else 0.0

    def _tell(self) -> bool:
        """Say who holds the loop up; False: nobody does."""
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001  # its documented name
        if frame is None or _module(frame).startswith(_IDLE):
            return False
        plugin, place = self._blame(frame)
        self.stalls += 1
        self._logger.error(
            "the event loop is blocked: all calls wait", plugin=plugin or "none", at=place
        )
        return True

    def _blame(self, frame: FrameType) -> tuple[str, str]:
        """The plugin whose code runs and the line of it, else the innermost line."""
        each: FrameType | None = frame
        while each is not None:
            if plugin := owner_of(_module(each), self._plugins):
                return plugin, _place(each)
            each = each.f_back
        return "", _place(frame)


def _waited_for_processor(thread: int) -> float:
    """Seconds that a thread could have run and was not let, as Linux counts (schedstat)."""
    try:
        with open(f"/proc/self/task/{thread}/schedstat", encoding="ascii") as file:  # noqa: PTH123  # often
            return int(file.read().split()[1]) / 1e9
    except OSError:  # another system, or a kernel that does not count
        return 0.0


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}"
