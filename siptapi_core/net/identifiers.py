"""Unguessable tokens from the system, for `siptapi_core.machine.identifiers.Identifiers`."""

from __future__ import annotations

import os

BRANCH_COOKIE = "z9hG4bK"
BYTES_AT_ONCE = 512


class SystemIdentifiers:
    """Every token is fresh from the system's random source, so none tells of another.

    A tag and a branch keep those out who cannot see our packets: nothing may be derived from a
    counter. Random bytes are taken from the system many at once, and each is used once: a call
    needs ten tokens. ``os.urandom`` is what `secrets` calls, without the 3 ms that importing
    `secrets` adds to a cold start.
    """

    def __init__(self) -> None:
        self._random = ""
        self._used = 0

    def _hexadecimal(self, digits: int) -> str:
        begin, end = self._used, self._used + digits
        if end > len(self._random):
            begin, end = 0, digits
            self._random = os.urandom(BYTES_AT_ONCE).hex()
        self._used = end
        return self._random[begin:end]

    def branch(self) -> str:
        """A Via branch of 64 random bits (RFC 3261 section 8.1.1.7)."""
        return BRANCH_COOKIE + self._hexadecimal(16)

    def tag(self) -> str:
        """A From or To tag of 64 random bits; RFC 3261 section 19.3 asks for 32."""
        return self._hexadecimal(16)

    def call_id(self) -> str:
        """A Call-ID of 128 random bits, without a host part (RFC 3261 section 8.1.1.4)."""
        return self._hexadecimal(32)

    def cnonce(self) -> str:
        """A client nonce of 64 random bits (RFC 7616 section 3.4)."""
        return self._hexadecimal(16)

    def jitter(self, low: float, high: float) -> float:
        """A number evenly spread between ``low`` and ``high``."""
        return low + (high - low) * int.from_bytes(os.urandom(6)) / (1 << 48)
