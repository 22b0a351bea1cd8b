"""What is wrong with the history at the moment: said once, and not at every event."""

from __future__ import annotations

from siptapi_core.contracts import Logger


class Health:
    """``problem`` is one sentence, empty while all is well; each change of it is logged."""

    def __init__(self, logger: Logger) -> None:
        self.problem = ""
        self._logger = logger

    def fail(self, problem: str) -> None:
        """It does not work, or not any more."""
        if problem != self.problem:
            self.problem = problem
            self._logger.warning(problem)

    def recover(self) -> None:
        """It works."""
        if self.problem:
            self._logger.info("the history is kept again", after=self.problem)
            self.problem = ""
