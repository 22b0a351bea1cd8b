"""When to renew what expires at a server, and when to try again what it refused.

Thousands of lines share a server: each moment is drawn, so that they do not come at once.
"""

from __future__ import annotations

from collections.abc import Callable

EARLIEST, LATEST = 0.5, 0.75
"""Parts of a life. What is left is enough for a lost packet or two, and in a life of some minutes
for a server that is silent."""

Jitter = Callable[[float, float], float]
"""`siptapi_core.machine.identifiers.Identifiers.jitter`."""


def renew_after(life: float, jitter: Jitter) -> float:
    """The seconds until what lasts for ``life`` seconds is renewed."""
    return jitter(EARLIEST, LATEST) * life


def retry_after_failure(
    longest: float, *, retry_after: float, spread: float, jitter: Jitter
) -> float:
    """The seconds until another try: ``longest``, of which a random half is left out.

    It is not before ``retry_after``, which all lines were told at the same moment: up to ``spread``
    seconds are added to that.
    """
    wait = jitter(longest / 2, longest)
    return max(wait, retry_after + jitter(0.0, spread)) if retry_after else wait
