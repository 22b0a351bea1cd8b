"""Retry-After: for how long a server asks to be left alone (RFC 3261 20.33)."""

from __future__ import annotations

from siptapi_core.sip.message import Response
from siptapi_core.sip.pattern import Pattern

LONGEST = 86_400
"""Seconds: whoever asks for more means a day, too."""

_seconds = Pattern(r"[0-9]+")


def retry_after(response: Response) -> int:
    """The seconds that ``response`` asks for; 0 where it asks for nothing that can be read."""
    found = _seconds.match(response.headers.get("Retry-After") or "")
    return min(int(found[0][:9]), LONGEST) if found else 0
