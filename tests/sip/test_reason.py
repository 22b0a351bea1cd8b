import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.headers import Headers
from siptapi_core.sip.reason import Q850, SIP, Reason, reasons_of

ELSEWHERE = "Call completed elsewhere"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'SIP;cause=200;text="{ELSEWHERE}"', Reason(SIP, 200, ELSEWHERE)),
        (f'SIP ;cause=200 ;text="{ELSEWHERE}"', Reason(SIP, 200, ELSEWHERE)),  # RFC 3326's own
        ("SIP;cause=200", Reason(SIP, 200)),
        ("sip;CAUSE=200;TEXT=x", Reason(SIP, 200, "x")),
        (f' SIP ; text = "{ELSEWHERE}" ; cause = 200 ', Reason(SIP, 200, ELSEWHERE)),
        (f"SIP;cause=200;text={ELSEWHERE}", Reason(SIP, 200, ELSEWHERE)),
        ('SIP;text="a;cause=486;b";cause=200', Reason(SIP, 200, "a;cause=486;b")),
        (r'SIP;cause=200;text="say \"no\" \\"', Reason(SIP, 200, 'say "no" \\')),
        ('SIP;cause="603"', Reason(SIP, 603)),
        ("SIP;cause=600;cause=200", Reason(SIP, 600)),
        ("SIP;;cause=200;", Reason(SIP, 200)),
        ('SIP;text="never closed;cause=200', Reason(SIP, 200, "never closed")),
        ("q.850;cause=16;text=Terminated", Reason(Q850, 16, "Terminated")),
        ("Preemption", Reason("PREEMPTION")),
        ("SIP;cause", Reason(SIP)),
        ("SIP;cause=", Reason(SIP)),
        ("SIP;cause=2000", Reason(SIP)),
        ("SIP;cause=-1", Reason(SIP)),
        ("SIP;cause=\u0662\u0660\u0660", Reason(SIP)),
        ("SIP;a=b", Reason(SIP)),
    ],
)
def test_reason(text, expected):
    assert Reason.parse(text) == expected


def test_it_is_written():
    assert str(Reason(SIP, 200, ELSEWHERE)) == f'SIP;cause=200;text="{ELSEWHERE}"'
    assert str(Reason(Q850, 16)) == "Q.850;cause=16"
    assert str(Reason(SIP)) == "SIP"


@pytest.mark.parametrize(
    "text", ["", ";cause=200", '"SIP";cause=200', "SIP cause=200", "SIP\n", "SIP;a\r"]
)
def test_what_names_no_protocol_is_refused(text):
    with pytest.raises(MessageError, match="does not begin with a protocol"):
        Reason.parse(text)


def test_all_that_can_be_read_is_found_on_every_line():
    headers = Headers(
        [
            ("Reason", f'Q.850;cause=16, ;cause=1, SIP;cause=200;text="{ELSEWHERE}, really"'),
            ("To", "x"),
            ("REASON", "SIP;cause=603"),
        ]
    )
    assert list(reasons_of(headers)) == [
        Reason(Q850, 16),
        Reason(SIP, 200, f"{ELSEWHERE}, really"),
        Reason(SIP, 603),
    ]
    assert list(reasons_of(Headers())) == []


@given(text=st.text() | st.text(';="\\ acexutSIP2.0\t').map(lambda text: f"SIP;{text}"))
def test_any_text_is_a_value_or_a_message_error(text):
    try:
        value = Reason.parse(text)
    except MessageError:
        return
    assert Reason.parse(str(value)) == value


@given(
    protocol=st.sampled_from([SIP, Q850, "X"]),
    cause=st.none() | st.integers(0, 999),
    text=st.text().map(lambda text: " ".join(text.split())),
)
def test_what_is_written_is_read(protocol, cause, text):
    value = Reason(protocol, cause, text)
    assert Reason.parse(str(value)) == value
