"""Port numbers as people write them: ``5062``, or ``5062-5080`` for a range."""

from __future__ import annotations

from siptapi_core.sip.pattern import Pattern

_read = Pattern(r"([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?")
_LARGEST = 65535


def port_range(text: str) -> range:
    """The ports that ``text`` means, in order; "" is port 0 alone, which stands for any.

    Raises:
        ValueError: it is neither a port nor a range of them.
    """
    if not text:
        return range(1)
    match = _read.fullmatch(text.strip() or "0")
    if match is not None:
        first, last = int(match[1]), int(match[2] or match[1])
        if first <= last <= _LARGEST:
            return range(first, last + 1)
    raise ValueError("expected a port such as 5062, or several as in 5062-5080")
