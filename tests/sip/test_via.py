from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.via import Via


@pytest.mark.parametrize(
    ("text", "via"),
    [
        ("SIP/2.0/UDP 192.0.2.1", Via("UDP", "192.0.2.1")),
        ("SIP/2.0/UDP pbx.example.com:5060", Via("UDP", "pbx.example.com", 5060)),
        ("sip/2.0/tcp h", Via("TCP", "h")),
        ("SIP/2.0/TLS [2001:db8::1]:5061", Via("TLS", "2001:db8::1", 5061)),
        ("SIP / 2.0 / UDP  h : 5060 ; rport", Via("UDP", "h", 5060, (("rport", None),))),
        ("SIP/7.0/UDP h", Via("UDP", "h")),
        ("SIP/2.0/X-Y h", Via("X-Y", "h")),
        ("SIP/2.0/UDP h;branch=z9hG4bK1", Via("UDP", "h", None, (("branch", "z9hG4bK1"),))),
        ("SIP/2.0/UDP h ;branch=b ", Via("UDP", "h", None, (("branch", "b"),))),
        (
            "SIP/2.0/UDP h;received=2001:db8::1;rport=5061;branch=b",
            Via(
                "UDP", "h", None, (("received", "2001:db8::1"), ("rport", "5061"), ("branch", "b"))
            ),
        ),
    ],
)
def test_vias_are_read(text: str, via: Via) -> None:
    assert Via.parse(text) == via
    assert Via.parse(str(via)) == via


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/2.0 h",
        "HTTP/1.1/TCP h",
        "SIP/2.0/UDP h:",
        "SIP/2.0/UDP h:65536",
        "SIP/2.0/UDP h:123456",
        "SIP/2.0/UDP 2001:db8::1",
        "SIP/2.0/UDP [h]",
        "SIP/2.0/UDP h;",
        "SIP/2.0/UDP h;;branch=b",
        "SIP/2.0/UDP h;branch=",
        "SIP/2.0/UDP h;branch=b,",
        "SIP/2.0/UDP h;branch=b x",
        "SIP/2.0/UDP h, SIP/2.0/UDP i",
        "SIP/2.0/UDP h\n",
    ],
)
def test_what_is_no_via_is_refused(text: str) -> None:
    with pytest.raises(MessageError):
        Via.parse(text)


def test_parameters_of_a_via() -> None:
    via = Via.parse("SIP/2.0/UDP h;rport;Branch=z9hG4bK1;received=192.0.2.1")
    assert via.branch == "z9hG4bK1"
    assert via.received == "192.0.2.1"
    assert via.rport == ""
    assert via.parameter("RPORT") == ""
    assert via.has_parameter("rport")
    assert not via.has_parameter("ttl")
    assert via.parameter("ttl") is None
    assert str(via.with_parameter("rport", "5060")) == (
        "SIP/2.0/UDP h;rport=5060;Branch=z9hG4bK1;received=192.0.2.1"
    )
    assert str(Via("UDP", "h").with_parameter("rport")) == "SIP/2.0/UDP h;rport"
    bare = Via("UDP", "h")
    assert (bare.branch, bare.received, bare.rport) == (None, None, None)


@pytest.mark.parametrize(
    "via",
    [
        Via("UDP", "h", None, (("branch", "a;b"),)),
        Via("UDP", "h", None, (("branch", "a\r\nb"),)),
    ],
)
def test_parameters_that_cannot_be_written_are_refused(via: Via) -> None:
    with pytest.raises(MessageError):
        str(via)


TOKENS = st.from_regex(r"[A-Za-z0-9.!%*_+`'~-]{1,12}", fullmatch=True)


@given(
    st.builds(
        Via,
        TOKENS.map(str.upper),
        st.sampled_from(["example.com", "192.0.2.1", "2001:db8::1", "::"]),
        st.none() | st.integers(0, 65535),
        st.lists(st.tuples(TOKENS | st.just("branch"), st.none() | TOKENS), max_size=5).map(tuple),
    )
)
def test_any_via_reads_back_as_itself(via: Via) -> None:
    assert Via.parse(str(via)) == via


@given(st.text() | st.text(alphabet="h:5;=a, \t[]").map("SIP/2.0/UDP {}".format))
def test_any_text_is_a_via_that_reads_back_or_an_error(text: str) -> None:
    try:
        via = Via.parse(text)
    except MessageError:
        return
    assert Via.parse(str(via)) == via
