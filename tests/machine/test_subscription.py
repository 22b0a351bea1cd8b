"""A subscription: SUBSCRIBE, NOTIFYs, refreshes, and every way in which it can end."""

from __future__ import annotations

import pytest
from bench import PROXY, SIPTAPI, STANDBY, TCP_PROXY
from subscriber_side import Subscriber

from siptapi_core.machine.subscription import (
    FIRST_WAIT,
    FULL_STATE_PAUSE,
    LONGEST_WAIT,
    SubscriberState,
)
from siptapi_core.sip.auth import Authorization, Challenge
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Transport

ACTIVE, WAITING, REFUSED = SubscriberState.ACTIVE, SubscriberState.WAITING, SubscriberState.REFUSED
SUBSCRIBING, ENDED = SubscriberState.SUBSCRIBING, SubscriberState.ENDED
MIDDLE = 0.625
"""The part of a subscription after which it is refreshed here: jitter gives the middle."""


@pytest.fixture
def subscriber() -> Subscriber:
    made = Subscriber()
    made.set_up()
    return made


# --- the first SUBSCRIBE ---


def test_what_is_asked_for():
    subscriber = Subscriber()
    subscriber.start()
    request = subscriber.subscribe
    assert str(request.uri) == "sip:201@example.com"
    assert str(request.to) == "<sip:201@example.com>"
    assert request.from_.uri.user == "200"
    assert request.from_.tag
    assert request.cseq.number == 1
    assert request.headers.get("Contact") == "<sip:200@192.0.2.9:5062>"
    assert request.headers.get("Event") == "dialog"
    assert request.headers.get("Accept") == "application/dialog-info+xml"
    assert request.expires == 3600
    assert subscriber.destinations("SUBSCRIBE") == [PROXY]
    assert subscriber.asked == [], "the addresses were given"


def test_another_package_for_less_time_by_a_preloaded_route():
    route = (NameAddr.parse("<sip:edge.example.com;lr>"), NameAddr.parse("<sip:core;lr>"))
    subscriber = Subscriber(
        package="reg", accept="application/reginfo+xml", expires=60, route=route
    )
    subscriber.start()
    request = subscriber.subscribe
    assert request.headers.lines("Route") == ("<sip:edge.example.com;lr>", "<sip:core;lr>")
    assert request.headers.get("Event") == "reg"
    assert request.headers.get("Accept") == "application/reginfo+xml"
    assert request.expires == 60
    assert subscriber.notify(event="dialog").status == 489
    assert subscriber.notify(event="reg").status == 200


def test_without_addresses_they_are_looked_up():
    subscriber = Subscriber(addresses=())
    subscriber.found = (STANDBY,)
    subscriber.start()
    assert subscriber.asked == ["sip:example.com"]
    assert subscriber.destinations("SUBSCRIBE") == [STANDBY]


def test_where_there_is_no_way_it_is_tried_again_later():
    subscriber = Subscriber(addresses=())
    subscriber.found = ()
    subscriber.start()
    assert subscriber.told[-1] == ("waiting", "there is no way to sip:example.com")
    subscriber.found = (PROXY,)
    subscriber.pass_until(FIRST_WAIT)
    assert subscriber.state is SUBSCRIBING
    assert len(subscriber.attempts) == 1


def test_a_look_up_that_never_ends_is_given_up():
    subscriber = Subscriber(addresses=())
    subscriber.answers_look_ups = False
    subscriber.start()
    subscriber.pass_until(31.9)
    assert subscriber.state is SUBSCRIBING
    subscriber.pass_until(32)
    assert subscriber.state is WAITING
    subscriber.look_ups[0]((PROXY,), subscriber.now)
    assert subscriber.requests("SUBSCRIBE") == [], "it comes too late"


def test_over_tcp_the_contact_says_so():
    subscriber = Subscriber(addresses=(TCP_PROXY,))
    subscriber.start()
    assert subscriber.subscribe.contact.uri.transport == "tcp"


