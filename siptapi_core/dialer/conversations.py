"""What a dialog watch adds to our calls: what became of them after we were out.

::

    the phone may call, an incoming call rings ─▶ SOUGHT ─a dialog fits─▶ FOUND ─all ended─▶ told
                                                    └── none does in time ──▶ forgotten

Our part of a call and its dialogs end in any order. Once both have, the watch has the last word: a
conversation that was, and how long it lasted, or that there was none, whatever the phone reported.

What cannot be known is not claimed. A dialog that nobody answered says how a call ended that the
phone made; of one that came to the phone it says nothing, for another phone of the account may have
taken that.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from siptapi_core.events import (
    CallCorrected,
    CalleeAnswered,
    CalleeTrying,
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
    PhoneAnswered,
    PhoneCalling,
    ReferAccepted,
    TransferRequested,
)
from siptapi_core.machine.call_ending import outcome_of
from siptapi_core.machine.dialog_matching import SoughtCall, call_of
from siptapi_core.machine.dialog_watch import DialogReport
from siptapi_core.sip.dialog_info import DialogDirection, DialogEvent

BEFORE = 1.0
"""Seconds before we tell that the phone was asked to call, in which its dialog may have begun: it
was asked a little earlier."""
AFTER = 10.0
"""Seconds after the end of our part in which a dialog of the call may yet be told of."""
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
    """A call of a watched line, and the dialogs of it as last reported, by their ids."""

    __slots__ = (
        *("call", "dialogs", "direction", "ended", "is_incoming", "latest", "line", "party"),
        "since",
    )

    def __init__(self, call: CallId, line: str, party: str, *, is_incoming: bool) -> None:
        self.call = call
        self.line = line
        self.party = party
        self.is_incoming = is_incoming
        self.direction = DialogDirection.RECIPIENT if is_incoming else DialogDirection.INITIATOR
        """As the phone sees the call."""
        self.since: float | None = None
        """When its dialog may begin; None: the phone was not asked to call."""
        self.latest = math.inf
        self.dialogs: dict[str, DialogReport] = {}
        self.ended: Outcome | None = None
        """What is known of how it ended; None: our part has not."""

    def begin(self, direction: DialogDirection) -> None:
        """An attempt begins."""
        self.direction, self.since = direction, None

    def seek(self, now: float) -> None:
        """From now on the phone may call."""
        if self.since is None:
            self.since = now - BEFORE

    def transfer(self, to: str, now: float) -> None:
        """Where the phone is held, it shall call somebody else."""
        if self.direction is DialogDirection.INITIATOR:
            self.party = to
            self.dialogs.clear()
            if self.since is not None:
                self.since = now - BEFORE

    def sought(self) -> SoughtCall | None:
        """What its dialog is like, while none is found."""
        if self.since is None or self.dialogs:
            return None
        return SoughtCall(
            direction=self.direction, party=self.party, earliest=self.since, latest=self.latest
        )

    def has(self, report: DialogReport) -> bool:
        """Whether that is one of its dialogs, or another fork of one (RFC 4235 section 3.7)."""
        call_id = report.dialog.call_id
        return report.dialog.id in self.dialogs or (
            call_id is not None
            and any(each.dialog.call_id == call_id for each in self.dialogs.values())
        )

    def correction(self) -> Outcome | None:
        """What the dialogs, which all have ended, know better; None: nothing."""
        reports = self.dialogs.values()
        if any(each.answered for each in reports):
            return None if self.ended is Outcome.ANSWERED else Outcome.ANSWERED
        if self.direction is DialogDirection.RECIPIENT:
            return None
        known = {_outcome(each) for each in reports}
        outcome = known.pop() if len(known) == 1 else None
        is_better = self.ended is Outcome.ANSWERED or self.ended is Outcome.UNKNOWN
        return outcome if is_better and outcome is not self.ended else None


class Conversations:
    """Follows the calls of watched lines. ``clock`` gives monotonic seconds.

    ``tell(call, line, happening)`` is called for what the watch adds, once ``soon`` calls what it
    is given: not while something else is being told, so that listeners hear it after what it
    follows from. ``call_with(call_id)`` is our call that has messages of that Call-ID, "" where
    none is known.
    """

    def __init__(
        self,
        tell: Tell,
        soon: Callable[[Callable[[], None]], object],
        call_with: Callable[[str], CallId],
        clock: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._soon = soon
        self._call_with = call_with
        self._lines: dict[str, dict[CallId, _Followed]] = {}
        self._over: deque[_Followed] = deque()
        """Those of which our part is over, in that order, while a dialog may yet be found."""
        self._talking: deque[_Followed] = deque()
        """... and those that had one by then."""

    def watch(self, line: str) -> None:
        """Follow the calls of ``line`` from now on."""
        self._lines.setdefault(line, {})

    def unwatch(self, line: str) -> None:
        """Follow them no more."""
        self._lines.pop(line, None)

    def __len__(self) -> int:
        """How many calls are followed."""
        return sum(map(len, self._lines.values()))

    def on_event(self, event: Event) -> None:
        """Something was told of a call: a sink of events."""
        calls = self._lines.get(event.line)
        if calls is None or not isinstance(event, CallEvent):
            return
        now = self._clock()
        call, line, happening = event.call, event.line, event.happening
        if isinstance(happening, CallPlaced):
            calls[call] = _Followed(call, line, happening.dialled, is_incoming=False)
        elif isinstance(happening, IncomingRinging):
            calls[call] = _Followed(call, line, happening.caller, is_incoming=True)
            calls[call].seek(now)
        elif call in calls:
            self._go_on(calls[call], happening, now)

    def on_dialog(self, line: str, report: DialogReport, now: float) -> None:
        """A dialog of ``line`` began, changed or ended."""
        followed = self._followed_by(line, report)
        if followed is not None:
            followed.dialogs[report.dialog.id] = report
            if followed.ended is not None:
                self._soon(lambda: self._conclude(followed))
        self._forget(now)

    def _go_on(self, followed: _Followed, happening: Happening, now: float) -> None:
        match happening:
            case PhoneCalling(strategy=strategy) if strategy:
                followed.begin(DialogDirection.INITIATOR)
            case CalleeTrying(strategy=strategy) if strategy:  # it will call the phone
                followed.begin(DialogDirection.RECIPIENT)
            case PhoneAnswered() | ReferAccepted() | CalleeTrying() | CalleeAnswered():
                followed.seek(now)
            case TransferRequested(to=to):
                followed.transfer(to, now)
            case CallEnded(outcome=outcome):
                self._on_over(followed, outcome, now)
            case IncomingAnsweredElsewhere():
                self._on_over(followed, Outcome.ANSWERED, now)
            case IncomingEnded():
                self._on_over(followed, Outcome.UNKNOWN, now)

    def _followed_by(self, line: str, report: DialogReport) -> _Followed | None:
        calls = self._lines.get(line, {})
        for each in calls.values():
            if each.has(report):
                return each
        named = calls.get(self._call_with(report.dialog.call_id or ""))
        if named is not None:
            return named if named.is_incoming else None  # of one that we make it is our own leg
        sought = {wanted: each for each in calls.values() if (wanted := each.sought()) is not None}
        found = call_of(report, sought)
        return None if found is None else sought[found]

    def _on_over(self, followed: _Followed, outcome: Outcome, now: float) -> None:
        followed.ended = outcome
        followed.latest = now + AFTER
        if followed.since is None:
            self._drop(followed)  # the phone was never asked to call
        else:
            self._over.append(followed)
            self._soon(lambda: self._conclude(followed))
        self._forget(now)

    def _conclude(self, followed: _Followed) -> None:
        """Tell what is known, once our part is over."""
        reports = followed.dialogs.values()
        if not reports or not self._follows(followed):
            return
        has_ended = all(each.has_ended for each in reports)
        if has_ended:
            self._drop(followed)
        if has_ended or any(each.answered for each in reports):
            correction = followed.correction()
            if correction is not None:
                followed.ended = correction
                self._tell(followed.call, followed.line, CallCorrected(correction))
        lasted = [each.conversation for each in reports if each.conversation is not None]
        if has_ended and lasted:
            self._tell(followed.call, followed.line, ConversationEnded(max(lasted)))

    def _forget(self, now: float) -> None:
        """Those that no dialog was found for in time, or whose dialog never ends."""
        while self._over and now > self._over[0].latest:
            followed = self._over.popleft()
            if not followed.dialogs:
                self._drop(followed)
            elif self._follows(followed):
                self._talking.append(followed)
        while self._talking and now > self._talking[0].latest + LONGEST:
            self._drop(self._talking.popleft())

    def _follows(self, followed: _Followed) -> bool:
        return self._lines.get(followed.line, {}).get(followed.call) is followed

    def _drop(self, followed: _Followed) -> None:
        """Follow it no more. Harmless when that was so already."""
        if self._follows(followed):
            del self._lines[followed.line][followed.call]


def _outcome(report: DialogReport) -> Outcome | None:
    """How a dialog ended that was not answered; None where it may have been."""
    dialog = report.dialog
    if dialog.code is not None and dialog.code >= 300:  # noqa: PLR2004  # SIP's classes
        return outcome_of(dialog.code)
    if dialog.event is not None:
        return _OF_EVENT.get(dialog.event)
    return Outcome.UNKNOWN if report.seen else None
