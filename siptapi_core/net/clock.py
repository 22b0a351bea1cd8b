"""The machine's own clocks, for `siptapi_core.contracts.Clock`."""

from __future__ import annotations

import time


class SystemClock:
    """The system's monotonic and wall clock.

    ``monotonic`` is the clock that asyncio's loops run on, so a deadline of a machine can be
    handed to ``loop.call_at`` as it is.
    """

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since the epoch, UTC; may be set at any moment."""
        return time.time()
