"""Several problems at once: a file is read to its end before anyone complains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from siptapi_core.errors import SettingsError


class Problems:
    """Collects settings errors, and raises them together."""

    def __init__(self) -> None:
        self._found: dict[str, SettingsError] = {}  # by their words: none is told twice

    def add(self, error: SettingsError) -> None:
        """Keep a problem for later."""
        self._found |= {str(problem): problem for problem in error.problems}

    def __bool__(self) -> bool:
        return bool(self._found)

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Run a block whose settings error is kept for later; the block ends there."""
        try:
            yield
        except SettingsError as error:
            self.add(error)

    def check(self) -> None:
        """Raise what was found, if anything: the first problem, with the others as its ``more``.

        Raises:
            SettingsError: see its ``problems``.
        """
        if self._found:
            first, *more = self._found.values()
            raise SettingsError(first.problem, where=first.where, key=first.key, more=more)
