"""The headers by which a phone is told to pick up by itself: every maker looks for another.

Only one of them is a standard. The others are what makers' manuals name and PBXs send; two are not
even of the grammar of Alert-Info (RFC 3261 section 20.4), but compared as text by those phones.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Sequence


class AutoAnswer(enum.StrEnum):
    """A way to say it, by its name in the settings."""

    ANSWER_MODE = "answer-mode"
    """RFC 5373."""
    CALL_INFO = "call-info"
    ALERT_INFO_RING_ANSWER = "alert-info-ring-answer"
    ALERT_INFO_AUTOANSWER = "alert-info-autoanswer"
    ALERT_INFO_AUTO_ANSWER = "alert-info-auto-answer"
    P_AUTO_ANSWER = "p-auto-answer"
    ALL = "all"


_HEADERS = {
    AutoAnswer.ANSWER_MODE: ("Answer-Mode", "Auto"),
    AutoAnswer.CALL_INFO: ("Call-Info", "<sip:{host}>;answer-after=0"),
    AutoAnswer.ALERT_INFO_RING_ANSWER: ("Alert-Info", "Ring Answer"),
    AutoAnswer.ALERT_INFO_AUTOANSWER: ("Alert-Info", "<sip:{host}>;info=alert-autoanswer;delay=0"),
    AutoAnswer.ALERT_INFO_AUTO_ANSWER: ("Alert-Info", "Auto Answer"),
    AutoAnswer.P_AUTO_ANSWER: ("P-Auto-Answer", "normal"),
}


@functools.cache
def auto_answer_headers(ways: Sequence[AutoAnswer], host: str) -> tuple[tuple[str, str], ...]:
    """The header lines for ``ways``, as names and values; ``host`` is that of the line's domain."""
    chosen = _HEADERS if AutoAnswer.ALL in ways else ways
    host = f"[{host}]" if ":" in host else host
    return tuple((name, text.format(host=host)) for name, text in map(_HEADERS.__getitem__, chosen))
