"""A clock that moves only when the test says so."""

from __future__ import annotations


class FakeClock:
    """Both clocks of `siptapi_core.contracts.Clock`; they go forward together.

    ``now`` and ``wall`` are what they read at first, in seconds. The monotonic clock begins at 0,
    a moment that a machine may not mistake for "no deadline".
    """

    def __init__(self, now: float = 0.0, *, wall: float = 1_000_000_000.0) -> None:
        self._now = now
        self._ahead = wall - now

    def monotonic(self) -> float:
        """Seconds since the test began."""
        return self._now

    def time(self) -> float:
        """Seconds since the epoch, UTC."""
        return self._now + self._ahead

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass.

        Raises:
            ValueError: ``seconds`` is negative.
        """
        self.advance_to(self._now + seconds)

    def advance_to(self, moment: float) -> None:
        """Let time pass until the monotonic clock reads ``moment``.

        Raises:
            ValueError: that moment is in the past.
        """
        if moment < self._now:
            raise ValueError(f"the clock reads {self._now} s and cannot go back to {moment} s")
        self._now = moment
