"""Where a machine gets what must be unique or unpredictable: it never draws a random number itself.

`siptapi_core.net` gives the real source, `siptapi_core.testing` one that counts.
"""

from __future__ import annotations

from typing import Protocol


class Identifiers(Protocol):
    """Tokens and jitter. Each token is globally unique and hard to guess (RFC 3261 19.3)."""

    def branch(self) -> str:
        """A Via branch; begins with the magic cookie ``z9hG4bK`` (RFC 3261 8.1.1.7)."""
        ...

    def tag(self) -> str:
        """A From or To tag (RFC 3261 19.3)."""
        ...

    def call_id(self) -> str:
        """A Call-ID without a host part (RFC 3261 8.1.1.4)."""
        ...

    def cnonce(self) -> str:
        """A client nonce for digest authentication (RFC 7616 3.4)."""
        ...

    def jitter(self, low: float, high: float) -> float:
        """A number between ``low`` and ``high``, for spreading retries (seconds)."""
        ...
