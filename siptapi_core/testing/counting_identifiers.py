"""Identifiers that a test can foretell."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable


class CountingIdentifiers:
    """`siptapi_core.machine.identifiers.Identifiers` that counts: ``tag-1``, ``tag-2``, ...

    ``name`` keeps two endpoints of one test apart: ``tag-alice-1``. Each ``jitter`` takes the next
    of ``fractions`` (0 is the low end, 1 the high end) and the middle when they are used up.
    """

    def __init__(self, name: str = "", *, fractions: Iterable[float] = ()) -> None:
        self._infix = f"-{name}-" if name else "-"
        self._fractions = deque(fractions)
        self._counts = Counter[str]()

    def branch(self) -> str:
        """``z9hG4bK-1``, ``z9hG4bK-2``, ..."""
        return self._next("z9hG4bK")

    def tag(self) -> str:
        """``tag-1``, ``tag-2``, ..."""
        return self._next("tag")

    def call_id(self) -> str:
        """``call-1``, ``call-2``, ..."""
        return self._next("call")

    def cnonce(self) -> str:
        """``cnonce-1``, ``cnonce-2``, ..."""
        return self._next("cnonce")

    def jitter(self, low: float, high: float) -> float:
        """The next scripted place between ``low`` and ``high``, else the middle."""
        fraction = self._fractions.popleft() if self._fractions else 0.5
        return low + (high - low) * fraction

    def _next(self, kind: str) -> str:
        self._counts[kind] += 1
        return f"{kind}{self._infix}{self._counts[kind]}"
