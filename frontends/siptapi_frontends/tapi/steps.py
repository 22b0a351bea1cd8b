"""What an installation consists of: steps, each of which can be undone by another.

``apply`` does it and returns the step that undoes it, or None where all was as it should be. So a
plan may be carried out twice, and one that fails in the middle can be taken back. ``str`` says what
a step does, as in "could not ...".
"""

from __future__ import annotations

from typing import Protocol

from siptapi_frontends.tapi.windows import Windows


class Step(Protocol):
    """One of the classes below."""

    def apply(self, windows: Windows) -> Step | None:
        """Do it; raises OSError where Windows refuses."""
        ...
