"""What the dialogs of a watched phone or account do, from the documents of a subscription.

::

    Subscription ──NOTIFY──▶ DialogTable ──rows──▶ DialogWatch ──DialogReport──▶ the owner
         ▲                        │
         └─ full state, please ◀──┘ a document is missing

Each dialog is reported when it is first told of, whenever something of it changes, and once as
terminated: because a document says so, or because a full one leaves it out. What cannot be known
is not claimed:

- A moment is given only where the document that tells of it follows directly on the one before.
- A dialog that was over before we heard of it is not reported.
- An id that falls back from confirmed is no dialog's but an extension's (some PBXs tell no more
  than that a phone rings or talks): of which call anything is true nobody knows, so nothing is
  reported until it is idle again.
- No dialog goes back (RFC 4235, section 3.7.1): where an id with the same Call-ID does, the
  document is an old one. A server that follows a call from the phone to itself, as ours is, tells
  of both ends under one id, now of the one that is ahead and now of the other.
"""

from __future__ import annotations

from typing import Protocol

from siptapi_core.errors import MessageError
from siptapi_core.machine.dialog_table import DialogTable, Standing
from siptapi_core.machine.subscription import SubscriberState
from siptapi_core.sip.dialog_info import (
    MEDIA_TYPE,
    DialogInfo,
    DialogState,
    Participant,
    WatchedDialog,
    parse_dialog_info,
)
from siptapi_core.values import Value


class DialogReport(Value, kw_only=True):
    """One dialog, as far as was told. Times are monotonic seconds.

    ``began`` is when it was first told of, or earlier where its duration says so. ``confirmed`` is
    since when it is answered, None where it is not, or where that was not seen; ``answered`` says
    whether it is, or was. ``conversation`` is for how many seconds it was, once it has ended.
    ``seen``: nothing is missing between what was told before and this.
    """

    dialog: WatchedDialog
    began: float
    answered: bool = False
    confirmed: float | None = None
    conversation: float | None = None
    seen: bool = True

    @property
    def has_ended(self) -> bool:
        """Whether this is the last report."""
        return self.dialog.state is DialogState.TERMINATED


class WatchOwner(Protocol):
    """Who wants to know."""

    def on_dialog(self, report: DialogReport, now: float) -> None:
        """A dialog began, changed or ended."""
        ...

    def on_watching(self, reason: str, now: float, *, watching: bool) -> None:
        """Whether dialogs are told of from now on, and why not; called only when that changes."""
        ...


