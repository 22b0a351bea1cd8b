"""``clock``: whether our clock and the servers' agree."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import parsedate_to_datetime

from siptapi_core.checks.examined_line import ExaminedLine
from siptapi_core.checks.findings import UnexaminedError, fine, note, problem
from siptapi_core.contracts import Finding

TOLERANCE = 120.0
"""Seconds that two clocks may differ."""


async def check_clock(line: ExaminedLine) -> Iterable[Finding]:
    """Look at the Date of the answers (RFC 3261 20.17)."""
    answers = await line.heard()
    if not answers:
        raise UnexaminedError("no server answers")
    for answer in answers:
        assert answer.response is not None  # noqa: S101  # it was heard
        date = answer.response.headers.get("Date")
        try:
            theirs = parsedate_to_datetime(date or "").timestamp()
        except (TypeError, ValueError):
            continue
        off = line.context.clock.time() - theirs
        if abs(off) <= TOLERANCE:
            return [fine(f"Our clock and that of {answer.address} agree.")]
        ahead = "ahead of" if off > 0 else "behind"
        return [
            problem(
                f"Our clock is {abs(off):.0f} s {ahead} that of {answer.address} ({date}).",
                "One of them is wrong: certificates are refused, and the history has wrong times.",
                "Let this computer set its clock by the network (NTP), or tell who runs the "
                "server.",
            )
        ]
    return [note("No answer says what time it is.", "The clocks cannot be compared.")]
