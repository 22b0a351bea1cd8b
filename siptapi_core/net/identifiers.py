"""Unguessable tokens from the system, for `siptapi_core.machine.identifiers.Identifiers`."""

from __future__ import annotations

import os

BRANCH_COOKIE = "z9hG4bK"
BYTES_AT_ONCE = 512
DIGITS = 16
"""Hexadecimal, of each token."""


class SystemIdentifiers:
    """Every token is fresh from the system's random source, so none tells of another.

    A tag and a branch keep those out who cannot see our packets: nothing may be derived from a
    counter. Random bytes are taken from the system many at once, and each is used once: a call
    needs ten tokens. ``os.urandom`` is what `secrets` calls, without the 3 ms that importing
    `secrets` adds to a cold start.
    """

    def __init__(self) -> None:
        self._tokens: list[str] = []

    def tag(self) -> str:
        """A From or To tag of 64 random bits; RFC 3261 section 19.3 asks for 32."""
        if not self._tokens:
            random = os.urandom(BYTES_AT_ONCE).hex()
            self._tokens = [random[i : i + DIGITS] for i in range(0, len(random), DIGITS)]
        return self._tokens.pop()

    cnonce = tag
    """A client nonce of 64 random bits (RFC 7616 section 3.4)."""

    def branch(self) -> str:
        """A Via branch of 64 random bits (RFC 3261 section 8.1.1.7)."""
        return BRANCH_COOKIE + (self._tokens.pop() if self._tokens else self.tag())

    def call_id(self) -> str:
        """A Call-ID of 128 random bits, without a host part (RFC 3261 section 8.1.1.4)."""
        return self.tag() + self.tag()

    def jitter(self, low: float, high: float) -> float:
        """A number evenly spread between ``low`` and ``high``."""
        return low + (high - low) * int.from_bytes(os.urandom(6)) / (1 << 48)
