"""Whatever network and notifier do: no claim beyond what was sent, and in the end all of it."""

from __future__ import annotations

from hypothesis import event, given
from hypothesis import strategies as st
from notifier_side import GRANTED, Notifier
from subscriber_side import make_plan

from siptapi_core.machine.dialog_watch import DialogReport, DialogWatch
from siptapi_core.machine.flows import Flows
from siptapi_core.machine.subscription import (
    FULL_STATE_PAUSE,
    LONGEST_WAIT,
    SubscriberState,
    Subscription,
)
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.targets import Address
from siptapi_core.testing.counting_identifiers import CountingIdentifiers
from siptapi_core.testing.lossy_link import AT_ONCE, LOST, Decide, LossyLink, script

PHONE, SIPTAPI = Address("192.0.2.2", 5060), Address("192.0.2.9", 5060)
LONGEST_DELAY = 32.0
"""Seconds that a NOTIFY may be under way until it is given up, retransmissions included."""
CHAOS = 3600.0
"""Seconds in which things happen."""


class Scene:
    """A watched phone, who watches it, and the network between them."""

    def __init__(self, fate: Decide, *, partial: bool = True, notify_first: bool = False) -> None:
        self.agent = UserAgent(
            identifiers=CountingIdentifiers(), local_address=lambda _towards: SIPTAPI
        )
        self.phone = Notifier(PHONE, partial=partial, notify_first=notify_first)
        self.link = LossyLink(fate=fate)
        self.link.join(self.agent, SIPTAPI)
        self.link.join(self.phone, PHONE)
        self.reports: list[tuple[DialogReport, float]] = []
        self.watching = False
        self.watch = DialogWatch(self)
        self.subscription = Subscription(
            make_plan(),
            agent=self.agent,
            flows=Flows(self.agent.transactions),
            credentials=None,
            locate=lambda _uri, then: then((PHONE,), self.now),
            owner=self.watch,
        )

    @property
    def now(self) -> float:
        return self.link.clock.monotonic()

    def on_dialog(self, report: DialogReport, now: float) -> None:
        self.reports.append((report, now))

    def on_watching(self, reason: str, now: float, *, watching: bool) -> None:
        wanted = self.subscription.state not in (SubscriberState.ENDING, SubscriberState.ENDED)
        assert watching or reason or not wanted
        self.watching = watching

    @property
    def known(self) -> dict[str, str]:
        return {r.dialog.id: r.dialog.state.value for r in self.watch.dialogs}

    @property
    def subscribes(self) -> int:
        """How many SUBSCRIBEs were sent, retransmissions not counted."""
        sent = {
            packet.data
            for packet in self.link.packets
            if packet.source == SIPTAPI and packet.data.startswith(b"SUBSCRIBE")
        }
        return len(sent)

    def stop(self) -> None:
        self.subscription.stop(self.now)
        self.link.run(self.now + 2 * LONGEST_DELAY + 10)

    def check_nothing_is_open(self) -> None:
        assert self.subscription.state is SubscriberState.ENDED
        assert len(self.agent) == 0
        assert self.agent.next_timer() is None

    def check_truth(self) -> None:
        """Every report tells what the phone did, not before it did it, and not much later."""
        for report, moment in self.reports:
            name, state = report.dialog.id, report.dialog.state.value
            happened = dict(self.phone.history[name])
            if state == "terminated" and state not in happened:
                raise AssertionError(f"{name} goes on")
            assert happened[state] <= moment
            assert report.answered <= ("confirmed" in happened)
            if report.confirmed is not None:
                assert 0 <= report.confirmed - happened["confirmed"] <= LONGEST_DELAY
            if report.conversation is not None:
                truth = happened["terminated"] - happened["confirmed"]
                assert abs(report.conversation - truth) <= LONGEST_DELAY


fates = st.lists(
    st.sampled_from(
        [AT_ONCE, AT_ONCE, LOST, (0.02,), (0.3,), (0.0, 0.4), (0.9,), (0.0, 2.2), (0.1, 0.1)]
    ),
    max_size=80,
)
moments = st.floats(0, CHAOS)
lives = st.lists(
    st.tuples(moments, st.lists(st.floats(0.01, 300), min_size=1, max_size=4)), max_size=6
)
STATES = ("trying", "early", "confirmed", "terminated")
mishaps = st.lists(
    st.tuples(
        moments,
        st.sampled_from(["restart", "deactivated", "timeout", "probation", "giveup", "503", "ok"]),
    ),
    max_size=4,
)


