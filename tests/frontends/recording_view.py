"""A view that remembers, and that can do something when an event comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from siptapi_core.commands import Dialling
from siptapi_core.events import CallEvent, Happening, TracedMessage
from siptapi_frontends.cli.view import View


class RecordingView(View):
    """``on`` is called when a happening of that class is shown (`Dialling`: at the beginning)."""

    def __init__(self, on: Mapping[type, Callable[[], None]] | None = None) -> None:
        self.happenings: list[Happening] = []
        self.notes: list[str] = []
        self.drawn: list[TracedMessage] | None = None
        self.names: Mapping[str, str] = {}
        self.closed = False
        self._on = on or {}

    def begin(self, dialling: Dialling) -> None:
        self._do(Dialling)

    def event(self, event: CallEvent) -> None:
        self.happenings.append(event.happening)
        self._do(type(event.happening))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def ladder(self, messages: Sequence[TracedMessage], names: Mapping[str, str]) -> None:
        self.drawn, self.names = list(messages), names

    def close(self) -> None:
        self.closed = True

    def _do(self, what: type) -> None:
        self._on.get(what, lambda: None)()
