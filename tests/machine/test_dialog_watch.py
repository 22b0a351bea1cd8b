"""What is reported of the dialogs of a watched phone, and what is not."""

from __future__ import annotations

import pytest
from dialog_documents import dialog, document

from siptapi_core.machine.dialog_watch import DialogReport, DialogWatch
from siptapi_core.machine.subscription import SubscriberState
from siptapi_core.sip.dialog_info import MEDIA_TYPE, DialogDirection, DialogEvent, DialogState

TRYING, EARLY = DialogState.TRYING, DialogState.EARLY
CONFIRMED, TERMINATED = DialogState.CONFIRMED, DialogState.TERMINATED


class Watching:
    """A watch with an active subscription; ``reports`` are what it said since they were taken."""

    def __init__(self) -> None:
        self.reports: list[DialogReport] = []
        self.told: list[tuple[bool, str]] = []
        self.watch = DialogWatch(self)
        self.subscribe()

    def on_dialog(self, report: DialogReport, now: float) -> None:
        self.reports.append(report)

    def on_watching(self, reason: str, now: float, *, watching: bool) -> None:
        self.told.append((watching, reason))

    def subscribe(self, now: float = 0.0) -> None:
        self.watch.on_state(SubscriberState.SUBSCRIBING, "", now)
        self.watch.on_state(SubscriberState.ACTIVE, "", now)

    def lapse(self, now: float) -> None:
        self.watch.on_state(SubscriberState.WAITING, "silence", now)

    def notify(self, now: float, version: int, *dialogs: str, full: bool = True) -> bool:
        body = document(version, *dialogs, full=full)
        return self.watch.on_notify(body, MEDIA_TYPE, now)

    @property
    def states(self) -> list[tuple[str, DialogState]]:
        return [(report.dialog.id, report.dialog.state) for report in self.reports]

    @property
    def last(self) -> DialogReport:
        return self.reports[-1]


@pytest.fixture
def watching() -> Watching:
    made = Watching()
    made.notify(0.0, 0)
    return made


def test_the_life_of_a_call_that_was_answered(watching):
    whole = {"call_id": "c", "direction": "initiator", "remote": "sip:2002@x"}
    for now, version, state in [(10, 1, "trying"), (11, 2, "early"), (15, 3, "confirmed")]:
        watching.notify(now, version, dialog("d", state, **whole))
    assert (watching.last.began, watching.last.answered, watching.last.confirmed) == (10, True, 15)
    assert watching.watch.dialogs == (watching.last,)
    watching.notify(75, 4, dialog("d", "terminated", event="remote-bye"))
    assert watching.states == [("d", s) for s in (TRYING, EARLY, CONFIRMED, TERMINATED)]
    last = watching.last
    assert (last.has_ended, last.answered, last.conversation) == (True, True, 60)
    assert (last.dialog.event, last.dialog.call_id) == (DialogEvent.REMOTE_BYE, "c")
    assert last.dialog.direction is DialogDirection.INITIATOR
    assert last.dialog.remote.identity == "sip:2002@x", "what is left out is as it was"
    assert watching.watch.dialogs == ()


def test_a_call_that_was_not_answered_was_no_conversation(watching):
    watching.notify(10, 1, dialog("d", "early"))
    watching.notify(20, 2, dialog("d", "terminated", event="cancelled"))
    assert (watching.last.answered, watching.last.conversation) == (False, None)


def test_the_same_again_is_no_report(watching):
    for version in (1, 2, 3):
        watching.notify(10 + version, version, dialog("d", "early", duration=version))
    assert watching.states == [("d", EARLY)]
    for version in (4, 5):
        watching.notify(20 + version, version, dialog("d", "terminated"))
    assert watching.states == [("d", EARLY), ("d", TERMINATED)]


def test_a_change_of_the_other_end_is_reported(watching):
    watching.notify(10, 1, dialog("d", "confirmed", remote="sip:2002@x"))
    watching.notify(20, 2, dialog("d", "confirmed", remote="sip:2003@x"))
    assert watching.last.dialog.remote.identity == "sip:2003@x"
    assert watching.last.confirmed == 10


