"""How a call is shown: as plain lines in a pipe, as JSON for programs, live on a terminal."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence

from siptapi_core.commands import Dialling
from siptapi_core.events import CallEvent, TracedMessage
from siptapi_frontends.cli.output import is_terminal, say, say_aside
from siptapi_frontends.cli.story import Story


class View:
    """Is told everything about one call, in order; by itself it shows nothing."""

    draws_ladder = False
    """Whether it wants the call's SIP messages when the call is over."""

    def begin(self, dialling: Dialling) -> None:
        """The call exists; its first packet waits for this to return."""

    def event(self, event: CallEvent) -> None:
        """Something happened."""

    def note(self, text: str) -> None:
        """Say something that is no event of the call."""

    def ladder(self, messages: Sequence[TracedMessage], names: Mapping[str, str]) -> None:
        """Draw the messages; ``names`` gives the peers' addresses names."""

    def close(self) -> None:
        """Leave the terminal as it was found. May be called twice."""

    def last_words(self) -> None:
        """The same from a signal handler, in the middle of anything, just before the end."""


class JsonView(View):
    """One event a line, as `siptapi_core.event_encoding` has it; notes go to standard error."""

    def begin(self, dialling: Dialling) -> None:
        """Nothing happened yet; the person may want to know how the number was read."""
        say_aside(*dialling.explanation.warnings)

    def event(self, event: CallEvent) -> None:
        """Print it."""
        import json  # noqa: PLC0415  # only this view needs it

        from siptapi_core.event_encoding import encode_event  # noqa: PLC0415

        say(json.dumps(encode_event(event)))

    def note(self, text: str) -> None:
        """Tell the person, not the program."""
        say_aside(text)


class PlainView(View):
    """No colour, no control sequence, nothing that moves."""

    def begin(self, dialling: Dialling) -> None:
        """Say what is about to happen."""
        self._story = Story(dialling)
        say(*self._story.opening)

    def event(self, event: CallEvent) -> None:
        """Print its lines."""
        say(*self._story.tell(event))

    def note(self, text: str) -> None:
        """Print it."""
        say(text)


def choose_view(arguments: Namespace) -> View:
    """The view for the user's arguments, and for what standard output is.

    Traces and logs are read line by line, so nothing moves on the screen beside them.
    """
    if arguments.json:
        return JsonView()
    by_line = arguments.trace or arguments.log_level in ("debug", "info")
    if by_line or not is_terminal(sys.stdout):
        return PlainView()
    from siptapi_frontends.cli.live_view import LiveView  # noqa: PLC0415  # only for terminals

    return LiveView()
