"""What the CANCEL of an incoming call means: who stopped its ringing, and how.

A proxy that forks a call cancels the branch to us for many reasons, and the Reason header
(RFC 3326) is all that tells them apart: ``SIP;cause=200`` another phone answered, ``SIP;cause=603``
it declined. Without one the caller gave up, or the PBX does not say: only of a PBX that is known to
send Reason do we say that the call was missed. And not of a CANCEL that follows our first word at
once: it may have waited for that (RFC 3261 9.1), and where another phone declined meanwhile,
Kamailio's has no Reason.
"""

from __future__ import annotations

from siptapi_core.events import IncomingAnsweredElsewhere, IncomingEnded, IncomingOutcome
from siptapi_core.sip.headers import Headers
from siptapi_core.sip.reason import Q850, SIP, reasons_of

_BY_STATUS = {
    486: IncomingOutcome.BUSY,
    600: IncomingOutcome.BUSY,
    403: IncomingOutcome.REJECTED,
    603: IncomingOutcome.REJECTED,
    607: IncomingOutcome.REJECTED,
    608: IncomingOutcome.REJECTED,
}
_BY_Q850 = {17: IncomingOutcome.BUSY, 21: IncomingOutcome.REJECTED}
_NON_SELECTED_USER = 26
"""Q.850's "non-selected user clearing": another one was selected."""
_CALLER_GAVE_UP = frozenset({408, 480, 487})
"""Statuses that say no more than that nobody answered."""


def ending_of(headers: Headers, *, sends_reason: bool) -> IncomingAnsweredElsewhere | IncomingEnded:
    """What a CANCEL, or the BYE of a call that rings, says by its ``headers``.

    ``sends_reason``: it would have one if another phone had answered or declined.
    """
    reasons = [(reason.protocol, reason.cause or 0) for reason in reasons_of(headers)]
    statuses = [cause for protocol, cause in reasons if protocol == SIP]
    causes = [cause for protocol, cause in reasons if protocol == Q850]
    if any(200 <= status < 300 for status in statuses) or _NON_SELECTED_USER in causes:  # noqa: PLR2004
        return IncomingAnsweredElsewhere()
    told = next((status for status in statuses if 300 <= status < 700), None)  # noqa: PLR2004
    by_q850 = next((_BY_Q850[cause] for cause in causes if cause in _BY_Q850), None)
    outcome = _BY_STATUS.get(told or 0, by_q850)
    if outcome is None:
        given_up = told is None or told in _CALLER_GAVE_UP
        missed = sends_reason and given_up
        outcome = IncomingOutcome.MISSED if missed else IncomingOutcome.NOT_ANSWERED
    return IncomingEnded(outcome, told)
