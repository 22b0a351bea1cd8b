import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.sipfrag import SipfragStatus, parse_sipfrag


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"SIP/2.0 100 Trying\r\n", 100, "Trying"),
        (b"SIP/2.0 200 OK", 200, "OK"),
        (b"SIP/2.0 180 Ringing\nContact: <sip:bob@lab>\n", 180, "Ringing"),
        (b"SIP/2.0 486 Busy Here\rX: y", 486, "Busy Here"),
        (b"sip/2.0 200 ok\r\n", 200, "ok"),
        (b"\r\n  SIP/2.0  603\tDecline \r\n\r\n", 603, "Decline"),
        (b"SIP/2.0 404", 404, ""),
        (b"SIP/2.0 404 \r\n", 404, ""),
        (b"SIP/2.0 500\nServer: x\n", 500, ""),
        ("SIP/2.0 480 Nicht verfügbar\r\n".encode(), 480, "Nicht verfügbar"),
        (b"SIP/2.0 480 verf\xfcgbar\r\n", 480, "verf\ufffdgbar"),
    ],
)
def test_status_line(body, status, reason):
    assert parse_sipfrag(body) == SipfragStatus(status, reason)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "empty"),
        (b" \r\n", "empty"),
        (b"INVITE sip:bob@lab SIP/2.0\r\n", "no status line"),
        (b"SIP/2.0 20 OK", "no status line"),
        (b"SIP/2.0 2000 OK", "no status line"),
        (b"SIP/2.0 700 Odd", "no status line"),
        (b"SIP/2.0 099 Odd", "no status line"),
        (b"SIP/2.0\r\n200 OK", "no status line"),
        (b"HTTP/1.1 200 OK", "no status line"),
    ],
)
def test_what_is_none_says_why(body, problem):
    with pytest.raises(MessageError, match=problem):
        parse_sipfrag(body)


@given(st.binary() | st.binary().map(lambda data: b"SIP/2.0 200" + data))
def test_any_bytes_are_a_status_or_a_message_error(body):
    try:
        status = parse_sipfrag(body)
    except MessageError:
        return
    assert parse_sipfrag(status.encode()) == status


def test_final_from_200_on():
    assert not SipfragStatus(199, "").is_final
    assert SipfragStatus(200, "").is_final
