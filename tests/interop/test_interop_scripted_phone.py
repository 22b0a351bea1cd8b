"""sipp as a phone, step by step: the orders and oddities that real phones and PBXs show."""

from __future__ import annotations

from typing import Any

import pytest
from lab.laboratory import Lab
from lab.siptapi import Result

pytestmark = pytest.mark.interop

ANSWERED = ("answered", "callee", 0)
UNKNOWN = ("unknown", "callee", 5)
SIPFRAG = "message/sipfrag;version=2.0"


def call(lab: Lab, scenario: str, *, line: dict[str, Any] | None = None, **values: Any) -> Result:
    """Call a phone that follows ``scenario``, directly; it must have followed it to the end."""
    phone = lab.sipp(scenario, **values)
    result = lab.dial_to(phone, **(line or {})).finish()
    phone.assert_followed()
    return result


def test_the_callee_rings_and_answers(lab: Lab) -> None:
    result = call(lab, "answered")
    assert result.ending == ANSWERED
    assert result.names == [
        "call_placed",
        "phone_calling",
        "phone_ringing",
        "phone_answered",
        "refer_accepted",
        "callee_trying",
        "callee_ringing",
        "callee_answered",
        "handed_over",
        "call_ended",
    ]


def test_a_notify_overtakes_the_202(lab: Lab) -> None:
    result = call(lab, "notify_before_202")
    assert result.ending == ANSWERED
    assert "refer_accepted" in result.names


@pytest.mark.parametrize("refer_sub", ["true", "false"])
def test_no_notify_ever_is_unknown(lab: Lab, refer_sub: str) -> None:
    result = call(lab, "nothing_after_202", refer_sub=refer_sub, line={"notify_timeout": 1})
    assert result.ending == UNKNOWN
    assert "callee_answered" not in result.names


def test_nothing_after_trying_is_unknown(lab: Lab) -> None:
    assert call(lab, "only_trying", line={"callee_timeout": 1}).ending == UNKNOWN


@pytest.mark.parametrize(
    ("sipfrag", "outcome"),
    [
        ("486 Busy Here", "busy"),
        ("600 Busy Everywhere", "busy"),
        ("404 Not Found", "not-found"),
        ("484 Address Incomplete", "not-found"),
        ("604 Does Not Exist Anywhere", "not-found"),
        ("408 Request Timeout", "no-answer"),
        ("480 Temporarily Unavailable", "no-answer"),
        ("487 Request Terminated", "cancelled"),
        ("403 Forbidden", "rejected"),
        ("603 Decline", "rejected"),
        ("503 Service Unavailable", "failed"),
    ],
)
def test_a_final_sipfrag_tells_how_the_callee_ended_it(
    lab: Lab, sipfrag: str, outcome: str
) -> None:
    result = call(lab, "ended_by_sipfrag", sipfrag=sipfrag, state="terminated;reason=noresource")
    assert result.ending == (outcome, "callee", 4)
    assert result.failure["status"] == int(sipfrag[:3])


@pytest.mark.parametrize(
    "state", ["active", "active;expires=60", "terminated;reason=reason=noresource"]
)
def test_a_final_sipfrag_is_final_whatever_the_subscription_state(lab: Lab, state: str) -> None:
    assert call(lab, "ended_by_sipfrag", sipfrag="200 OK", state=state).ending == ANSWERED


@pytest.mark.parametrize(
    ("event", "content_type", "body"),
    [
        ("refer", SIPFRAG, r"SIP/2.0 200 OK\x0a"),
        ("refer", SIPFRAG, "SIP/2.0 200 OK"),
        ("refer", SIPFRAG, r"SIP/2.0 200 OK\x0d\x0aContact: x\x0d\x0a\x0d\x0a"),
        ("refer", "MESSAGE/SIPFRAG; VERSION=2.0", r"SIP/2.0 200 OK\x0d\x0a"),
        ("refer", "message/sipfrag", r"SIP/2.0 200 OK\x0d\x0a"),
        ("REFER", SIPFRAG, r"sip/2.0 200 ok\x0d\x0a"),
    ],
)
def test_a_final_notify_in_a_style_of_its_own(
    lab: Lab, event: str, content_type: str, body: str
) -> None:
    result = call(
        lab, "odd_notify", event=event, state="terminated", content_type=content_type, body=body
    )
    assert result.ending == ANSWERED


