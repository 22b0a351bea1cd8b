"""From bytes to messages: framing, robustness, and what a refused request still tells."""

from __future__ import annotations

import pytest

from siptapi_core.errors import MessageError
from siptapi_core.sip.message import MAXIMUM_SIZE, Request, Response, parse_message
from siptapi_core.sip.uri import OtherUri, SipUri

OPTIONS = (
    b"OPTIONS sip:bob@example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n"
    b"From: <sip:alice@example.com>;tag=1\r\n"
    b"To: <sip:bob@example.com>\r\n"
    b"Call-ID: x\r\n"
    b"CSeq: 1 OPTIONS\r\n"
    b"Max-Forwards: 70\r\n"
    b"Content-Length: 2\r\n"
    b"\r\n"
    b"hi"
)


def changed(old: bytes, new: bytes) -> bytes:
    assert old in OPTIONS
    return OPTIONS.replace(old, new)


def test_a_request() -> None:
    request = parse_message(OPTIONS)
    assert isinstance(request, Request)
    assert (request.method, request.uri) == ("OPTIONS", SipUri("example.com", "bob"))
    assert request.via.branch == "z9hG4bK1"
    assert request.body == b"hi"
    assert request.encode() == OPTIONS


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"SIP/2.0 200 OK", 200, "OK"),
        (b"sip/2.0 183 Session  Progress ", 183, "Session  Progress "),
        (b"SIP/2.0 100 ", 100, ""),
        (b"SIP/2.0 699", 699, ""),
        (b"SIP/2.0 480 besch\xc3\xa4ftigt", 480, "beschäftigt"),
        (b"SIP/2.0 480 besch\xe4ftigt", 480, "beschäftigt"),
    ],
)
def test_responses(line: bytes, status: int, reason: str) -> None:
    response = parse_message(changed(b"OPTIONS sip:bob@example.com SIP/2.0", line))
    assert isinstance(response, Response)
    assert (response.status, response.reason) == (status, reason)


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n" + OPTIONS,
        b"\n\r\n" + OPTIONS,
        OPTIONS + b"and more",
        OPTIONS.replace(b"\r\n", b"\n"),
        OPTIONS.replace(b"\r\n\r\n", b"\n\r\n"),
        OPTIONS.replace(b"\r\n\r\n", b"\r\n\n"),
        changed(b"Call-ID: ", b"I :\t"),
        changed(b"Call-ID: ", b"CALL-ID\t:"),
        changed(b"Call-ID: ", b"i:\r\n "),
        changed(b"Call-ID: x", b"i: \r\n\t x \r\n "),
        changed(b"70\r\n", b"70  \r\n"),
        changed(b"Length: 2", b"Length: 0002"),
        changed(b"OPTIONS sip:bob@example.com SIP/2.0", b"OPTIONS sip:bob@example.com sip/2.0"),
        changed(b"sip:bob@example.com SIP", b"SIP:bob@EXAMPLE.com SIP"),
        changed(b"Content-Length: 2\r\n", b"l: 2\r\n"),
        changed(b"Content-Length: 2\r\n", b""),
    ],
)
def test_the_same_request_in_other_ways(data: bytes) -> None:
    plain, other = parse_message(OPTIONS), parse_message(data)
    assert isinstance(other, Request)
    assert other.headers.without("l") == plain.headers.without("l")
    assert (other.start_line, other.body) == (plain.start_line, plain.body)


def test_a_body_may_hold_anything() -> None:
    body = b"\0\r\n\r\n\n\n\xff\rx"
    data = changed(b"2\r\n\r\nhi", b"10\r\n\r\n" + body)
    assert parse_message(data).body == body
    assert parse_message(data.replace(b"Content-Length: 10\r\n", b"")).body == body


def test_text_that_is_no_utf_8_is_latin_1() -> None:
    old_phone = changed(b"<sip:alice", b'"J\xf6rg" <sip:alice')
    assert parse_message(old_phone).from_.display_name == "Jörg"
    assert parse_message(parse_message(old_phone).encode()).from_.display_name == "Jörg"
    new_phone = changed(b"<sip:alice", b'"J\xc3\xb6rg" <sip:alice')
    assert parse_message(new_phone).from_.display_name == "Jörg"


def test_characters_that_other_places_take_for_line_ends_are_none() -> None:
    subject = "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"
    data = changed(b"Max-", f"Subject: {subject}\r\nMax-".encode())
    assert parse_message(data).headers.get("Subject") == subject