def test_the_advertised_address_stands_in_the_contact():
    subscriber = Subscriber(advertised=Address("203.0.113.5", 4000))
    subscriber.start()
    assert subscriber.subscribe.headers.get("Contact") == "<sip:200@203.0.113.5:4000>"


# --- how it comes about ---


def test_accepted_and_notified(subscriber):
    assert subscriber.told == [("subscribing", ""), ("active", "")]
    assert subscriber.bodies == [b"news"]
    assert subscriber.statuses("NOTIFY") == [200]


def test_a_notify_may_come_before_the_200():
    subscriber = Subscriber()
    subscriber.start()
    assert subscriber.notify().status == 200
    assert subscriber.told[-1] == ("active", "")
    subscriber.accept()
    assert subscriber.notify(body=b"more").status == 200
    assert subscriber.bodies == [b"news", b"more"]
    subscriber.pass_until(3600 * MIDDLE)
    assert subscriber.subscribe.to.tag == "notifier"
    assert subscriber.subscribe.cseq.number == 2


def test_a_notify_is_enough_where_the_200_is_lost():
    subscriber = Subscriber()
    subscriber.start()
    subscriber.notify("active;expires=600")
    subscriber.pass_until(40)
    assert subscriber.state is ACTIVE
    subscriber.accept(600)
    subscriber.notify(body=b"more")
    assert subscriber.bodies == [b"news", b"more"]


@pytest.mark.parametrize(("status", "state"), [(408, ACTIVE), (481, SUBSCRIBING), (489, REFUSED)])
def test_after_a_notify_a_refusal_counts_only_where_it_says_that_all_is_gone(status, state):
    subscriber = Subscriber()
    subscriber.start()
    subscriber.notify("active;expires=600")
    subscriber.refuse(status)
    assert subscriber.state is state


def test_accepted_without_a_notify_it_is_no_subscription():
    subscriber = Subscriber()
    subscriber.start()
    subscriber.accept()
    subscriber.pass_until(31.9)
    assert subscriber.state is SUBSCRIBING
    subscriber.pass_until(32)
    assert subscriber.told[-1] == ("waiting", "accepted, but no NOTIFY came")
    assert subscriber.notify().status == 481


def test_a_provisional_answer_is_none():
    subscriber = Subscriber()
    subscriber.start()
    subscriber.refuse(100)
    assert subscriber.state is SUBSCRIBING
    subscriber.accept()
    subscriber.notify()
    assert subscriber.state is ACTIVE


def test_pending_until_somebody_allows_it():
    subscriber = Subscriber()
    subscriber.start()
    subscriber.accept()
    subscriber.notify("pending;expires=600", body=b"")
    assert subscriber.told[-1] == ("pending", "waits to be allowed by the other side")
    subscriber.notify("active;expires=590")
    assert subscriber.told[-1] == ("active", "")
    assert subscriber.bodies == [b"", b"news"]


def test_a_challenge_is_answered_and_its_nonce_used_again():
    subscriber = Subscriber()
    subscriber.start()
    challenge = Challenge(realm="r", nonce="n", qop=("auth",), proxy=True)
    subscriber.refuse(407, ("Proxy-Authenticate", str(challenge)))
    assert subscriber.subscribe.cseq.number == 2
    subscriber.accept()
    subscriber.notify()
    subscriber.pass_until(3600 * MIDDLE)
    given = Authorization.parse(subscriber.subscribe.headers.only("Proxy-Authorization"))
    assert (given.nonce, given.nonce_count) == ("n", 2)


def test_a_password_that_is_refused_is_not_tried_again():
    subscriber = Subscriber()
    subscriber.start()
    for nonce in ("n", "m"):
        challenge = Challenge(realm="r", nonce=nonce, qop=("auth",), proxy=False)
        subscriber.refuse(401, ("WWW-Authenticate", str(challenge)))
    assert subscriber.told[-1] == ("refused", "refused: 401 Unauthorized")
    subscriber.run_out()
    assert len(subscriber.requests("SUBSCRIBE")) == 2


