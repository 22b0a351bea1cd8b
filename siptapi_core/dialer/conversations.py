"""What a dialog watch adds to our calls: what became of them after we were out.

::

    ReferAccepted, IncomingRinging ─▶ SOUGHT ─a dialog fits─▶ FOUND ─it ended─▶ told
                                        └── none does in time ──▶ forgotten

Our part of a call and its dialog end in any order. Once both have, the watch has the last word: a
conversation that was, and how long it lasted, or that there was none, whatever the phone reported.
"""

from __future__ import annotations

from collections.abc import Callable

from siptapi_core.events import (
    CallCorrected,
    CallEnded,
    CallEvent,
    CallId,
    CallPlaced,
    ConversationEnded,
    Event,
    Happening,
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingRinging,
    Outcome,
    ReferAccepted,
)
from siptapi_core.machine.call_ending import outcome_of
from siptapi_core.machine.dialog_matching import SoughtCall, call_of
from siptapi_core.machine.dialog_watch import DialogReport
from siptapi_core.sip.dialog_info import DialogDirection, DialogEvent

BEFORE, AFTER = 5.0, 40.0
"""Seconds before and after what we know of a call in which its dialog may begin. The phone calls
within ``notify_timeout``; clocks are one, but a NOTIFY about a dialog may come before ours."""
LONGEST = 12 * 3600.0
"""Seconds after which a dialog that does not end is forgotten."""

_OF_EVENT = {
    DialogEvent.CANCELLED: Outcome.CANCELLED,
    DialogEvent.REJECTED: Outcome.REJECTED,
    DialogEvent.TIMEOUT: Outcome.NO_ANSWER,
    DialogEvent.ERROR: Outcome.FAILED,
}
Tell = Callable[[CallId, str, Happening], None]


class _Followed:
    """A call of a watched line, and its dialog as last reported."""

    __slots__ = ("answered", "call", "line", "party", "report", "sought")

    def __init__(self, call: CallId, line: str, party: str) -> None:
        self.call = call
        self.line = line
        self.party = party
        self.sought: SoughtCall | None = None
        self.report: DialogReport | None = None
        self.answered: bool | None = None
        """What was told when our part ended; None: it has not."""


class Conversations:
    """Follows the calls of watched lines. ``now`` is monotonic seconds.

    ``tell(call, line, happening)`` is called for what the watch adds; never from inside `on_event`,
    so that listeners hear it after what it follows from.
    """

    def __init__(self, tell: Tell, soon: Callable[[Callable[[], None]], object]) -> None:
        self.lines: set[str] = set()
        """Those that are watched."""
        self._tell = tell
        self._soon = soon
        self._calls: dict[CallId, _Followed] = {}

    def __len__(self) -> int:
        """How many calls are followed."""
        return len(self._calls)

    def on_event(self, event: Event, now: float) -> None:
        """Something was told of a call."""
        if not isinstance(event, CallEvent) or event.line not in self.lines:
            return
        followed = self._calls.get(event.call)
        match event.happening:
            case CallPlaced(dialled=dialled):
                self._calls[event.call] = _Followed(event.call, event.line, dialled)
            case IncomingRinging(caller=caller):
                followed = self._calls[event.call] = _Followed(event.call, event.line, caller)
                followed.sought = _sought(DialogDirection.RECIPIENT, caller, now)
            case ReferAccepted() if followed is not None:
                followed.sought = _sought(DialogDirection.INITIATOR, followed.party, now)
            case CallEnded(outcome=outcome) if followed is not None:
                self._on_over(followed, now, answered=outcome is Outcome.ANSWERED)
            case IncomingAnsweredElsewhere() if followed is not None:
                self._on_over(followed, now, answered=True)
            case IncomingEnded() if followed is not None:
                self._on_over(followed, now, answered=False)

    def on_dialog(self, line: str, report: DialogReport, now: float) -> None:
        """A dialog of ``line`` began, changed or ended."""
        followed = self._followed_by(line, report)
        if followed is not None:
            followed.report = report
            if followed.answered is not None:
                self._conclude(followed)
        self._forget(now)

    def _followed_by(self, line: str, report: DialogReport) -> _Followed | None:
        calls = [each for each in self._calls.values() if each.line == line]
        for each in calls:
            if each.report is not None and each.report.dialog.id == report.dialog.id:
                return each
        sought = {each.sought: each for each in calls if each.sought and each.report is None}
        found = call_of(report, sought)
        return None if found is None else sought[found]

    def _on_over(self, followed: _Followed, now: float, *, answered: bool) -> None:
        followed.answered = answered
        if followed.sought is None:
            del self._calls[followed.call]  # the phone never agreed to call
        else:
            self._soon(lambda: self._conclude(followed))
        self._forget(now)

    def _conclude(self, followed: _Followed) -> None:
        """Tell what is known, once our part is over."""
        report = followed.report
        if report is None or followed.call not in self._calls:
            return
        if report.answered and not followed.answered:
            followed.answered = True
            self._tell(followed.call, followed.line, CallCorrected(Outcome.ANSWERED))
        if not report.has_ended:
            return
        del self._calls[followed.call]
        outcome = _outcome(report)
        if report.conversation is not None:
            ended = ConversationEnded(report.conversation)
            self._tell(followed.call, followed.line, ended)
        elif followed.answered and not report.answered and outcome is not None:
            self._tell(followed.call, followed.line, CallCorrected(outcome))

    def _forget(self, now: float) -> None:
        """Those that no dialog was found for in time, or whose dialog never ends."""
        for each in tuple(self._calls.values()):
            if each.answered is None or each.sought is None:
                continue
            limit = each.sought.latest + (LONGEST if each.report is not None else 0.0)
            if now > limit:
                del self._calls[each.call]


def _sought(direction: DialogDirection, party: str, now: float) -> SoughtCall:
    return SoughtCall(direction=direction, party=party, earliest=now - BEFORE, latest=now + AFTER)


def _outcome(report: DialogReport) -> Outcome | None:
    """How a dialog that nobody answered ended, where it says so."""
    dialog = report.dialog
    if dialog.code is not None and dialog.code >= 300:  # noqa: PLR2004  # SIP's classes
        return outcome_of(dialog.code)
    return None if dialog.event is None else _OF_EVENT.get(dialog.event)
