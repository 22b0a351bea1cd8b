"""Unguessable tokens from the system, for `siptapi_core.machine.identifiers.Identifiers`."""

from __future__ import annotations

import os
from itertools import chain

BRANCH_COOKIE = "z9hG4bK"
BYTES_AT_ONCE = 512
BYTES_A_TOKEN = 8


class SystemIdentifiers:
    """Every token is fresh from the system's random source, so none tells of another.

    A tag and a branch keep those out who cannot see our packets: nothing may be derived from a
    counter. Random bytes are taken from the system many at once, and each is used once: a call
    needs ten tokens, which come from one endless iterator, at the cost of a step in C each.
    """

    def __init__(self) -> None:
        tokens = chain.from_iterable(iter(_fresh_tokens, []))
        self.tag = tokens.__next__
        """A From or To tag of 64 random bits; RFC 3261 section 19.3 asks for 32."""
        self.cnonce = tokens.__next__
        """A client nonce of 64 random bits (RFC 7616 section 3.4)."""
        self.branch = map(BRANCH_COOKIE.__add__, tokens).__next__
        """A Via branch of 64 random bits (RFC 3261 section 8.1.1.7)."""

    def call_id(self) -> str:
        """A Call-ID of 128 random bits, without a host part (RFC 3261 section 8.1.1.4)."""
        return self.tag() + self.tag()

    def jitter(self, low: float, high: float) -> float:
        """A number evenly spread between ``low`` and ``high``."""
        return low + (high - low) * int.from_bytes(os.urandom(6)) / (1 << 48)


def _fresh_tokens() -> list[str]:
    """Never empty. ``os.urandom`` is what `secrets` calls, which takes 3 ms to import."""
    return os.urandom(BYTES_AT_ONCE).hex(" ", BYTES_A_TOKEN).split()