def test_the_next_address_where_one_is_silent():
    subscriber = Subscriber(addresses=(STANDBY, PROXY))
    subscriber.start()
    subscriber.pass_until(33)
    assert subscriber.destinations("SUBSCRIBE")[-1] == PROXY
    assert subscriber.state is SUBSCRIBING


def test_forks_that_notify_later_are_ended(subscriber):
    assert subscriber.notify(tag="another-phone").status == 481
    assert subscriber.bodies == [b"news"]


def test_the_fork_that_notifies_first_is_it_whoever_said_200():
    subscriber = Subscriber()
    subscriber.start()
    subscriber.accept(to_tag="one")
    assert subscriber.notify(tag="other").status == 200
    assert subscriber.notify(tag="one").status == 481
    subscriber.pass_until(3600 * MIDDLE)
    assert subscriber.subscribe.to.tag == "other"


def test_an_answer_that_no_dialog_can_be_made_of():
    subscriber = Subscriber()
    subscriber.start()
    subscriber.accept(headers=(("Record-Route", "<nonsense"),))
    state, reason = subscriber.told[-1]
    assert state == "waiting"
    assert reason.startswith("the answer cannot be read: Record-Route: ")


# --- NOTIFYs ---


def test_a_notify_of_the_past_is_out_of_order(subscriber):
    assert subscriber.notify(cseq=9, body=b"nine").status == 200
    assert subscriber.notify(cseq=8, body=b"eight").status == 500
    assert subscriber.bodies == [b"news", b"nine"]


@pytest.mark.parametrize("event", [None, "presence"])
def test_a_notify_of_another_event_is_refused(subscriber, event):
    assert subscriber.notify(event=event).status == 489


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": ";"},
        {"state": "@"},
        {"headers": (("Contact", "<"),)},
    ],
)
def test_a_notify_that_cannot_be_read_is_refused(subscriber, wrong):
    assert subscriber.notify(**wrong).status == 400
    assert subscriber.bodies == [b"news"]


def test_a_notify_without_subscription_state_is_news(subscriber):
    assert subscriber.notify(None, body=b"more").status == 200
    assert subscriber.bodies == [b"news", b"more"]


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 200), ("BYE", 481), ("MESSAGE", 405)])
def test_other_requests_in_the_dialog(subscriber, method, status):
    assert subscriber.notify(method=method).status == status
    assert subscriber.state is ACTIVE


def test_an_ack_is_nobodys(subscriber):
    subscriber.subscription.on_acknowledged(subscriber.subscribe, subscriber.now)
    assert subscriber.state is ACTIVE


# --- refreshes ---


def test_it_is_refreshed_in_good_time_in_its_dialog(subscriber):
    first = subscriber.subscribe
    subscriber.pass_until(3600 * MIDDLE - 0.1)
    assert len(subscriber.requests("SUBSCRIBE")) == 1
    subscriber.pass_until(3600 * MIDDLE)
    again = subscriber.subscribe
    assert (again.call_id, again.from_.tag) == (first.call_id, first.from_.tag)
    assert (again.to.tag, again.cseq.number, again.expires) == ("notifier", 2, 3600)
    assert str(again.uri) == "sip:notifier@192.0.2.1"
    assert subscriber.asked == ["sip:notifier@192.0.2.1"]
    subscriber.accept(1000)
    subscriber.pass_until(3600 * MIDDLE + 1000 * MIDDLE)
    assert subscriber.subscribe.cseq.number == 3
    assert subscriber.told == [("subscribing", ""), ("active", "")]


def test_it_follows_the_route_set_and_the_latest_contact():
    subscriber = Subscriber()
    subscriber.start()
    subscriber.accept(headers=(("Record-Route", "<sip:edge.example.com;lr>"),))
    subscriber.notify(headers=(("Contact", "<sip:moved@192.0.2.7>"),))
    subscriber.found = (STANDBY,)
    subscriber.pass_until(3600 * MIDDLE)
    assert subscriber.asked == ["sip:edge.example.com;lr"]
    assert subscriber.destinations("SUBSCRIBE")[-1] == STANDBY
    assert str(subscriber.subscribe.uri) == "sip:moved@192.0.2.7"
    subscriber.accept(headers=(("Contact", "<sip:again@192.0.2.8>"),))