def test_what_a_full_document_leaves_out_has_ended(watching):
    watching.notify(10, 1, dialog("d", "confirmed"), dialog("e", "early"))
    watching.notify(40, 2, dialog("e", "early"))
    assert watching.states[-1] == ("d", TERMINATED)
    assert (watching.last.conversation, watching.last.dialog.event) == (30, None)


def test_what_a_partial_document_leaves_out_goes_on(watching):
    watching.notify(10, 1, dialog("d", "confirmed"))
    assert not watching.notify(40, 2, dialog("e", "early"), full=False)
    assert watching.states == [("d", CONFIRMED), ("e", EARLY)]


def test_what_was_over_before_we_heard_of_it_is_not_reported(watching):
    watching.notify(10, 1, dialog("d", "terminated"))
    assert watching.reports == []


def test_the_first_document_does_not_say_when_a_call_was_answered():
    watching = Watching()
    watching.notify(10, 7, dialog("d", "confirmed"))
    assert (watching.last.answered, watching.last.confirmed) == (True, None)
    watching.notify(20, 8, dialog("d", "terminated"))
    assert (watching.last.answered, watching.last.conversation) == (True, None)


def test_a_notify_without_body_says_nothing():
    watching = Watching()
    assert not watching.watch.on_notify(b"\r\n", None, 0.0)
    watching.notify(10, 2, dialog("d", "trying"))
    watching.notify(15, 3, dialog("d", "confirmed"))
    watching.watch.on_notify(b"", None, 16.0)
    watching.notify(20, 4, dialog("d", "terminated"))
    assert watching.last.conversation == 5
    assert watching.told == [(True, "")]


def test_how_long_ago_it_began_by_the_notifiers_count(watching):
    """Whole seconds may be rounded up; a dialog never seems to have begun too early."""
    watching.notify(100, 1, dialog("old", "early", duration=40), dialog("new", "early", duration=1))
    assert {report.dialog.id: report.began for report in watching.reports} == {
        "old": 61,
        "new": 100,
    }


def test_the_notifiers_own_count_is_the_better_clock(watching):
    watching.notify(10, 1, dialog("d", "early", duration=0))
    watching.notify(15, 2, dialog("d", "confirmed", duration=5))
    watching.notify(50, 3, dialog("d", "terminated", duration=38))
    assert watching.last.conversation == 33


@pytest.mark.parametrize("duration", [None, 12])
def test_only_one_count_is_no_clock(watching, duration):
    watching.notify(15, 1, dialog("d", "confirmed", duration=duration and 5))
    watching.notify(22, 2, dialog("d", "terminated", duration=None if duration else 12))
    assert watching.last.conversation == 7


# --- documents that are missing ---


def test_a_gap_asks_for_the_full_state_and_leaves_times_open(watching):
    watching.notify(10, 1, dialog("d", "early"))
    assert watching.notify(20, 3, dialog("d", "confirmed"), full=False)
    assert (watching.last.answered, watching.last.confirmed) == (True, None)


def test_what_ended_in_a_gap_ended_at_some_time(watching):
    watching.notify(10, 1, dialog("d", "confirmed"))
    assert watching.notify(20, 3, dialog("e", "early"), full=False)
    assert not watching.notify(25, 4, dialog("e", "early"))
    assert watching.states[-1] == ("d", TERMINATED)
    assert watching.last.conversation is None
    watching.notify(26, 5, dialog("e", "confirmed"))
    watching.notify(36, 6, dialog("e", "terminated"))
    assert watching.last.conversation == 10, "from here on all is known again"


def test_a_late_document_changes_nothing(watching):
    watching.notify(10, 1, dialog("d", "confirmed"))
    assert watching.notify(20, 3, dialog("e", "early"), full=False)
    assert not watching.notify(21, 2, dialog("f", "early"))
    watching.notify(25, 4, dialog("e", "early"))
    assert watching.states == [("d", CONFIRMED), ("e", EARLY), ("d", TERMINATED)]
    assert watching.last.conversation is None