def test_a_carriage_return_alone_is_a_blank() -> None:
    message = parse_message(changed(b"Max-", b"Subject: a\rVia: b\r\nMax-"))
    assert message.headers.get("Subject") == "a Via: b"
    assert len(message.vias) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"\0\0\0\0",
        b"hello",
        b"hello\r\n\r\n",
        b"hello world\r\n\r\n",
        b" \r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"SIP/2.0\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"\xff\xfe\xfd\r\n\r\n",
        OPTIONS.replace(b"OPTIONS sip:bob@example.com SIP/2.0", b"SIP/2.0 099 x"),
        OPTIONS.replace(b"OPTIONS sip:bob@example.com SIP/2.0", b"SIP/2.0 700 x"),
        OPTIONS.replace(b"OPTIONS sip:bob@example.com SIP/2.0", b"SIP/2.0 20 x"),
        OPTIONS.replace(b"OPTIONS sip:bob@example.com SIP/2.0", b"SIP/2.0  200 x"),
        OPTIONS.replace(b"OPTIONS sip:bob@example.com SIP/2.0", b"SIP/3.0 200 x"),
        OPTIONS.replace(b"OPTIONS sip:bob@example.com SIP/2.0", b"OPTIONS sip:bob@example.com"),
        OPTIONS.replace(b" SIP/2.0\r\n", b" HTTP/1.1\r\n"),
        OPTIONS.replace(b"OPTIONS sip", b"OPT<>ONS sip"),
        OPTIONS.replace(b"OPTIONS", b"ACK").replace(b"Call-ID", b"Call"),
        OPTIONS.replace(b"Via: SIP/2.0/UDP ", b"Via: "),
        OPTIONS.replace(b"Via", b"Vla"),
        OPTIONS.replace(b"Via", b" Via"),
        OPTIONS.replace(b"Via: SIP/2.0/UDP ", b"Via: ,"),
    ],
)
def test_what_is_no_message_or_cannot_be_answered(data: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        parse_message(data)
    assert caught.value.request is None
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (changed(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"), 505, "SIP/3.0"),
        (changed(b"SIP/2.0\r\nVia", b"SIP/2.0.1\r\nVia"), 400, "SIP/2.0.1"),
        (changed(b"sip:bob@example.com SIP", b"bob SIP"), 400, "'bob' is no URI"),
        (changed(b"sip:bob@example.com SIP", b"<sip:bob@example.com> SIP"), 400, "no URI"),
        (changed(b"OPTIONS sip:", b"OPTIONS  sip:"), 400, "no request line"),
        (changed(b"From: ", b"Fron: "), 400, "no From"),
        (changed(b"To: ", b"Two: "), 400, "no To"),
        (changed(b"Call-ID: ", b"Call: "), 400, "no Call-ID"),
        (changed(b"CSeq: ", b"Seq: "), 400, "no CSeq"),
        (changed(b"CSeq: 1", b"CSeq: one"), 400, "no CSeq"),
        (changed(b"Max-Forwards: 70", b"Max-Forwards: many"), 400, "Max-Forwards"),
        (changed(b"Max-", b"t: <sip:c@h>\r\nMax-"), 400, "more than one To"),
        (changed(b"Max-", b"i: y\r\nMax-"), 400, "more than one Call-ID"),
        (changed(b"Length: 2", b"Length: 3"), 400, "2 bytes came"),
        (changed(b"Length: 2", b"Length: " + b"9" * 5000), 400, "2 bytes came"),
        (changed(b"Length: 2", b"Length: -2"), 400, "one number"),
        (changed(b"Length: 2", b"Length: two"), 400, "one number"),
        (changed(b"Length: 2", b"Length: \xc2\xb2"), 400, "one number"),
        (changed(b"Length: 2", b"Length: "), 400, "one number"),
        (changed(b"Length: 2", b"Length: 2\r\nl: 1"), 400, "one number"),
        (changed(b"Max-", b"no header\r\nMax-"), 400, "no header"),
        (changed(b"Max-", b"Subject\r\nMax-"), 400, "no colon"),
        (changed(b"Max-", b": x\r\nMax-"), 400, "no header name"),
        (changed(b"Max-", b"Subject: \0\r\nMax-"), 400, "NUL"),
        (OPTIONS[: OPTIONS.index(b"\r\n\r\n")], 400, "no empty line"),
        (OPTIONS + b"x" * MAXIMUM_SIZE, 513, "65535"),
    ],
)
def test_a_faulty_request_that_can_be_answered(data: bytes, status: int, words: str) -> None:
    with pytest.raises(MessageError, match=words) as caught:
        parse_message(data)
    assert caught.value.status == status
    request = caught.value.request
    assert isinstance(request, Request)
    assert request.method == "OPTIONS"
    assert request.via.branch == "z9hG4bK1"
    answer = request.response(caught.value.status, to_tag="ours").encode()
    assert answer.startswith(b"SIP/2.0 %d " % status)
    assert b"\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n" in answer


def test_an_unreadable_request_uri_is_replaced() -> None:
    with pytest.raises(MessageError) as caught:
        parse_message(changed(b"sip:bob@example.com SIP", b"bob SIP"))
    assert isinstance(caught.value.request, Request)
    assert caught.value.request.uri == OtherUri("invalid", "request-uri")


def test_the_largest_message_is_read() -> None:
    data = OPTIONS + b"x" * (MAXIMUM_SIZE - len(OPTIONS))
    assert parse_message(data).body == b"hi"