def test_the_event_header_names_the_refer(lab: Lab) -> None:
    assert call(lab, "event_with_id").ending == ANSWERED


def test_a_subscription_that_ends_without_a_word_is_unknown(lab: Lab) -> None:
    result = call(lab, "terminated_without_body")
    assert result.ending == UNKNOWN
    assert result.seconds < 5, "there was nothing left to wait for"


@pytest.mark.parametrize("status", ["400 Bad Request", "491 Request Pending", "500 Not Yet"])
def test_a_refer_that_came_too_early_is_repeated(lab: Lab, status: str) -> None:
    assert call(lab, "refer_too_early", status=status).ending == ANSWERED


@pytest.mark.parametrize("event", ["refer", "refer;id=[$refer_cseq]"])
def test_a_refer_that_fails_with_sipfrag_400_at_once_is_repeated(lab: Lab, event: str) -> None:
    assert call(lab, "sipfrag_400_at_once", event=event).ending == ANSWERED


def test_the_phone_asks_for_credentials_for_the_refer(lab: Lab) -> None:
    assert call(lab, "refer_challenged").ending == ANSWERED


def test_the_phone_leaves_first_where_we_are_told_to_stay(lab: Lab) -> None:
    assert call(lab, "phone_leaves_first", line={"bye": "never"}).ending == ANSWERED


def test_the_phone_leaves_before_the_callee_answers(lab: Lab) -> None:
    assert call(lab, "phone_leaves_early").ending == ANSWERED


def test_we_leave_right_after_the_202_where_told_so(lab: Lab) -> None:
    assert call(lab, "left_on_accept", line={"bye": "on-accept"}).ending == ANSWERED


def test_both_leave_at_once(lab: Lab) -> None:
    assert call(lab, "byes_cross").ending == ANSWERED


@pytest.mark.parametrize("status", ["481 Call Does Not Exist", "408 Request Timeout"])
def test_the_phone_has_forgotten_us_when_we_leave(lab: Lab, status: str) -> None:
    assert call(lab, "bye_unknown", status=status).ending == ANSWERED


def test_reinvites_before_and_at_the_refer_get_an_answer(lab: Lab) -> None:
    assert call(lab, "reinvites").ending == ANSWERED


def test_options_info_and_update_within_the_dialog_get_200(lab: Lab) -> None:
    assert call(lab, "requests_in_dialog").ending == ANSWERED


def test_each_repeated_200_gets_its_ack(lab: Lab) -> None:
    assert call(lab, "answer_repeated").ending == ANSWERED


def test_a_second_phone_that_answers_gets_ack_and_bye(lab: Lab) -> None:
    assert call(lab, "forked").ending == ANSWERED


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("486 Busy Here", "busy"),
        ("600 Busy Everywhere", "busy"),
        ("603 Decline", "rejected"),
        ("480 Temporarily Unavailable", "no-answer"),
        ("488 Not Acceptable Here", "failed"),
    ],
)
def test_the_users_phone_does_not_take_the_call(lab: Lab, status: str, outcome: str) -> None:
    result = call(lab, "turned_away", status=status)
    assert result.ending == (outcome, "phone", 3)
    assert result.failure["status"] == int(status[:3])


@pytest.mark.parametrize(
    ("status", "outcome"), [("486 Busy Here", "busy"), ("603 Decline", "rejected")]
)
def test_the_users_phone_does_not_take_the_call_through_the_proxy(
    lab: Lab, status: str, outcome: str
) -> None:
    phone = lab.sipp("turned_away", status=status)
    proxy = lab.kamailio(static={"alice": phone.place})
    assert lab.dial_via(proxy).finish().ending == (outcome, "phone", 3)
    phone.assert_followed()


def test_a_phone_that_rings_for_ever_is_cancelled(lab: Lab) -> None:
    result = call(lab, "rings_until_cancelled", line={"ring_timeout": 1})
    assert result.ending == ("no-answer", "phone", 3)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_challenges_before_and_within_the_dialog(lab: Lab, algorithm: str) -> None:
    phone = lab.sipp("answered")
    proxy = lab.kamailio(static={"alice": phone.place}, algorithm=algorithm, challenge_refer=True)
    assert lab.dial_via(proxy).finish().ending == ANSWERED
    phone.assert_followed()
