"""All the steps of a plan, or none of them."""

from __future__ import annotations

from collections.abc import Sequence

from siptapi_core.errors import RefusedError
from siptapi_frontends.tapi.steps import Step
from siptapi_frontends.tapi.windows import Windows


def carry_out(steps: Sequence[Step], windows: Windows) -> tuple[Step, ...]:
    """Apply ``steps`` in their order; returns those that changed something.

    Raises:
        RefusedError: one failed, and those before it were undone; the words name what was not.
    """
    changed: list[Step] = []
    undoing: list[Step] = []
    for step in steps:
        try:
            undo = step.apply(windows)
        except OSError as error:
            failed = "; ".join(_undo(undoing, windows))
            rest = f"not all could be undone: {failed}" if failed else "nothing is changed"
            raise RefusedError(f"could not {step}: {_reason(error)}; {rest}") from None
        except BaseException:  # Ctrl-C, or a defect
            _undo(undoing, windows)
            raise
        if undo is not None:
            changed.append(step)
            undoing.append(undo)
    return tuple(changed)


def _undo(steps: Sequence[Step], windows: Windows) -> list[str]:
    """Apply ``steps`` from the last to the first; what went wrong in words."""
    failed = []
    for step in reversed(steps):
        try:
            step.apply(windows)
        except OSError as error:
            failed.append(f"could not {step}: {_reason(error)}")
    return failed


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