def test_where_nothing_is_found_the_way_of_before_is_taken(subscriber):
    subscriber.found = ()
    subscriber.pass_until(3600 * MIDDLE)
    assert subscriber.destinations("SUBSCRIBE") == [PROXY, PROXY]


def test_the_name_to_verify_is_that_of_the_first_way():
    secure = Address("192.0.2.1", 5061, Transport.TLS, verify_name="example.com")
    subscriber = Subscriber(addresses=(secure,))
    subscriber.set_up()
    subscriber.found = (Address("192.0.2.1", 5061, Transport.TLS, verify_name="192.0.2.1"),)
    subscriber.pass_until(3600 * MIDDLE)
    assert subscriber.destinations("SUBSCRIBE")[-1].verify_name == "example.com"


def test_a_subscription_that_is_shortened_is_refreshed_earlier(subscriber):
    subscriber.notify("active;expires=100")
    subscriber.pass_until(100 * MIDDLE)
    assert subscriber.subscribe.cseq.number == 2


@pytest.mark.parametrize("state", ["active;expires=9999999", "active;expires=3600", "active"])
def test_a_notify_does_not_lengthen_it(subscriber, state):
    subscriber.pass_until(100)
    subscriber.notify(state)
    subscriber.pass_until(3600 * MIDDLE)
    assert subscriber.subscribe.cseq.number == 2


@pytest.mark.parametrize("granted", [None, 7200])
def test_no_more_is_granted_than_was_asked_for(granted):
    subscriber = Subscriber(expires=600)
    subscriber.start()
    subscriber.accept(granted)
    subscriber.notify("active")
    subscriber.pass_until(600 * MIDDLE)
    assert subscriber.subscribe.cseq.number == 2


def test_however_short_it_is_granted_there_are_seconds_in_between():
    subscriber = Subscriber()
    subscriber.set_up(expires=6)
    subscriber.pass_until(4.9)
    assert len(subscriber.requests("SUBSCRIBE")) == 1
    subscriber.pass_until(5)
    assert subscriber.subscribe.cseq.number == 2


@pytest.mark.parametrize("expires", [0, 1, 4])
def test_a_few_seconds_are_not_worth_a_refresh(expires):
    subscriber = Subscriber()
    subscriber.set_up(expires=expires)
    for _ in range(5):
        subscriber.pass_until(subscriber.now + expires)
        if subscriber.state is SUBSCRIBING:
            subscriber.accept(expires)
            subscriber.notify(f"active;expires={expires}")
    assert len(subscriber.attempts) <= 2, "the second of its kind in a row is no accident"


@pytest.mark.parametrize("status", [400, 408, 500, 503])
def test_a_refresh_that_fails_is_repeated_while_the_subscription_lasts(subscriber, status):
    subscriber.pass_until(3600 * MIDDLE)
    subscriber.refuse(status)
    assert subscriber.notify(body=b"more").status == 200
    subscriber.pass_until(3600 * MIDDLE + FIRST_WAIT)
    assert subscriber.subscribe.cseq.number == 3
    assert len(subscriber.attempts) == 1
    subscriber.accept()
    assert subscriber.told == [("subscribing", ""), ("active", "")]


def test_silence_on_refreshes_lasts_until_it_expires(subscriber):
    subscriber.pass_until(3599)
    assert subscriber.state is ACTIVE
    assert len({request.cseq.number for request in subscriber.requests("SUBSCRIBE")}) > 3
    subscriber.pass_until(3600)
    assert subscriber.told[-1] == ("subscribing", "expired before it was refreshed")
    assert len(subscriber.attempts) == 2


