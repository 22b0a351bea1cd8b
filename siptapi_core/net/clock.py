"""The machine's own clocks, for `siptapi_core.contracts.Clock`."""

from __future__ import annotations

import sys
import time

if sys.platform == "linux":

    def seconds_with_sleep() -> float:
        """Monotonic seconds in which the time counts that the machine was suspended."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

elif sys.platform == "darwin":

    def seconds_with_sleep() -> float:
        """The same: there `time.monotonic` is another clock."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

else:

    def seconds_with_sleep() -> float:
        """The same: on Windows `time.monotonic` counts that time."""
        return time.monotonic()


class SystemClock:
    """The system's monotonic and wall clock.

    ``monotonic`` is the clock that asyncio's loops run on, so a deadline of a machine can be
    handed to ``loop.call_at`` as it is. Every call asks often, so it is the system's function.
    """

    monotonic = staticmethod(time.monotonic)
    """Seconds since some moment; never goes back."""
    time = staticmethod(time.time)
    """Seconds since the epoch, UTC; may be set at any moment."""
