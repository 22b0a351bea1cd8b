import pytest

from siptapi_core.events import Direction, TracedMessage
from siptapi_core.ladder.summary import summarise

HEADERS = (
    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
    "From: <sip:alice@lab>;tag=1\r\nTo: <sip:alice@lab>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n"
)


def summary(start, method, *headers, body=""):
    more = "".join(f"{header}\r\n" for header in headers)
    text = f"{start}\r\n{HEADERS.format(method=method)}{more}\r\n{body}"
    return summarise(TracedMessage(0.0, Direction.SENT, "udp:192.0.2.1:5060", "c", text))


@pytest.mark.parametrize(
    ("start", "method", "expected"),
    [
        ("INVITE sip:bob@lab;x=y SIP/2.0", "INVITE", "INVITE sip:bob@lab;x=y"),
        ("BYE tel:+431 SIP/2.0", "BYE", "BYE tel:+431"),
        (
            "SIP/2.0 407 Proxy Authentication Required",
            "INVITE",
            "407 Proxy Authentication Required",
        ),
        ("SIP/2.0 200", "INVITE", "200"),
        ("sip/2.0 180 klingelt in München", "INVITE", "180 klingelt in München"),
    ],
)
def test_start_lines(start, method, expected):
    assert summary(start, method) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("SIP/2.0 180 Ringing", "NOTIFY (180 Ringing)"),
        ("sip/2.0 486 Busy Here\nX: y\n", "NOTIFY (486 Busy Here)"),
        ("", "NOTIFY sip:us@lab"),
        ("<dialog-info/>", "NOTIFY sip:us@lab"),
    ],
)
def test_notify_tells_what_the_phone_reports(body, expected):
    assert summary("NOTIFY sip:us@lab SIP/2.0", "NOTIFY", body=body) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Refer-To: <sip:*21%23@lab>", "REFER (sip:*21%23@lab)"),
        ("r: Bob <tel:+431>", "REFER (tel:+431)"),
        ("Refer-To: <", "REFER sip:phone@lab"),
        ("X: y", "REFER sip:phone@lab"),
    ],
)
def test_refer_tells_whom_the_phone_shall_call(header, expected):
    assert summary("REFER sip:phone@lab SIP/2.0", "REFER", header) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "(no SIP message)"),
        ("\r\n\r\n", "(no SIP message)"),
        ("INVITE sip:bob@lab SIP/2.0", "INVITE sip:bob@lab SIP/2.0"),
        ("GET / HTTP/1.1\nHost: lab\n\n", "GET / HTTP/1.1"),
        ("\ud800", "\ud800"),
    ],
)
def test_what_is_no_message_shows_its_first_line(text, expected):
    message = TracedMessage(0.0, Direction.RECEIVED, "udp:192.0.2.1:5060", "", text)
    assert summarise(message) == expected