def test_a_look_up_for_a_refresh_that_never_ends(subscriber):
    subscriber.answers_look_ups = False
    subscriber.pass_until(3600)
    assert subscriber.told[-1] == ("subscribing", "expired before it was refreshed")
    subscriber.look_ups[0]((PROXY,), subscriber.now)
    assert len(subscriber.requests("SUBSCRIBE")) == 1, "it was for the subscription of before"


def test_forgotten_by_the_other_side_it_begins_anew_at_once(subscriber):
    subscriber.pass_until(3600 * MIDDLE)
    old = subscriber.subscribe
    subscriber.refuse(481)
    new = subscriber.subscribe
    assert subscriber.told[-1] == ("subscribing", "refused: 481 Call/Transaction Does Not Exist")
    assert (new.call_id != old.call_id, new.to.tag, new.cseq.number) == (True, None, 1)
    assert subscriber.asked[-1] == "sip:example.com"
    assert subscriber.notify(of=old).status == 481
    subscriber.accept()
    subscriber.notify()
    assert subscriber.state is ACTIVE


def test_for_the_full_state_it_is_refreshed_early_but_not_again_and_again(subscriber):
    subscriber.wants_full_state = True
    subscriber.pass_until(100)
    subscriber.notify()
    subscriber.pass_until(100)
    assert subscriber.subscribe.cseq.number == 2
    subscriber.notify()
    subscriber.accept()
    subscriber.notify()
    subscriber.notify()
    subscriber.pass_until(100 + FULL_STATE_PAUSE - 0.1)
    assert subscriber.subscribe.cseq.number == 2
    subscriber.pass_until(100 + FULL_STATE_PAUSE)
    assert subscriber.subscribe.cseq.number == 3


def test_there_is_no_second_subscribe_while_one_is_under_way():
    subscriber = Subscriber()
    subscriber.start()
    subscriber.notify("active;expires=8")
    subscriber.pass_until(7.9)
    assert {request.cseq.number for request in subscriber.requests("SUBSCRIBE")} == {1}
    subscriber.pass_until(8)
    assert subscriber.told[-1] == ("subscribing", "expired before it was refreshed")


def test_a_refresh_that_is_due_anyway_is_not_put_off(subscriber):
    subscriber.wants_full_state = True
    subscriber.pass_until(3600 * MIDDLE - 1)
    subscriber.accept(3600)
    subscriber.notify("active;expires=30")
    subscriber.pass_until(3600 * MIDDLE - 1)
    assert subscriber.subscribe.cseq.number == 2


def test_an_answer_to_a_refresh_whose_contact_cannot_be_read_is_one(subscriber):
    subscriber.pass_until(3600 * MIDDLE)
    subscriber.answer(
        subscriber.subscribe, 200, to_tag="notifier", headers=(("Contact", "<"), ("Expires", "60"))
    )
    subscriber.pass_until(3600 * MIDDLE + 60 * MIDDLE)
    assert str(subscriber.subscribe.uri) == "sip:notifier@192.0.2.1"
    assert subscriber.subscribe.cseq.number == 3


# --- the way that NOTIFYs come by ---


def test_where_the_way_is_lost_it_is_refreshed_soon(subscriber):
    assert len(subscriber.flows) == 1
    subscriber.pass_until(100)
    subscriber.flows.on_refused(PROXY, subscriber.now)
    assert len(subscriber.flows) == 0
    subscriber.pass_until(102)
    assert subscriber.subscribe.cseq.number == 2
    subscriber.accept()
    assert len(subscriber.flows) == 1


def test_the_way_follows_the_subscription(subscriber):
    subscriber.found = (STANDBY,)
    subscriber.pass_until(3600 * MIDDLE)
    subscriber.accept()
    subscriber.flows.on_refused(PROXY, subscriber.now)
    assert len(subscriber.flows) == 1
    subscriber.stop()
    subscriber.accept(0)
    subscriber.notify("terminated")
    assert len(subscriber.flows) == 0


def test_a_way_that_is_lost_before_the_first_notify_is_waited_for():
    subscriber = Subscriber()
    subscriber.start()
    subscriber.accept()
    subscriber.flows.on_refused(PROXY, subscriber.now)
    subscriber.pass_until(31)
    assert subscriber.state is SUBSCRIBING
    assert len(subscriber.requests("SUBSCRIBE")) == 1