def test_a_lapse_keeps_the_dialogs_and_forgets_the_versions(watching):
    watching.notify(10, 1, dialog("d", "confirmed"), dialog("e", "confirmed"))
    watching.lapse(20)
    assert len(watching.watch.dialogs) == 2
    watching.subscribe(50)
    watching.notify(51, 0, dialog("d", "confirmed"))
    assert watching.states[-1] == ("e", TERMINATED)
    assert watching.last.conversation is None, "it ended while nobody looked"
    watching.notify(70, 1, dialog("d", "terminated"))
    assert watching.last.conversation == 60


def test_after_a_lapse_only_a_full_document_tells_what_has_ended(watching):
    watching.notify(10, 1, dialog("d", "confirmed"), dialog("e", "confirmed"))
    for now in (20, 30):  # the full one was lost, and comes late
        watching.subscribe(now)
        assert watching.notify(now + 1, 1, dialog("e", "confirmed"), full=False)
        assert not watching.notify(now + 2, 0)
    assert len(watching.watch.dialogs) == 2
    watching.notify(40, 2, dialog("e", "confirmed"))
    assert watching.states[-1] == ("d", TERMINATED)


def test_the_notifiers_count_bridges_a_lapse(watching):
    watching.notify(10, 1, dialog("d", "confirmed", duration=3))
    watching.lapse(20)
    watching.subscribe(50)
    watching.notify(51, 0, dialog("d", "terminated", duration=33))
    assert watching.last.conversation == 30


# --- ids that are no dialog's ---


def test_another_call_id_is_another_dialog(watching):
    watching.notify(10, 1, dialog("x", "confirmed", call_id="one"))
    watching.notify(20, 2, dialog("x", "early", call_id="two"))
    assert watching.states == [("x", CONFIRMED), ("x", TERMINATED), ("x", EARLY)]
    assert [report.dialog.call_id for report in watching.reports] == ["one", "one", "two"]
    assert watching.reports[1].conversation == 10


def test_nothing_is_said_of_an_extension_with_several_calls(watching):
    """It rings while it talks: which of the calls ends first nobody tells."""
    for now, version, state in [(10, 1, "confirmed"), (20, 2, "early"), (30, 3, "confirmed")]:
        watching.notify(now, version, dialog("103", state))
    assert watching.states == [("103", CONFIRMED)]
    assert watching.watch.dialogs == ()
    watching.notify(40, 4, dialog("103", "terminated"))
    assert watching.states == [("103", CONFIRMED)]
    watching.notify(50, 5, dialog("103", "early"))
    watching.notify(55, 6, dialog("103", "confirmed", duration=5))
    watching.notify(57, 7, dialog("103", "early"))
    watching.notify(58, 8)
    assert watching.states[1:] == [("103", EARLY), ("103", CONFIRMED)]


def test_an_extension_that_was_idle_is_a_dialog_again(watching):
    for now, version, state in [(10, 1, "confirmed"), (20, 2, "early"), (30, 3, "terminated")]:
        watching.notify(now, version, dialog("103", state, duration=now))
    watching.notify(50, 5, dialog("103", "early"))
    watching.notify(55, 6, dialog("103", "confirmed"))
    watching.notify(60, 7, dialog("103", "terminated", duration=99))
    assert watching.states[1:] == [("103", EARLY), ("103", CONFIRMED), ("103", TERMINATED)]
    assert watching.last.conversation == 5


def test_an_extension_stays_one_through_a_lapse(watching):
    for now, version, state in [(10, 1, "confirmed"), (20, 2, "early")]:
        watching.notify(now, version, dialog("103", state))
    watching.subscribe(30)
    watching.notify(31, 1, dialog("104", "early"), full=False)
    watching.notify(32, 2, dialog("103", "early"), full=False)
    assert watching.states == [("103", CONFIRMED), ("104", EARLY)]
    watching.notify(33, 3, dialog("104", "early"))
    watching.notify(34, 4, dialog("103", "early"))
    assert watching.states[2:] == [("104", TERMINATED), ("103", EARLY)]


