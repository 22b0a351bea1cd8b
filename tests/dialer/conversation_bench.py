"""Conversations on a bench: the test is the calls, the watched phone, and the clock."""

from __future__ import annotations

from collections import deque

from siptapi_core.dialer.conversations import Conversations
from siptapi_core.events import (
    CallEnded,
    CallEvent,
    CallPlaced,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    Stage,
)
from siptapi_core.machine.dialog_watch import DialogReport
from siptapi_core.sip.dialog_info import (
    DialogDirection,
    DialogState,
    Participant,
    WatchedDialog,
)

LINE = "office"
CALLEE = "sip:301@example.com"
OUTGOING, INCOMING = DialogDirection.INITIATOR, DialogDirection.RECIPIENT


def ended(outcome: Outcome = Outcome.ANSWERED) -> CallEnded:
    return CallEnded(outcome, Stage.CALLEE)


class Bench:
    """Conversations, of which ``told`` is what they tell. ``now`` is the time."""

    def __init__(self, *lines: str):
        self.now = 1000.0
        self.told = []
        self.named = {}
        self.soon = deque()
        self.conversations = Conversations(
            self.tell,
            self.soon.append,
            lambda call_id: self.named.get(call_id, ""),
            lambda: self.now,
        )
        for line in lines or (LINE,):
            self.conversations.watch(line)

    def tell(self, call, line, happening):
        self.told.append((call, happening))
        self.conversations.on_event(CallEvent(1, call, line, 0.0, happening))

    def happens(self, *happenings, call="c1", line=LINE):
        """Each of them, a tenth of a second after the one before."""
        for happening in happenings:
            self.now += 0.1
            before = len(self.told)
            self.conversations.on_event(CallEvent(1, call, line, 0.0, happening))
            assert len(self.told) == before, "nothing while something else is being told"
            self.settle()

    def dials(self, *further, call="c1", line=LINE, callee=CALLEE):
        """A call whose phone was asked to call."""
        first = CallPlaced("301", callee, "cli"), PhoneCalling("refer-via-proxy")
        self.happens(*first, PhoneRinging(), PhoneAnswered(), *further, call=call, line=line)

    def settle(self):
        while self.soon:
            self.soon.popleft()()

    def dialog(self, state, id_="d1", *, line=LINE, began=None, seen=True, lasted=None, **dialog):
        """A dialog to the callee is in ``state``; it was answered where that says so."""
        parts = {"direction": OUTGOING, "remote": Participant(CALLEE)} | dialog
        answered = parts.pop("answered", state == "confirmed" or lasted is not None)
        report = DialogReport(
            dialog=WatchedDialog(id=id_, state=DialogState(state), **parts),
            began=self.now if began is None else began,
            answered=answered,
            conversation=lasted,
            seen=seen,
        )
        self.conversations.on_dialog(line, report, self.now)
        self.settle()

    @property
    def words(self):
        return [happening for _, happening in self.told]