def test_the_way_is_kept_open():
    subscriber = Subscriber(keepalive=25.0)
    subscriber.set_up()
    subscriber.agent.handle_timer(25.0)
    assert (b"\r\n\r\n", PROXY) in subscriber.agent.datagrams()


# --- too short, refused, ended ---


def test_more_is_asked_for_where_it_was_too_little():
    subscriber = Subscriber(expires=60)
    subscriber.start()
    subscriber.refuse(423, ("Min-Expires", "600"))
    assert (subscriber.subscribe.expires, subscriber.subscribe.cseq.number) == (600, 2)
    subscriber.accept(600)
    subscriber.notify("active;expires=600")
    subscriber.pass_until(600 * MIDDLE)
    assert subscriber.subscribe.expires == 600


@pytest.mark.parametrize("least", ["60", "", "soon", "0"])
def test_a_423_that_wants_no_more_is_a_refusal(least):
    subscriber = Subscriber(expires=60)
    subscriber.start()
    subscriber.refuse(423, ("Min-Expires", least))
    assert subscriber.told[-1] == ("waiting", "refused: 423 Interval Too Brief")


def test_a_server_that_never_has_enough_is_left():
    subscriber = Subscriber(expires=60)
    subscriber.start()
    subscriber.refuse(423, ("Min-Expires", "600"))
    subscriber.refuse(423, ("Min-Expires", "601"))
    assert subscriber.state is WAITING
    assert len(subscriber.requests("SUBSCRIBE")) == 2


@pytest.mark.parametrize("status", [403, 405, 406, 489, 501, 603])
def test_refused_for_good_it_is_never_tried_again(status):
    subscriber = Subscriber()
    subscriber.start()
    subscriber.refuse(status)
    assert subscriber.state is REFUSED
    assert subscriber.told[-1][1].startswith(f"refused: {status} ")
    subscriber.run_out()
    assert len(subscriber.requests("SUBSCRIBE")) == 1
    assert len(subscriber.agent) == 0


@pytest.mark.parametrize("status", [404, 480, 500, 503])
def test_refused_for_now_it_is_tried_less_and_less_often(status):
    subscriber = Subscriber()
    subscriber.start()
    moments = []
    for _ in range(10):
        subscriber.refuse(status)
        assert subscriber.state is WAITING
        before = subscriber.now
        while subscriber.state is WAITING:
            subscriber.pass_until(subscriber.agent.next_timer())
        moments.append(subscriber.now - before)
    waits = [0.75 * min(FIRST_WAIT * 2**n, LONGEST_WAIT) for n in range(10)]
    assert moments == pytest.approx(waits)
    assert len(subscriber.attempts) == 11


def test_retry_after_is_waited_for_and_all_lines_spread():
    subscriber = Subscriber()
    subscriber.start()
    subscriber.refuse(503, ("Retry-After", "120 (coffee);duration=60"))
    subscriber.pass_until(120 + FIRST_WAIT / 2 - 0.1)
    assert subscriber.state is WAITING
    subscriber.pass_until(120 + FIRST_WAIT / 2)
    assert subscriber.state is SUBSCRIBING


@pytest.mark.parametrize("reason", ["deactivated", "timeout"])
def test_ended_without_fault_it_begins_anew_at_once_but_once(subscriber, reason):
    subscriber.pass_until(100)
    subscriber.notify(f"terminated;reason={reason}", body=b"last")
    assert subscriber.bodies == [b"news", b"last"]
    assert subscriber.told[-1] == ("subscribing", f"ended by the other side: {reason}")
    subscriber.accept()
    subscriber.notify(f"terminated;reason={reason}")
    assert subscriber.state is WAITING
    assert len(subscriber.attempts) == 2


def test_what_has_lasted_counts_as_the_first_again(subscriber):
    for _ in range(3):
        subscriber.pass_until(subscriber.now + 100)
        subscriber.notify("terminated;reason=deactivated")
        subscriber.accept()
        subscriber.notify()
        assert subscriber.state is ACTIVE


