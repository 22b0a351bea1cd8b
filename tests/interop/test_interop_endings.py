"""Every way a call can end, at a real proxy and real phones: outcome, stage, exit code."""

from __future__ import annotations

import re

import pytest
from lab.laboratory import PASSWORDS, Lab

pytestmark = pytest.mark.interop


def test_the_callee_is_busy(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    callee = lab.baresip("2002", proxy, answer="manual")
    call = lab.dial_via(proxy)
    callee.await_event("CALL_INCOMING")
    callee.command("hangup")  # a ringing baresip says 486 with it
    assert call.finish().ending == ("busy", "callee", 4)


def test_the_callee_is_unknown_at_the_proxy(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    result = lab.dial_via(proxy, "2999").finish()
    assert result.ending == ("not-found", "callee", 4)
    assert (result.failure["stage"], result.failure["status"]) == ("callee", 404)


def test_the_callee_declines(lab: Lab) -> None:
    callee = lab.sipp("turned_away", status="603 Decline")
    proxy = lab.kamailio(static={"2002": callee.place})
    lab.baresip("alice", proxy)
    assert lab.dial_via(proxy).finish().ending == ("rejected", "callee", 4)
    callee.assert_followed()


def test_nobody_tells_whether_the_callee_answers(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    callee = lab.baresip("2002", proxy, answer="manual")
    result = lab.dial_via(proxy, callee_timeout=1).finish()
    assert result.ending == ("unknown", "callee", 5)
    assert callee.calls == 1, "the phone's own call goes on without us"


def test_the_user_rejects_the_call_to_the_phone(lab: Lab) -> None:
    proxy = lab.kamailio()
    caller = lab.baresip("alice", proxy, answer="manual")
    call = lab.dial_via(proxy)
    caller.await_event("CALL_INCOMING")
    caller.command("hangup")
    assert call.finish().ending == ("busy", "phone", 3)


def test_the_user_does_not_pick_up(lab: Lab) -> None:
    proxy = lab.kamailio()
    caller = lab.baresip("alice", proxy, answer="manual")
    result = lab.dial_via(proxy, ring_timeout=1).finish()
    assert result.ending == ("no-answer", "phone", 3)
    assert caller.calls == 0, "the phone still rings"


def test_the_user_picks_up_by_hand(lab: Lab) -> None:
    proxy = lab.kamailio()
    caller, callee = lab.baresip("alice", proxy, answer="manual"), lab.baresip("2002", proxy)
    call = lab.dial_via(proxy)
    caller.await_event("CALL_INCOMING")
    caller.command("accept")
    assert call.finish().ending == ("answered", "callee", 0)
    assert callee.incoming() == ["sip:alice@office.test"]


def test_the_password_is_wrong(lab: Lab) -> None:
    proxy = lab.kamailio()
    caller = lab.baresip("alice", proxy)
    result = lab.dial_via(proxy, password="of-another-door").finish()
    assert result.ending == ("failed", "proxy", 3)
    assert result.failure["status"] == 407
    assert result.seconds < 5
    assert caller.incoming() == []


def test_the_account_is_unknown_at_the_proxy(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    assert lab.dial_via(proxy, user="mallory", phone="alice").finish().ending == (
        ("failed", "proxy", 3)
    )


def test_the_phone_is_not_registered(lab: Lab) -> None:
    result = lab.dial_via(lab.kamailio()).finish()
    assert result.ending == ("not-found", "proxy", 3)


def test_the_phone_refuses_the_refer(lab: Lab) -> None:
    proxy = lab.kamailio()
    caller, callee = lab.baresip("alice", proxy, transfers=False), lab.baresip("2002", proxy)
    result = lab.dial_via(proxy).finish()
    assert result.ending == ("failed", "refer", 3)
    assert (result.failure["stage"], result.failure["status"]) == ("refer", 501)
    assert caller.calls == 0, "we left the phone off the hook"
    assert callee.incoming() == []


def test_the_proxy_is_dead(lab: Lab) -> None:
    proxy = f"sip:{lab.host()}:5060"
    call = lab.dial(strategies=["refer-via-proxy"], outbound_proxy=proxy)
    result = call.finish()
    assert result.ending == ("failed", "proxy", 3)
    assert result.seconds < 5, "the refused port was not noticed"


def test_the_phones_own_address_is_dead(lab: Lab) -> None:
    result = lab.dial(strategies=["refer-to-phone"], phone=f"alice@{lab.host()}:5060").finish()
    assert result.ending == ("failed", "phone", 3)
    assert result.seconds < 5, "the refused port was not noticed"


def test_the_next_strategy_takes_over_where_nobody_was_disturbed(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    callee = lab.baresip("2002", proxy)
    result = lab.dial_via(
        proxy, strategies=["refer-to-phone", "refer-via-proxy"], phone=f"alice@{lab.host()}:5060"
    ).finish()
    assert result.ending == ("answered", "callee", 0)
    (fell_back,) = (event for event in result.events if event["event"] == "strategy_fell_back")
    assert (fell_back["from"], fell_back["to"]) == ("refer-to-phone", "refer-via-proxy")
    assert len(callee.incoming()) == 1


def test_the_events_tell_the_story_in_order(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    lab.baresip("2002", proxy)
    result = lab.dial_via(proxy).finish()
    assert result.names == [
        "call_placed",
        "phone_calling",
        "phone_ringing",
        "phone_answered",
        "refer_accepted",
        "callee_trying",
        "callee_answered",
        "handed_over",
        "call_ended",
    ]
    assert {event["line"] for event in result.events} == {"office"}
    assert len({event["call"] for event in result.events}) == 1


def test_an_account_of_its_own_calls_the_phone(lab: Lab) -> None:
    proxy = lab.kamailio(passwords=PASSWORDS | {"siptapi": "secret-of-siptapi"})
    caller, callee = lab.baresip("alice", proxy), lab.baresip("2002", proxy)
    account = {"user": "siptapi", "password": "secret-of-siptapi", "phone": "alice"}
    assert lab.dial_via(proxy, **account).finish().ending == ("answered", "callee", 0)
    assert caller.incoming() == ["sip:siptapi@office.test"]
    assert callee.incoming() == ["sip:alice@office.test"]


def test_the_authentication_user_differs_from_the_user(lab: Lab) -> None:
    proxy = lab.kamailio(passwords=PASSWORDS | {"a-1234": "secret-of-a-1234"})
    lab.baresip("alice", proxy)
    lab.baresip("2002", proxy)
    account = {"auth_user": "a-1234", "password": "secret-of-a-1234"}
    assert lab.dial_via(proxy, **account).finish().ending == ("answered", "callee", 0)


def test_credentials_go_only_to_the_realm_that_the_line_names(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    lab.baresip("2002", proxy)
    assert lab.dial_via(proxy, realm="voip.test").finish().ending == ("answered", "callee", 0)
    assert lab.dial_via(proxy, realm="other.test").finish().ending == ("failed", "proxy", 3)


def test_the_proxy_challenges_the_refer_too(lab: Lab) -> None:
    proxy = lab.kamailio(challenge_refer=True)
    lab.baresip("alice", proxy)
    callee = lab.baresip("2002", proxy)
    assert lab.dial_via(proxy).finish().ending == ("answered", "callee", 0)
    assert len(callee.incoming()) == 1


def test_a_second_phone_of_the_user_stops_ringing(lab: Lab) -> None:
    proxy = lab.kamailio()
    other = lab.baresip("alice", proxy, answer="manual")
    caller, callee = lab.baresip("alice", proxy, answer="manual"), lab.baresip("2002", proxy)
    call = lab.dial_via(proxy)
    other.await_event("CALL_INCOMING")
    caller.await_event("CALL_INCOMING")
    caller.command("accept")
    assert call.finish().ending == ("answered", "callee", 0)
    assert (other.calls, caller.calls, callee.calls) == (0, 1, 1)


@pytest.mark.parametrize(
    ("typed", "refer_to"),
    [
        ("+43 (1) 505641", "+431505641@office.test"),
        ("*21#", "*21%23@office.test"),
        ("sip:bob@elsewhere.test", "bob@elsewhere.test"),
    ],
)
def test_what_is_typed_reaches_the_phone(lab: Lab, typed: str, refer_to: str) -> None:
    proxy = lab.kamailio()
    phone = lab.baresip("alice", proxy)
    assert lab.dial_via(proxy, typed).finish().exit_code == 4
    assert f"Refer-To: <sip:{refer_to}>" in phone.trace()


def test_an_international_number_reaches_the_callee(lab: Lab) -> None:
    callee = lab.sipp("turned_away", status="603 Decline")
    proxy = lab.kamailio(static={"+431505641": callee.place})
    lab.baresip("alice", proxy)
    assert lab.dial_via(proxy, "+43 1 505641").finish().ending == ("rejected", "callee", 4)
    callee.assert_followed()


def test_no_secret_shows_in_what_is_printed(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    lab.baresip("2002", proxy)
    call = lab.dial_via(proxy)
    assert call.finish().ending == ("answered", "callee", 0)
    printed = call.output.read_text(encoding="utf-8") + call.errors.read_text(encoding="utf-8")
    assert "REFER sip:" in printed, "--trace shows the messages"
    assert PASSWORDS["alice"] not in printed
    assert set(re.findall('response="([^"]*)"', printed)) == {"***"}, "digests are masked"
