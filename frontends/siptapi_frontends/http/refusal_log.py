"""What the log says of refused requests: a flood of them fills no disk."""

from __future__ import annotations

from collections.abc import Callable

from siptapi_core.contracts import Clock, Logger
from siptapi_frontends.http.rate_limits import RateLimit

LINES_PER_MINUTE = 60
"""Of one client."""
ALL_LINES_PER_MINUTE = 600
LONGEST = 200
"""Characters of a value."""
_ALL = ""


class RefusalLog:
    """Writes to ``logger``, but not too often; ``unreported`` then counts what it left out."""

    def __init__(self, logger: Logger, clock: Clock) -> None:
        self._logger = logger
        self._clock = clock
        self._of_client = RateLimit(LINES_PER_MINUTE)
        self._of_all = RateLimit(ALL_LINES_PER_MINUTE)
        self._unreported = 0

    def warning(self, event: str, *, client: str, **values: object) -> None:
        """``client`` was refused."""
        self._say(self._logger.warning, event, client, values)

    def error(self, event: str, *, client: str, **values: object) -> None:
        """What ``client`` asked for found a mistake of ours."""
        self._say(self._logger.error, event, client, values)

    def _say(
        self, say: Callable[..., object], event: str, client: str, values: dict[str, object]
    ) -> None:
        now = self._clock.monotonic()
        if self._of_client.wait(client, now) or self._of_all.wait(_ALL, now):
            self._unreported += 1
            return
        self._of_client.take(client, now)
        self._of_all.take(_ALL, now)
        short = {name: _short(value) for name, value in values.items()}
        say(event, client=client, **short, unreported=self._unreported)
        self._unreported = 0


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}..."
    return value