@pytest.mark.parametrize("reason", ["rejected", "noresource", "invariant"])
def test_ended_for_good_it_is_never_tried_again(subscriber, reason):
    subscriber.pass_until(100)
    assert subscriber.notify(f"terminated;reason={reason}").status == 200
    assert subscriber.told[-1] == ("refused", f"ended by the other side: {reason}")
    subscriber.run_out()
    assert len(subscriber.attempts) == 1


@pytest.mark.parametrize(
    ("state", "least"),
    [
        ("terminated;reason=probation;retry-after=300", 300),
        ("terminated;reason=giveup;retry-after=300", 300),
        ("terminated;reason=deactivated;retry-after=300", 300),
        ("terminated;reason=giveup", FIRST_WAIT / 2),
        ("terminated", FIRST_WAIT / 2),
    ],
)
def test_ended_for_now_it_is_tried_again_when_we_may(subscriber, state, least):
    subscriber.pass_until(100)
    subscriber.notify(state)
    subscriber.pass_until(100 + least - 0.1)
    assert subscriber.state is WAITING
    subscriber.pass_until(100 + least + FIRST_WAIT)
    assert subscriber.state is SUBSCRIBING


def test_ended_with_its_first_notify_the_next_begins_anew():
    """Its owner hears so, though the state is the same: documents are counted anew."""
    subscriber = Subscriber()
    subscriber.start()
    subscriber.notify("terminated;reason=timeout")
    assert subscriber.told == [
        ("subscribing", ""),
        ("subscribing", "ended by the other side: timeout"),
    ]


# --- NAT ---


def test_where_a_nat_shows_us_elsewhere_the_contact_is_corrected():
    subscriber = Subscriber(learn_address=True)
    subscriber.start()
    mapped = subscriber.subscribe.headers.only("Via").replace(
        ";rport", ";rport=4000;received=203.0.113.5"
    )
    seen = subscriber.subscribe.with_headers(subscriber.subscribe.headers.replaced("Via", mapped))
    subscriber.answer(seen, 200, to_tag="notifier", headers=(("Expires", "3600"),))
    assert subscriber.subscribe.cseq.number == 2
    assert subscriber.subscribe.headers.get("Contact") == "<sip:200@203.0.113.5:4000>"
    subscriber.accept()
    subscriber.notify()
    subscriber.pass_until(100)
    assert subscriber.subscribe.cseq.number == 2


def test_a_nat_that_shows_us_elsewhere_each_time_is_not_followed_for_ever():
    subscriber = Subscriber(learn_address=True)
    subscriber.start()
    for port in range(4000, 4010):
        via = subscriber.subscribe.headers.only("Via").partition(";rport")[0]
        via += f";rport={port};received=203.0.113.5"
        seen = subscriber.subscribe.with_headers(subscriber.subscribe.headers.replaced("Via", via))
        subscriber.answer(seen, 200, to_tag="notifier", headers=(("Expires", "3600"),))
    assert subscriber.subscribe.cseq.number == 2


# --- stop ---


def test_unsubscribed_with_a_last_notify(subscriber):
    subscriber.stop()
    assert (subscriber.subscribe.expires, subscriber.subscribe.to.tag) == (0, "notifier")
    subscriber.accept(0)
    assert subscriber.state is SubscriberState.ENDING
    assert subscriber.notify("active;expires=0", body=b"late").status == 200
    assert subscriber.notify("terminated;reason=timeout", body=b"last").status == 200
    assert subscriber.told[-2:] == [("ending", ""), ("ended", "")]
    assert subscriber.bodies == [b"news"], "nobody wants to hear it any more"
    subscriber.run_out()
    assert len(subscriber.agent) == 0


def test_the_last_notify_is_not_waited_for_long(subscriber):
    subscriber.stop()
    subscriber.accept(0)
    subscriber.pass_until(4)
    assert subscriber.state is ENDED


