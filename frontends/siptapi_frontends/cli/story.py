"""The events of one call as a story: when, and in which words."""

from __future__ import annotations

from siptapi_core.commands import Dialling
from siptapi_core.events import CallEnded, CallEvent, CallFailed, CallPlaced, TransferRequested
from siptapi_frontends.cli.sentences import sentence
from siptapi_frontends.cli.verdict import verdict


class Story:
    """Tells each event of one call; remembers what the end needs: the start, the last failure."""

    def __init__(self, dialling: Dialling) -> None:
        self._callee = dialling.explanation.formatted
        self.opening = (
            f"Dialling {self._callee} on line {dialling.line}.",
            *dialling.explanation.warnings,
        )
        self._began: float | None = None
        self._failure: CallFailed | None = None

    def tell(self, event: CallEvent) -> tuple[str, ...]:
        """The lines for one event: seconds since the first, and words.

        None for the first, which says what `opening` said.
        """
        if self._began is None:
            self._began = event.time
        seconds = f"{max(event.time - self._began, 0):6.1f} s  "
        happening = event.happening
        if isinstance(happening, CallFailed):
            self._failure = happening
        if isinstance(happening, CallPlaced):
            return ()
        if isinstance(happening, TransferRequested):
            self._callee = happening.to
        if not isinstance(happening, CallEnded):
            return (seconds + sentence(happening, self._callee),)
        words, to_do = verdict(happening, self._failure)
        return (seconds + words, *([f"{'':10}What to do: {to_do}."] if to_do else []))
