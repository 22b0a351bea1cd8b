"""Watching the dialogs of a real phone, as Kamailio's presence server tells of them (RFC 4235)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from lab.kamailio import DOMAIN, Kamailio
from lab.laboratory import PASSWORDS, Lab
from lab.programs import wait_until
from lab.watcher import Watcher

from siptapi_core.machine.dialog_matching import SoughtCall, call_of
from siptapi_core.machine.subscription import SubscriberState
from siptapi_core.sip.dialog_info import DialogDirection

pytestmark = pytest.mark.interop

Watch = Callable[..., Watcher]


@pytest.fixture
def watch(lab: Lab) -> Iterator[Watch]:
    """Begins to watch the dialogs of alice."""
    made: list[Watcher] = []

    def watch(proxy: Kamailio, *, expires: int = 600) -> Watcher:
        watcher = Watcher(
            host=lab.host(),
            proxy=proxy,
            user="alice",
            password=PASSWORDS["alice"],
            expires=expires,
        )
        made.append(watcher)
        return watcher

    yield watch
    for watcher in made:
        watcher.close()
        print(watcher.trace())


def test_a_call_that_the_watched_phone_makes(lab: Lab, watch: Watch) -> None:
    proxy = lab.kamailio(watchable=True)
    phone, callee = lab.baresip("alice", proxy), lab.baresip("2002", proxy, answer="manual")
    watcher = watch(proxy)
    watcher.await_told((True, ""))

    phone.command("dial", f"sip:2002@{DOMAIN}")
    watcher.await_state("early")
    callee.command("accept")
    watcher.await_state("confirmed")
    answered = time.monotonic()
    time.sleep(1.5)
    phone.hang_up_all()
    watcher.await_state("terminated")
    talked = time.monotonic() - answered

    assert list(dict.fromkeys(watcher.states)) == ["trying", "early", "confirmed", "terminated"]
    last = watcher.reports[-1]
    assert last.dialog.direction is DialogDirection.INITIATOR
    assert last.dialog.remote.identity == f"sip:2002@{DOMAIN}"
    assert last.conversation == pytest.approx(talked, abs=0.5)

    watcher.unsubscribe()
    assert watcher.told == [(True, ""), (False, "")]
    told = len(watcher.reports)
    phone.command("dial", f"sip:2002@{DOMAIN}")
    callee.await_event("CALL_INCOMING")
    phone.hang_up_all()
    assert len(watcher.reports) == told, "nobody watches any more"


def test_calls_that_the_watched_phone_gets(lab: Lab, watch: Watch) -> None:
    proxy = lab.kamailio(watchable=True)
    phone, caller = lab.baresip("alice", proxy, answer="manual"), lab.baresip("2002", proxy)
    watcher = watch(proxy)
    watcher.await_told((True, ""))

    caller.command("dial", f"sip:alice@{DOMAIN}")
    watcher.await_state("early")
    caller.hang_up_all()  # nobody has answered
    watcher.await_state("terminated")
    abandoned = watcher.reports[-1]
    assert (abandoned.answered, abandoned.conversation) == (False, None)
    assert abandoned.dialog.direction is DialogDirection.RECIPIENT
    assert abandoned.dialog.remote.identity == f"sip:2002@{DOMAIN}"

    caller.command("dial", f"sip:alice@{DOMAIN}")
    watcher.await_state("early", count=2)
    phone.command("accept")
    watcher.await_state("confirmed")
    caller.hang_up_all()
    watcher.await_state("terminated", count=2)
    talked = watcher.reports[-1]
    assert talked.answered
    assert talked.conversation is not None
    assert talked.dialog.call_id != abandoned.dialog.call_id
    (call_id,) = {e["id"] for e in phone.events if e.get("type") == "CALL_ESTABLISHED"}
    assert talked.dialog.call_id == call_id, "a proxy keeps the caller's Call-ID"


def test_the_call_that_the_phone_makes_for_us_is_found(lab: Lab, watch: Watch) -> None:
    """The phone's own call has a Call-ID that we never see: it is found by callee and time."""
    proxy = lab.kamailio(watchable=True)
    phone, callee = lab.baresip("alice", proxy), lab.baresip("2002", proxy)
    watcher = watch(proxy)
    watcher.await_told((True, ""))

    begun = time.monotonic()
    assert lab.dial_via(proxy).finish().ending == ("answered", "callee", 0)
    phone.hang_up_all()
    watcher.await_state("terminated", count=2)

    sought = SoughtCall(
        direction=DialogDirection.INITIATOR,
        party=f"sip:2002@{DOMAIN}",
        earliest=begun,
        latest=begun + 30,
    )
    ours = [report for report in watcher.reports if call_of(report, [sought])]
    (call_id,) = {report.dialog.call_id for report in ours}
    others = {report.dialog.call_id for report in watcher.reports} - {call_id}
    assert len(others) == 1, "our own leg to the phone is a dialog of its as well"
    assert ours[-1].has_ended
    assert ours[-1].conversation is not None
    assert callee.incoming() == [f"sip:alice@{DOMAIN}"]


def test_it_is_refreshed_and_survives_a_restart_of_the_server(lab: Lab, watch: Watch) -> None:
    proxy = lab.kamailio(watchable=True)
    watcher = watch(proxy, expires=8)
    watcher.await_told((True, ""))
    before = watcher.sent("SUBSCRIBE")
    wait_until(lambda: watcher.sent("SUBSCRIBE") > before, seconds=10, what="refreshed")
    proxy.stop()
    proxy.start()
    watcher.await_told(
        (True, ""),
        (False, "refused: 481 Subscription does not exist"),
        (True, ""),
    )
    phone = lab.baresip("alice", proxy)
    lab.baresip("2002", proxy)
    phone.command("dial", f"sip:2002@{DOMAIN}")
    watcher.await_state("confirmed")
    watcher.unsubscribe()


def test_more_time_is_asked_for_where_it_was_too_little(lab: Lab, watch: Watch) -> None:
    proxy = lab.kamailio(watchable=True, shortest_subscription=60)
    watcher = watch(proxy, expires=30)
    watcher.await_told((True, ""))
    assert "SIP/2.0 423 " in watcher.trace()
    watcher.unsubscribe()


def test_where_nobody_tells_of_dialogs_that_is_said_once(lab: Lab, watch: Watch) -> None:
    """A proxy without presence hands the SUBSCRIBE to the phone, which knows no such event."""
    phone = lab.sipp("watch_refused", status="489 Bad Event")
    watcher = watch(lab.kamailio(static={"alice": phone.place}))
    watcher.await_told((False, "refused: 489 Bad Event"))
    phone.assert_followed()
    assert watcher.subscription.state is SubscriberState.REFUSED
    assert watcher.sent("SUBSCRIBE") == 1
