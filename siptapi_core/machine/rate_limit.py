"""How often something may happen, for each of many addresses, in bounded memory."""

from __future__ import annotations

_OTHERS = ""


class RateLimit:
    """``burst`` times at once, then once in ``interval`` seconds, for each key.

    Keys that rest are forgotten. Where more than ``most`` are active, as when somebody makes
    addresses up, the new ones share one allowance. It is the generic cell rate algorithm (ITU-T
    I.371): one number a key, when it will have all its burst again.
    """

    __slots__ = ("_interval", "_most", "_purged", "_rested_at", "_tolerance")

    def __init__(self, *, burst: int, interval: float, most: int) -> None:
        self._interval = interval
        self._tolerance = (burst - 0.999) * interval  # 0.001: what sums of floats are off
        self._most = most
        self._rested_at: dict[str, float] = {}
        self._purged = 0.0

    def take(self, key: str, now: float) -> bool:
        """Whether it may happen now; if so, it is counted."""
        if key not in self._rested_at and len(self._rested_at) >= self._most:
            self._purge(now)
            if len(self._rested_at) >= self._most:
                key = _OTHERS
        rested_at = max(self._rested_at.get(key, now), now)
        if rested_at - now > self._tolerance:
            return False
        self._rested_at[key] = rested_at + self._interval
        return True

    def _purge(self, now: float) -> None:
        """Forget those that rest; not for each of a flood of keys anew."""
        if now - self._purged >= self._interval:
            self._purged = now
            rested_at = self._rested_at
            self._rested_at = {key: at for key, at in rested_at.items() if at > now}

    def __len__(self) -> int:
        """How many keys are remembered: ``most``, and the one that the others share."""
        return len(self._rested_at)
