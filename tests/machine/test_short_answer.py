from __future__ import annotations

from bench import LONG, make_request
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.machine.short_answer import short_answer
from siptapi_core.machine.user_agent import ALLOW
from siptapi_core.sip.message import parse_message

UNSUPPORTED = ("Unsupported", "foo")


def answer(most, *headers, status=420, **parts):
    data = short_answer(make_request("OPTIONS", **parts), status, "ours", headers, most)
    return None if data is None else parse_message(data)


def test_what_fits_is_whole():
    whole = answer(1000, ALLOW, UNSUPPORTED)
    assert (whole.status, whole.reason) == (420, "Bad Extension")
    assert whole.headers.items()[-3:] == (ALLOW, UNSUPPORTED, ("Content-Length", "0"))
    assert whole.to.tag == "ours"


def test_headers_are_left_out_from_the_first():
    size = len(answer(1000, ALLOW, UNSUPPORTED).encode())
    shorter = answer(size - 1, ALLOW, UNSUPPORTED)
    assert "Allow" not in shorter.headers
    assert shorter.headers.get("Unsupported") == "foo"
    assert "Unsupported" not in answer(len(shorter.encode()) - 1, ALLOW, UNSUPPORTED).headers


def test_the_shortest_form_says_the_same_and_below_it_there_is_none():
    bare = answer(1000)
    data = short_answer(make_request("OPTIONS"), 420, "ours", (ALLOW,), len(bare.encode()) - 1)
    assert data.startswith(b"SIP/2.0 420 \r\nv: ")
    assert data.endswith(b"\r\nl: 0\r\n\r\n")
    shortest = parse_message(data)
    shortest.validate()
    for name in ("via", "from_", "to", "call_id", "cseq"):
        assert getattr(shortest, name) == getattr(bare, name)
    assert answer(len(data)) is not None
    assert answer(len(data) - 1) is None


@given(most=st.integers(0, 700), length=st.integers(0, 100))
def test_no_answer_is_longer_than_it_may_be(most, length):
    request = make_request("OPTIONS", headers=(LONG,), call_id="c" * (length + 1))
    data = short_answer(request, 405, "ours", (ALLOW,), most)
    assert data is None or len(data) <= most
