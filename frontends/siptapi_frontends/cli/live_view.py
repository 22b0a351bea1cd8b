"""A call on a terminal: the story so far, what is going on now, and the ladder at the end.

rich draws it. Its import takes longer than the set-up of a call, so it waits for the first event:
by then the INVITE is on its way.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from siptapi_core.commands import Dialling
from siptapi_core.events import (
    CalleeAnswered,
    CalleeTrying,
    CallEnded,
    CallEvent,
    Happening,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    ReferAccepted,
    Reporter,
    TracedMessage,
)
from siptapi_core.logs import printable
from siptapi_frontends.cli.output import can_show, say
from siptapi_frontends.cli.story import Story
from siptapi_frontends.cli.view import View

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_Order = tuple[tuple[str, str, str], Mapping[type[Happening], int]]
_ORDERS: dict[type[Happening], _Order] = {
    PhoneCalling: (
        ("your phone", "hand-over", "other side"),
        {PhoneCalling: 0, PhoneAnswered: 1, ReferAccepted: 2, CalleeAnswered: 3},
    ),
    CalleeTrying: (
        ("other side", "hand-over", "this side"),
        {CalleeTrying: 0, CalleeAnswered: 1, ReferAccepted: 2, PhoneAnswered: 3},
    ),
}
"""By whom we call first: the phases, and which of them begins with what."""
_UNICODE_MARKS = ("\N{CHECK MARK}", "\N{BLACK CIRCLE}", "\N{WHITE CIRCLE}")
_ASCII_MARKS = ("x", ">", " ")
"""Done, now, to come."""
_STYLES = {Outcome.ANSWERED: "bold green", Outcome.UNKNOWN: "bold yellow"}
_SHOW_CURSOR = b"\r\n\x1b[?25h"


class LiveView(View):
    """Lines that stay, above one that moves while the call is being set up."""

    draws_ladder = True

    def __init__(self) -> None:
        self._unicode = can_show("".join(_UNICODE_MARKS) + "\u280b\u2500\u2502\u25ba")
        self._screen: Progress | None = None
        self._names, self._entered = _ORDERS[PhoneCalling]

    def begin(self, dialling: Dialling) -> None:
        """Say what is about to happen."""
        self._story = Story(dialling)
        say(*self._story.opening)

    def event(self, event: CallEvent) -> None:
        """Add its lines, and move on."""
        if self._screen is None:
            self._screen, self._now = self._start()
        happening = event.happening
        kind = type(happening)
        if kind in _ORDERS and happening.reported_by is Reporter.SIPTAPI:
            self._names, self._entered = _ORDERS[kind]
        if kind in self._entered:
            phases = self._phases(self._entered[kind])
            self._screen.update(self._now, description=phases, refresh=True)
        style = ""
        if isinstance(happening, CallEnded):
            self.close()
            style = _STYLES.get(happening.outcome, "bold red")
        for line in self._story.tell(event):
            self._screen.print(printable(line), style=style, markup=False, highlight=False)
            style = ""

    def note(self, text: str) -> None:
        """Print it above the line that moves."""
        if self._screen is None:
            say(text)
        else:
            self._screen.print(printable(text), markup=False, highlight=False)

    def ladder(self, messages: Sequence[TracedMessage], names: Mapping[str, str]) -> None:
        """Draw what went over the wire."""
        from siptapi_core.ladder import draw_ladder  # noqa: PLC0415  # the call is over

        width = shutil.get_terminal_size().columns
        drawn = draw_ladder(
            messages, names=names, local_name="SIPTAPI", unicode=self._unicode, width=width
        )
        say("", *drawn.splitlines())

    def close(self) -> None:
        """Remove the line that moves, and give the cursor back."""
        if self._screen is not None:
            self._screen.stop()

    def last_words(self) -> None:
        """Give the cursor back; rich may be in the middle of drawing, so without it."""
        if self._screen is not None:
            os.write(1, _SHOW_CURSOR)

    def _start(self) -> tuple[Progress, TaskID]:
        from rich.progress import (  # noqa: PLC0415  # see the module's docstring
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        screen = Progress(
            SpinnerColumn("dots" if self._unicode else "line"),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            transient=True,
        )
        now = screen.add_task(self._phases(0), total=None)
        screen.start()
        return screen, now

    def _phases(self, entered: int) -> str:
        done, now, to_come = _UNICODE_MARKS if self._unicode else _ASCII_MARKS
        marks = [done] * entered + [now] + [to_come] * len(self._names)
        phases = [f"[{mark}] {phase}" for mark, phase in zip(marks, self._names, strict=False)]
        return "   ".join((*phases, "Ctrl-C hangs up"))
