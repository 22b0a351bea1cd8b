"""Which strategy failed on which line after the pick-up, so that the next dial begins with another.

A provider that routes REFER badly shows it only when the person has picked up: that call cannot
be tried again, the next can. It is kept in a file, because without the daemon every dial is a
process of its own, and it is forgotten after a day, because providers get repaired.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from siptapi_core.contracts import Clock, Logger

FORGET_AFTER = 24 * 3600.0
"""Seconds."""


class StrategyMemory:
    """The file at ``path`` (None: only this process remembers), read when it is first needed."""

    def __init__(self, path: Path | None, clock: Clock, logger: Logger) -> None:
        self._path = path
        self._clock = clock
        self._logger = logger
        self._failures: dict[str, dict[str, dict[str, Any]]] | None = None

    def order(self, line: str, strategies: Sequence[str]) -> tuple[str, ...]:
        """``strategies`` with those that failed lately behind the others."""
        if len(strategies) < 2:  # noqa: PLR2004  # nothing to choose from
            return tuple(strategies)
        return tuple(sorted(strategies, key=lambda name: self.why(line, name) is not None))

    def why(self, line: str, strategy: str) -> str | None:
        """Why ``strategy`` failed on ``line`` within the last day; None: it did not."""
        failure = self._read().get(line, {}).get(strategy)
        # One from the future, from before the clock was set back, would stay for long.
        if failure is None or not 0 <= self._clock.time() - failure["time"] <= FORGET_AFTER:
            return None
        return str(failure["why"])

    def remember(self, line: str, strategy: str, why: str) -> None:
        """``strategy`` failed on ``line`` after the pick-up."""
        failures = self._read()
        failures.setdefault(line, {})[strategy] = {"time": self._clock.time(), "why": why}
        self._write(failures)

    def forget(self, line: str, strategy: str) -> None:
        """It worked."""
        if self._read().get(line, {}).pop(strategy, None) is not None:
            self._write(self._read())

    def _read(self) -> dict[str, dict[str, dict[str, Any]]]:
        if self._failures is None:
            self._failures = {}
            if self._path is not None:
                import json  # noqa: PLC0415  # most lines have one strategy: nothing to remember

                try:
                    self._failures = _checked(json.loads(self._path.read_text("utf-8")))
                except FileNotFoundError:
                    pass  # nothing failed yet
                except (OSError, ValueError) as error:
                    self._logger.warning(
                        "what was remembered of strategies is lost",
                        file=str(self._path),
                        why=str(error),
                    )
        return self._failures

    def _write(self, failures: dict[str, dict[str, dict[str, Any]]]) -> None:
        if self._path is None:
            return
        import json  # noqa: PLC0415  # as above

        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(failures, indent=2), "utf-8")
            temporary.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            self._logger.warning(
                "cannot remember which strategy failed", file=str(self._path), why=str(error)
            )


def _checked(data: Any) -> dict[str, dict[str, dict[str, Any]]]:
    if not (
        isinstance(data, dict)
        and all(isinstance(line, dict) for line in data.values())
        and all(
            isinstance(failure, dict)
            and isinstance(failure.get("time"), int | float)
            and isinstance(failure.get("why"), str)
            for line in data.values()
            for failure in line.values()
        )
    ):
        raise ValueError("it is not what SIPTAPI wrote there")
    return data