def test_a_dialog_that_seems_to_go_back_is_told_of_by_an_old_document(watching):
    """A call from the phone to itself: both its ends have one id, and take turns."""
    told = ["early", "confirmed", "early", "confirmed", "terminated", "confirmed", "terminated"]
    for version, state in enumerate(told, start=1):
        watching.notify(10 * version, version, dialog("d", state, call_id="c"))
    assert watching.states == [("d", EARLY), ("d", CONFIRMED), ("d", TERMINATED)]
    assert (watching.last.confirmed, watching.last.conversation) == (20, 30)
    watching.notify(80, 8, dialog("d", "early", call_id="another"))
    assert watching.states[3:] == [("d", EARLY)], "the id is used again"


def test_an_id_that_was_left_out_may_stand_for_the_same_again(watching):
    """Where a server forgets and remembers, it tells of a dialog that is there."""
    watching.notify(10, 1, dialog("d", "early", call_id="c"))
    watching.notify(20, 2)
    watching.notify(30, 3)
    watching.notify(40, 4, dialog("d", "early", call_id="c"))
    assert watching.states == [("d", EARLY), ("d", TERMINATED), ("d", EARLY)]


# --- whether there is a watch at all ---


def test_it_is_told_once_that_and_why_nobody_is_watched():
    watching = Watching()
    for state, reason in [
        (SubscriberState.WAITING, "no answer"),
        (SubscriberState.SUBSCRIBING, ""),
        (SubscriberState.WAITING, "no answer"),
        (SubscriberState.SUBSCRIBING, ""),
        (SubscriberState.PENDING, "waits"),
        (SubscriberState.ACTIVE, ""),
        (SubscriberState.REFUSED, "489 Bad Event"),
        (SubscriberState.ENDED, ""),
    ]:
        watching.watch.on_state(state, reason, 0.0)
    assert watching.told == [
        (True, ""),
        (False, "no answer"),
        (False, "waits"),
        (True, ""),
        (False, "489 Bad Event"),
    ]


def test_the_end_that_we_wanted_needs_no_reason(watching):
    watching.watch.on_state(SubscriberState.ENDED, "", 1.0)
    assert watching.told == [(True, ""), (False, "")]


@pytest.mark.parametrize(
    ("body", "content_type", "problem"),
    [
        (b"<presence/>", MEDIA_TYPE, "an XML document about 'presence'"),
        (document(1), "application/pidf+xml", "it is application/pidf+xml, not application/dialog"),
    ],
)
def test_what_cannot_be_read_is_told_and_a_gap(watching, body, content_type, problem):
    watching.notify(10, 1, dialog("d", "early"))
    assert not watching.watch.on_notify(body, content_type, 11.0)
    watching.notify(12, 2, dialog("d", "confirmed"))
    ((_, _), (unread, why), (again, _)) = watching.told
    assert (unread, again) == (False, True)
    assert why.startswith(f"what is told of dialogs cannot be read: {problem}")
    assert watching.last.confirmed is None


def test_a_document_without_a_type_is_read(watching):
    watching.watch.on_notify(document(1, dialog("d", "early")), None, 1.0)
    assert watching.states == [("d", EARLY)]


def test_a_gap_is_made_good_by_a_full_document_only(watching):
    watching.notify(10, 1, dialog("d", "early"))
    assert watching.notify(20, 3, dialog("e", "early"), full=False)  # 2 is missing
    assert watching.notify(30, 4, dialog("f", "early"), full=False)
    assert not watching.notify(90, 5, *(dialog(name, "confirmed") for name in "def"))
    assert [report.confirmed for report in watching.watch.dialogs] == [None] * 3
    watching.notify(95, 6, dialog("d", "confirmed"))
    assert watching.states[-2:] == [("e", TERMINATED), ("f", TERMINATED)]


def test_a_full_document_after_a_gap_says_not_since_when(watching):
    watching.notify(10, 1, dialog("d", "early"))
    assert not watching.notify(20, 3, dialog("d", "confirmed"))
    assert (watching.last.answered, watching.last.confirmed) == (True, None)