class DialogWatch:
    """Follows the dialogs of one subscription, whose owner it is.

    While there is no subscription the dialogs of before are remembered: the next document tells
    what became of them.
    """

    __slots__ = (
        "_ages",
        "_ended",
        "_extensions",
        "_is_active",
        "_missed",
        "_owner",
        "_reason",
        "_reports",
        "_table",
        "_told",
        "_unreadable",
    )

    def __init__(self, owner: WatchOwner) -> None:
        self._owner = owner
        self._table = DialogTable()
        self._missed = True
        self._reports: dict[str, DialogReport] = {}
        self._ages: dict[str, int] = {}  # in seconds, by the notifier's count, when confirmed
        self._extensions: set[str] = set()
        self._ended: dict[str, WatchedDialog] = {}  # by id, until a document leaves them out
        self._is_active = False
        self._reason = ""
        self._unreadable = ""
        self._told = (False, "")

    @property
    def dialogs(self) -> tuple[DialogReport, ...]:
        """Those that have not ended, as last reported."""
        return tuple(self._reports.values())

    def on_state(self, state: SubscriberState, reason: str, now: float) -> None:
        """The subscription's state."""
        self._is_active = state is SubscriberState.ACTIVE
        if self._is_active or reason:
            self._reason = reason
        if state is SubscriberState.SUBSCRIBING:  # its documents have their own count
            self._table = DialogTable()
            self._missed = True
        self._tell(now)

    def on_notify(self, body: bytes, content_type: str | None, now: float) -> bool:
        """Take in a NOTIFY's body; whether the full state is to be asked for."""
        if not body.strip():
            return False
        try:
            document = _read(body, content_type)
        except MessageError as error:
            self._unreadable = f"what is told of dialogs cannot be read: {error}"
            self._missed = True
            self._tell(now)
            return False
        self._unreadable = ""
        self._tell(now)
        standing = self._table.fold(document)
        if standing is Standing.LATE:
            return False
        missed = self._missed
        self._missed = not document.is_full and (missed or standing is Standing.AFTER_GAP)
        self._compare(now, seen=standing is Standing.IN_ORDER and not missed)
        return self._missed

    def _tell(self, now: float) -> None:
        watching = self._is_active and not self._unreadable
        told = (watching, "" if watching else self._unreadable or self._reason)
        if told != self._told:
            self._told = told
            self._owner.on_watching(told[1], now, watching=watching)

    def _compare(self, now: float, *, seen: bool) -> None:
        """Report what the table has otherwise; ``seen``: it came about since the last document."""
        rows = self._table.dialogs
        for name, report in tuple(self._reports.items()):
            row = rows.get(name)
            if self._table.is_complete if row is None else _is_another(row, report.dialog):
                gone = report.dialog.evolve(
                    state=DialogState.TERMINATED, event=None, code=None, duration=None
                )
                self._report(gone, report, now, seen=seen)
        if self._table.is_complete:
            self._extensions &= rows.keys()
        self._ended = {name: ended for name, ended in self._ended.items() if name in rows}
        for row in rows.values():
            self._take(row, self._reports.get(row.id), now, seen=seen)

    def _take(
        self, row: WatchedDialog, before: DialogReport | None, now: float, *, seen: bool
    ) -> None:
        if before is None:
            if row.state is DialogState.TERMINATED:
                self._extensions.discard(row.id)
            elif row.id not in self._extensions and not _is_same(row, self._ended.get(row.id)):
                self._report(row, _begun(row, now), now, seen=seen)
        elif before.answered and row.state in _UNANSWERED:
            if not _is_same(row, before.dialog):
                del self._reports[row.id]
                self._ages.pop(row.id, None)
                self._extensions.add(row.id)
        else:
            dialog = _completed(row, before.dialog)
            if dialog.evolve(duration=before.dialog.duration) != before.dialog:
                self._report(dialog, before, now, seen=seen)

    def _report(
        self, dialog: WatchedDialog, before: DialogReport, now: float, *, seen: bool
    ) -> None:
        report = before.evolve(dialog=dialog, seen=seen)
        if dialog.state is DialogState.CONFIRMED and not before.answered:
            report = report.evolve(answered=True, confirmed=now if seen else None)
            if seen and dialog.duration is not None:
                self._ages[dialog.id] = dialog.duration
        if report.has_ended:
            age = self._ages.pop(dialog.id, None)
            if age is not None and dialog.duration is not None:
                report = report.evolve(conversation=float(max(dialog.duration - age, 0)))
            elif seen and report.confirmed is not None:
                report = report.evolve(conversation=now - report.confirmed)
            self._reports.pop(dialog.id, None)
            self._ended[dialog.id] = dialog
        else:
            self._reports[dialog.id] = report
        self._owner.on_dialog(report, now)


_UNANSWERED = (DialogState.TRYING, DialogState.PROCEEDING, DialogState.EARLY)


def _read(body: bytes, content_type: str | None) -> DialogInfo:
    if content_type not in (None, MEDIA_TYPE):
        raise MessageError(f"it is {content_type}, not {MEDIA_TYPE}")
    return parse_dialog_info(body)


def _begun(row: WatchedDialog, now: float) -> DialogReport:
    age = max((row.duration or 0) - 1, 0)  # whole seconds, maybe rounded up
    return DialogReport(dialog=row, began=now - age)


def _is_another(row: WatchedDialog, before: WatchedDialog) -> bool:
    """Whether an id stands for another dialog than before."""
    return None not in (row.call_id, before.call_id) and row.call_id != before.call_id


def _is_same(row: WatchedDialog, before: WatchedDialog | None) -> bool:
    """Whether an id is known to stand for the same dialog as before."""
    return before is not None and row.call_id is not None and row.call_id == before.call_id


def _completed(row: WatchedDialog, before: WatchedDialog) -> WatchedDialog:
    """``row`` with what was told before and is left out now."""
    known = {
        name: getattr(before, name)
        for name in ("call_id", "local_tag", "remote_tag", "direction", "local", "remote")
        if getattr(row, name) in (None, Participant())
    }
    return row.evolve(**known)
