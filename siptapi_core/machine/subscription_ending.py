"""Why a subscription was refused or ended, and when another is worth a try (RFC 6665)."""

from __future__ import annotations

import re

from siptapi_core.sip.event import SubscriptionState
from siptapi_core.sip.message import Response
from siptapi_core.sip.retry_after import LONGEST, retry_after
from siptapi_core.values import Value

_FOR_GOOD = frozenset({401, 403, 405, 406, 407, 410, 415, 416, 420, 489, 501, 505, 603, 604, 606})
"""Refusals of what we ask or who we are, not of the moment."""
_ENDS_SUBSCRIPTION = frozenset({404, 405, 410, 416, *range(480, 486), 489, 501, 604})
"""RFC 6665 section 4.1.2.2; after any other answer to a refresh it goes on until it expires."""


class Ending(Value, kw_only=True):
    """``reason`` is for people; ``retry_after`` the seconds that we are asked to stay away.

    ``for_good``: asking again would not help. ``at_once``: nothing was wrong with us, and nobody
    needs a rest. Neither: later.
    """

    reason: str
    for_good: bool = False
    at_once: bool = False
    retry_after: int = 0


def refusal(response: Response) -> Ending:
    """What a final response that is no 2xx means."""
    status = response.status
    return Ending(
        reason=f"refused: {status} {response.reason}".rstrip(),
        for_good=status in _FOR_GOOD,
        at_once=status == 481,  # noqa: PLR2004  # it has forgotten us
        retry_after=retry_after(response),
    )


def ends_subscription(response: Response) -> bool:
    """Whether that answer to a refresh means that there is no subscription any more."""
    return response.status in _ENDS_SUBSCRIPTION


def termination(state: SubscriptionState) -> Ending:
    """What a NOTIFY means that says ``terminated`` (RFC 6665 section 4.1.3)."""
    reason = state.reason or "no reason given"
    return Ending(
        reason=f"ended by the other side: {reason}",
        for_good=reason in ("rejected", "noresource", "invariant"),
        at_once=reason in ("deactivated", "timeout") and not state.retry_after,
        retry_after=min(state.retry_after or 0, LONGEST),
    )


def seconds_of(response: Response, header: str) -> int | None:
    """The seconds that ``header`` says; None where it says none."""
    text = response.headers.get(header) or ""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else None