@pytest.mark.parametrize("status", [481, 500])
def test_a_refused_unsubscribe_is_the_end_too(subscriber, status):
    subscriber.stop()
    subscriber.refuse(status)
    assert subscriber.state is ENDED


def test_an_unsubscribe_that_nobody_answers_is_the_end_too(subscriber):
    subscriber.stop()
    subscriber.pass_until(32)
    assert subscriber.state is ENDED


def test_an_unsubscribe_that_cannot_be_sent_is_the_end_too(subscriber):
    subscriber.stop()
    subscriber.agent.refused(PROXY, subscriber.now)
    assert subscriber.state is ENDED


def test_stopping_waits_for_no_look_up(subscriber):
    subscriber.answers_look_ups = False
    subscriber.stop()
    assert subscriber.subscribe.expires == 3600
    subscriber.pass_until(32)
    assert subscriber.state is ENDED


def test_stopped_in_the_middle_of_a_refresh(subscriber):
    subscriber.pass_until(3600 * MIDDLE)
    refresh = subscriber.subscribe
    subscriber.stop()
    assert (subscriber.subscribe.expires, subscriber.subscribe.cseq.number) == (0, 3)
    subscriber.answer(refresh, 200, to_tag="notifier")
    subscriber.accept(0)
    subscriber.notify("terminated")
    assert subscriber.state is ENDED


def test_stopped_between_the_notify_and_the_200():
    subscriber = Subscriber()
    subscriber.start()
    subscriber.notify()
    subscriber.found = ()
    subscriber.stop()
    assert (subscriber.subscribe.expires, subscriber.subscribe.to.tag) == (0, "notifier")
    assert subscriber.destinations("SUBSCRIBE")[-1] == PROXY


def test_stopped_before_there_is_a_dialog_late_notifys_are_refused():
    subscriber = Subscriber()
    subscriber.start()
    subscriber.stop()
    assert subscriber.state is ENDED
    assert subscriber.notify().status == 481
    subscriber.run_out()
    assert len(subscriber.requests("SUBSCRIBE")) == 1


def test_stopped_while_waiting_or_never_started():
    idle = Subscriber()
    idle.stop()
    waiting = Subscriber()
    waiting.start()
    waiting.refuse(500)
    waiting.stop()
    for subscriber in (idle, waiting):
        assert subscriber.state is ENDED
        subscriber.run_out()
        assert subscriber.agent.next_timer() is None


def test_stopping_again_changes_nothing(subscriber):
    subscriber.stop()
    subscriber.stop()
    subscriber.accept(0)
    subscriber.notify("terminated")
    subscriber.stop()
    assert subscriber.told[-1] == ("ended", "")
    assert [request.expires for request in subscriber.requests("SUBSCRIBE")] == [3600, 0]


@pytest.mark.parametrize("moment", ["subscribing", "active", "waiting", "body", "last body"])
def test_its_owner_may_stop_it_at_any_news(moment):
    class Impatient(Subscriber):
        def on_state(self, state, reason, now):
            super().on_state(state, reason, now)
            if state.name.lower() == moment:
                self.subscription.stop(now)

        def on_notify(self, body, content_type, now):
            if body.decode() == moment:
                self.subscription.stop(now)
            return True

    subscriber = Impatient()
    subscriber.start()
    if moment == "waiting":
        subscriber.refuse(500)
    elif moment != "subscribing":
        subscriber.notify(body=b"body")
        subscriber.notify("terminated;reason=probation", body=b"last body")
    subscriber.run_out()
    assert subscriber.state is ENDED
    assert len(subscriber.agent) == 0


def test_the_request_goes_to_the_target_of_a_sips_account_over_tls_only():
    target = SipUri(host="example.com", user="201", scheme="sips")
    subscriber = Subscriber(target=target)
    subscriber.start()
    assert subscriber.state is WAITING
    assert "may be reached over TLS only" in subscriber.told[-1][1]
    assert subscriber.requests("SUBSCRIBE") == []
    assert SIPTAPI.transport is Transport.UDP
