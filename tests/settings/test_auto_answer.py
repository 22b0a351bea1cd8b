"""Which headers let a phone pick up by itself."""

from __future__ import annotations

import pytest

from siptapi_core.settings.auto_answer import AutoAnswer, auto_answer_headers
from siptapi_core.sip.message import Headers, Request, parse_message
from siptapi_core.sip.uri import SipUri


@pytest.mark.parametrize(
    ("way", "name", "value"),
    [
        ("answer-mode", "Answer-Mode", "Auto"),
        ("call-info", "Call-Info", "<sip:pbx.example>;answer-after=0"),
        ("alert-info-ring-answer", "Alert-Info", "Ring Answer"),
        ("alert-info-autoanswer", "Alert-Info", "<sip:pbx.example>;info=alert-autoanswer;delay=0"),
        ("alert-info-auto-answer", "Alert-Info", "Auto Answer"),
        ("p-auto-answer", "P-Auto-Answer", "normal"),
    ],
)
def test_each_by_its_name(way: str, name: str, value: str) -> None:
    assert auto_answer_headers((AutoAnswer(way),), "pbx.example") == ((name, value),)


def test_all_and_none() -> None:
    each = [way for way in AutoAnswer if way is not AutoAnswer.ALL]
    one_by_one = tuple(header for way in each for header in auto_answer_headers((way,), "pbx"))
    assert auto_answer_headers((AutoAnswer.ALL,), "pbx") == one_by_one
    assert auto_answer_headers((AutoAnswer.CALL_INFO, AutoAnswer.ALL), "pbx") == one_by_one
    assert len(one_by_one) == 6
    assert auto_answer_headers((), "pbx") == ()


def test_in_the_order_of_the_settings() -> None:
    ways = (AutoAnswer.P_AUTO_ANSWER, AutoAnswer.ANSWER_MODE)
    assert [name for name, _ in auto_answer_headers(ways, "pbx")] == [
        "P-Auto-Answer",
        "Answer-Mode",
    ]


def test_a_message_may_have_them_all() -> None:
    headers = auto_answer_headers((AutoAnswer.ALL,), "2001:db8::1")
    pairs = [
        ("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx"),
        ("Max-Forwards", "70"),
        ("From", "<sip:a@b>;tag=x"),
        ("To", "<sip:c@b>"),
        ("Call-ID", "x"),
        ("CSeq", "1 INVITE"),
        *headers,
    ]
    request = Request("INVITE", SipUri("b", "c"), Headers(pairs), b"")
    read = parse_message(request.encode())
    assert read.headers.lines("Alert-Info") == ("Ring Answer", headers[3][1], "Auto Answer")