def live(scene: Scene, lives: list[tuple[float, list[float]]]) -> None:
    """Dialogs that begin, go on for as many states as there are pauses, and may never end."""
    for number, (begin, pauses) in enumerate(lives):
        moment = begin
        for pause, state in zip([0, *pauses], STATES, strict=False):
            moment += pause

            def change(now: float, name: str = f"d{number}", state: str = state) -> None:
                scene.phone.change(name, state, now)

            scene.phone.agent.queue.schedule(moment, change)


def suffer(scene: Scene, mishaps: list[tuple[float, str]]) -> None:
    for moment, what in mishaps:

        def act(now: float, what: str = what) -> None:
            if what == "restart":
                scene.phone.restart()
            elif what in ("503", "ok"):
                scene.phone.refuses = 503 if what == "503" else 0
            else:
                scene.phone.end_all(what, now)

        scene.phone.agent.queue.schedule(moment, act)


@given(fates=fates, lives=lives, partial=st.booleans(), notify_first=st.booleans())
def test_losses_and_reordering_are_made_good(fates, lives, partial, notify_first):
    scene = Scene(script(fates), partial=partial, notify_first=notify_first)
    live(scene, lives)
    scene.subscription.start(scene.now)
    scene.link.run(CHAOS + 1300 + FULL_STATE_PAUSE)
    assert scene.watching
    assert scene.known == scene.phone.dialogs
    scene.check_truth()
    assert scene.subscribes < 40
    scene.stop()
    scene.check_nothing_is_open()
    assert scene.phone.subscribers == []


@given(
    fates=fates,
    lives=lives,
    mishaps=mishaps,
    partial=st.booleans(),
    notify_first=st.booleans(),
    loss=st.floats(0, 1),
    seed=st.randoms(use_true_random=False),
)
def test_after_every_mishap_it_is_told_the_truth_again(
    fates, lives, mishaps, partial, notify_first, loss, seed
):
    first = script(fates, then=())

    def fate(data: bytes, source: Address, destination: Address) -> tuple[float, ...]:
        if scene.now > CHAOS:
            return AT_ONCE
        return first(data, source, destination) or (LOST if seed.random() < loss else AT_ONCE)

    scene = Scene(fate, partial=partial, notify_first=notify_first)
    live(scene, lives)
    suffer(scene, [*mishaps, (CHAOS, "ok")])
    scene.subscription.start(scene.now)
    scene.link.run(CHAOS + 2 * LONGEST_WAIT)
    event(f"{scene.phone.subscribed} subscriptions")
    assert scene.watching
    assert scene.known == scene.phone.dialogs
    scene.check_truth()
    assert scene.subscribes < 80
    scene.stop()
    scene.check_nothing_is_open()


@given(fates=fates, lives=lives, moment=st.floats(0, 40), refuses=st.sampled_from([0, 403, 503]))
def test_it_can_be_stopped_at_any_moment(fates, lives, moment, refuses):
    scene = Scene(script(fates))
    scene.phone.refuses = refuses
    live(scene, lives)
    scene.agent.queue.schedule(moment, scene.subscription.stop)
    scene.subscription.start(scene.now)
    scene.link.run(moment + 2 * LONGEST_DELAY + 10)
    scene.check_nothing_is_open()
    scene.check_truth()


@given(fates=fates, reason=st.sampled_from(["rejected", "noresource", "invariant"]))
def test_refused_for_good_nothing_is_sent_any_more(fates, reason):
    scene = Scene(script(fates))
    scene.subscription.start(scene.now)
    scene.phone.agent.queue.schedule(300, lambda now: scene.phone.end_all(reason, now))
    scene.link.run(400)
    sent = scene.subscribes
    scene.link.run(400 + 5 * GRANTED)
    assert scene.subscribes == sent or scene.watching
    scene.stop()
    scene.check_nothing_is_open()


def test_a_quiet_day_costs_a_refresh_each_time_and_nothing_else():
    scene = Scene(script([]))
    scene.subscription.start(scene.now)
    scene.link.run(24 * 3600)
    refreshes = 24 * 3600 / (0.625 * GRANTED)
    assert refreshes <= scene.subscribes <= refreshes + 2
    assert scene.phone.subscribed == 1
