"""Whether one more call can be begun: what was begun is finished before there is more of it."""

from __future__ import annotations

from collections.abc import Callable

from siptapi_core.errors import BusyError

MOST_LAG = 1.0
"""Seconds that everything waits for the event loop: twice T1, after which the other side repeats
itself, so that work makes work."""


class Admission:
    """Refuses a call beside ``most_calls()``, or while the loop's ``lag()`` is too long."""

    def __init__(self, most_calls: Callable[[], int], lag: Callable[[], float]) -> None:
        self.refused = 0
        """How many were."""
        self._most_calls = most_calls
        self._lag = lag

    def check(self, calls: int) -> None:
        """Let one more begin beside ``calls``.

        Raises:
            BusyError: not now; the words say why.
        """
        most, lag = self._most_calls(), self._lag()
        if calls >= most:
            why = f"{calls} calls are in progress, and no more are made at once (max_calls)"
        elif lag > MOST_LAG:
            why = f"it is {lag:.1f} s behind with what it has to do"
        else:
            return
        self.refused += 1
        raise BusyError(f"SIPTAPI is busy: {why}; try again in a few seconds")
