"""Steps with the scheduled task, and what it runs."""

from __future__ import annotations

from siptapi_core.values import Value
from siptapi_frontends.tapi.steps import Step
from siptapi_frontends.tapi.windows import Windows

PATIENCE = 30.0
"""Seconds that the service may take to start."""


class SetTask(Value):
    """A scheduled task; None: no such task."""

    name: str
    xml: str | None

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`. Windows writes a task anew in words of its own, so it is set each time."""
        before = windows.task(self.name)
        if self.xml is not None:
            windows.set_task(self.name, self.xml)
        elif before is not None:
            windows.remove_task(self.name)
        else:
            return None
        return SetTask(self.name, before)

    def __str__(self) -> str:
        return f"{'remove' if self.xml is None else 'set'} the scheduled task {self.name}"


class RunTask(Value):
    """What the task starts runs."""

    name: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        windows.run_task(self.name)
        return EndTask(self.name)

    def __str__(self) -> str:
        return f"start the scheduled task {self.name}"


class EndTask(Value):
    """It does not."""

    name: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if windows.task(self.name) is None:
            return None
        windows.end_task(self.name)
        return RunTask(self.name)

    def __str__(self) -> str:
        return f"end the scheduled task {self.name}"


class AwaitService(Value):
    """`siptapi serve` answers at ``address``; ``log`` is where it says why it does not."""

    address: str
    token: str
    log: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        try:
            windows.lines(self.address, self.token, PATIENCE)
        except OSError as error:
            said = (windows.read_file(self.log) or b"").decode("utf-8", "replace").split("\n")
            last = next((line.strip() for line in reversed(said) if line.strip()), "is empty")
            raise OSError(f"{error}; its log {self.log}: {last}") from None
        return None

    def __str__(self) -> str:
        return f"wait for the service at {self.address}"
