"""How often somebody may do something: so many times at once, and as many again each minute."""

from __future__ import annotations

import math
from collections.abc import Hashable

from siptapi_frontends.http.problems import Problem

MOST_KEYS = 10_000
"""Beyond that whoever did nothing for longest is forgotten, and begins anew."""
MINUTE = 60.0


class RateLimit:
    """``per_minute`` times for each key, by the generic cell rate algorithm: one number a key.

    ``what`` is in the words for whoever is refused: ``calls on line 'office'``.
    """

    def __init__(self, per_minute: int) -> None:
        self._interval = MINUTE / per_minute
        self._next: dict[Hashable, float] = {}  # when all is as at first; the last used at the end

    def wait(self, key: Hashable, now: float) -> float:
        """Seconds until ``key`` may, 0 where it may now."""
        return max(0.0, self._next.get(key, now) + self._interval - now - MINUTE)

    def take(self, key: Hashable, now: float) -> None:
        """``key`` did it."""
        begin = max(now, self._next.pop(key, now))
        self._next[key] = begin + self._interval
        if len(self._next) > MOST_KEYS:
            del self._next[next(iter(self._next))]

    def check(self, key: Hashable, what: str, now: float) -> None:
        """Raise `Problem` 429 where ``key`` must wait; ``what`` is in its words."""
        seconds = self.wait(key, now)
        if seconds > 0:
            whole = math.ceil(seconds)
            raise Problem(
                429,
                "rate",
                f"too many {what}: try again in {whole} s",
                headers={"Retry-After": str(whole)},
            )
