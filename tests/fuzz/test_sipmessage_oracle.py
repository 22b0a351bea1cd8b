"""sipmessage, another reader of SIP, finds the same in any valid message as we do."""

from __future__ import annotations

import sipmessage
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.sip.message import Request, parse_message
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri

TOKENS = st.from_regex(r"[A-Za-z0-9.!*_+'~-]{1,16}", fullmatch=True)
USERS = st.from_regex(
    r"[A-Za-z0-9._!~*'()&=+$,-]([A-Za-z0-9._+-]|%[2-7][0-9A-E]){0,12}", fullmatch=True
)
HOSTS = st.sampled_from(["example.com", "192.0.2.7", "[2001:db8::7]", "pbx-1.example.net"])
PORTS = st.none() | st.integers(1, 65535)
NAMES = st.none() | st.text(
    st.characters(codec="utf-8", categories=("L", "N"), include_characters=" ,;<"), max_size=12
)
METHODS = st.sampled_from(["INVITE", "OPTIONS", "BYE", "REGISTER", "NOTIFY", "REFER", "FOO"])
PHRASES = st.sampled_from(["OK", "Busy Here", ""])
TRANSPORTS = st.sampled_from(["UDP", "TCP", "TLS", "WS"])


@st.composite
def uris(draw: st.DrawFn) -> str:
    user, port = draw(st.none() | USERS), draw(PORTS)
    return "".join(
        (
            draw(st.sampled_from(["sip:", "sips:"])),
            "" if user is None else f"{user}@",
            draw(HOSTS),
            "" if port is None else f":{port}",
            draw(st.sampled_from(["", ";lr", ";transport=tcp", ";user=phone;lr"])),
        )
    )


@st.composite
def addresses(draw: st.DrawFn, *, tagged: bool = False) -> str:
    name = draw(NAMES)
    shown = "" if name is None else f'"{name}" '
    return f"{shown}<{draw(uris())}>" + (f";tag={draw(TOKENS)}" if tagged else "")


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    method = draw(METHODS)
    start = (
        f"{method} {draw(uris())} SIP/2.0"
        if draw(st.booleans())
        else f"SIP/2.0 {draw(st.integers(100, 699))} {draw(PHRASES)}"
    )
    port = draw(PORTS)
    place = draw(HOSTS) + ("" if port is None else f":{port}")
    long = draw(st.booleans())
    sent_by = f"{draw(TRANSPORTS)} {place}"
    lines = [
        start,
        f"{'Via' if long else 'v'}: SIP/2.0/{sent_by};branch=z9hG4bK{draw(TOKENS)}",
        f"{'From' if long else 'f'}: {draw(addresses(tagged=True))}",
        f"{'To' if long else 't'}: {draw(addresses(tagged=draw(st.booleans())))}",
        f"{'Call-ID' if long else 'i'}: {draw(TOKENS)}@{draw(TOKENS)}",
        f"CSeq: {draw(st.integers(0, 2**31 - 1))} {method}",
        *(
            f"{'Contact' if long else 'm'}: {each}"
            for each in draw(st.lists(addresses(), max_size=3))
        ),
        "Content-Length: 0",
    ]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def same_address(ours: NameAddr, theirs: sipmessage.Address) -> None:
    assert isinstance(ours.uri, SipUri)
    assert ours.display_name.split() == (theirs.name or "").split()  # it joins blanks
    same_uri(ours.uri, theirs.uri)
    assert ours.tag == theirs.parameters.get("tag")


def same_uri(ours: SipUri, theirs: sipmessage.URI) -> None:
    assert ours.scheme == theirs.scheme
    assert ours.host == theirs.host.strip("[]").lower()
    assert ours.port == theirs.port
    assert (None if ours.user is None else ours.user_text) == theirs.user
    for name in ("lr", "transport", "user"):
        assert ours.has_parameter(name) == (name in theirs.parameters)


@given(messages())
def test_both_find_the_same(data: bytes) -> None:
    ours, theirs = parse_message(data), sipmessage.Message.parse(data)
    ours.validate()
    if isinstance(ours, Request):
        assert isinstance(theirs, sipmessage.Request)
        assert ours.method == theirs.method
        assert isinstance(ours.uri, SipUri)
        same_uri(ours.uri, theirs.uri)
    else:
        assert isinstance(theirs, sipmessage.Response)
        assert (ours.status, ours.reason) == (theirs.code, theirs.phrase)
    assert ours.via.branch == theirs.via[0].parameters.get("branch")
    assert (ours.via.transport, ours.via.port) == (theirs.via[0].transport, theirs.via[0].port)
    assert ours.call_id == theirs.call_id
    assert (ours.cseq.number, ours.cseq.method) == (theirs.cseq.sequence, theirs.cseq.method)
    same_address(ours.from_, theirs.from_address)
    same_address(ours.to, theirs.to_address)
    for own, other in zip(ours.contacts, theirs.contact, strict=True):
        same_address(own, other)
