from __future__ import annotations

import pytest

from siptapi_core.errors import MessageError
from siptapi_core.sip.cseq import CSeq
from siptapi_core.sip.message import Headers, Message, Request, Response, parse_message
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.sip.via import Via

URI = SipUri("example.com", "bob")
BASIC = Headers(
    [
        ("Via", "SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/TCP b"),
        ("Via", "SIP/2.0/UDP c"),
        ("From", '"Alice" <sip:alice@example.com>;tag=1'),
        ("To", "<sip:bob@example.com>"),
        ("Call-ID", "x@y"),
        ("CSeq", "7 INVITE"),
        ("Max-Forwards", "070"),
    ]
)


def invite(*more: tuple[str, str], body: bytes = b"") -> Request:
    return Request("INVITE", URI, Headers([*BASIC, *more]), body)


def test_the_headers_of_every_message_as_values() -> None:
    request = invite()
    assert request.via == Via("UDP", "a", None, (("branch", "z9hG4bK1"),))
    assert request.vias == (request.via, Via("TCP", "b"), Via("UDP", "c"))
    assert request.from_ == NameAddr(SipUri("example.com", "alice"), "Alice", (("tag", "1"),))
    assert request.to == NameAddr(URI)
    assert request.call_id == "x@y"
    assert request.cseq == CSeq(7, "INVITE")
    assert request.max_forwards == 70
    assert request.via is request.via


def test_headers_that_may_be_missing() -> None:
    request = Request("INVITE", URI, Headers())
    assert request.contact is None
    assert request.contacts == request.routes == request.record_routes == request.vias == ()
    assert request.content_type is request.max_forwards is request.expires is None
    for read in (
        lambda: request.via,
        lambda: request.from_,
        lambda: request.to,
        lambda: request.call_id,
        lambda: request.cseq,
    ):
        with pytest.raises(MessageError):
            read()


def test_addresses_in_several_lines_and_lists() -> None:
    request = invite(
        ("m", '"A, B" <sip:a@h>;q=1, <sip:b@h>'),
        ("Contact", "sip:c@h"),
        ("Route", "<sip:p1;lr>,<sip:p2;lr>"),
        ("Record-Route", "<sip:r1;lr>"),
        ("Record-Route", "<sip:r2;lr>"),
    )
    assert request.contact == NameAddr(SipUri("h", "a"), "A, B", (("q", "1"),))
    assert [str(contact.uri) for contact in request.contacts] == ["sip:a@h", "sip:b@h", "sip:c@h"]
    assert [str(route.uri) for route in request.routes] == ["sip:p1;lr", "sip:p2;lr"]
    assert [str(route.uri) for route in request.record_routes] == ["sip:r1;lr", "sip:r2;lr"]


def test_a_star_is_no_address() -> None:
    request = invite(("Contact", "*"))
    with pytest.raises(MessageError):
        _ = request.contact
    with pytest.raises(MessageError):
        _ = request.contacts


def test_the_media_type_is_lower_case_and_bare() -> None:
    assert invite(("c", "Message/SIPFRAG ;version=2.0")).content_type == "message/sipfrag"


def test_seconds_beyond_the_field_mean_its_end() -> None:
    assert invite(("Expires", "3600")).expires == 3600
    assert invite(("Expires", "0" * 5000 + "60")).expires == 60
    assert invite(("Expires", "000")).expires == 0
    assert invite(("Expires", str(2**32))).expires == 2**32 - 1
    assert invite(("Expires", "9" * 5000)).expires == 2**32 - 1
    for value in ("", "-1", "1.5", "soon", "\u0663", "\u00b2"):
        with pytest.raises(MessageError, match="Expires"):
            _ = invite(("Expires", value)).expires


def test_a_request_is_written_with_the_length_of_its_body() -> None:
    assert invite(("L", "99"), ("Subject", "ж"), ("content-LENGTH", "1"), body=b"hi").encode() == (
        b"INVITE sip:bob@example.com SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/TCP b\r\n"
        b"Via: SIP/2.0/UDP c\r\n"
        b'From: "Alice" <sip:alice@example.com>;tag=1\r\n'
        b"To: <sip:bob@example.com>\r\n"
        b"Call-ID: x@y\r\n"
        b"CSeq: 7 INVITE\r\n"
        b"Max-Forwards: 070\r\n"
        b"Subject: \xd0\xb6\r\n"
        b"Content-Length: 2\r\n"
        b"\r\n"
        b"hi"
    )


@pytest.mark.parametrize(
    "message",
    [
        Request("IN VITE", URI, BASIC),
        Request("", URI, BASIC),
        Request("INVITE\r\nVia: x", URI, BASIC),
        Response(99, "x", BASIC),
        Response(700, "x", BASIC),
        Response(200, "OK\r\nVia: x", BASIC),
        Response(200, "O\0K", BASIC),
        Response(200, "\ud800", BASIC),
    ],
)
def test_start_lines_that_cannot_be_sent_are_refused(message: Message) -> None:
    with pytest.raises(MessageError):
        message.encode()


def test_a_response_copies_what_the_request_says() -> None:
    response = invite(("Timestamp", "5"), ("Record-Route", "<sip:r;lr>")).response(
        183, to_tag="t", headers=[("Contact", "<sip:me>")], body=b"x"
    )
    assert (response.status, response.reason, response.body) == (183, "Session Progress", b"x")
    assert response.headers.items() == (
        *BASIC.items()[:3],
        ("To", "<sip:bob@example.com>;tag=t"),
        *BASIC.items()[4:6],
        ("Contact", "<sip:me>"),
    )
    assert response.to.tag == "t"


def test_when_a_response_gets_no_tag_of_ours() -> None:
    assert invite().response(200).to.tag is None
    trying = invite(("Timestamp", "5")).response(100, to_tag="t")
    assert trying.to.tag is None
    assert trying.headers.get("Timestamp") == "5"
    known = Request("BYE", URI, BASIC.replaced("To", "<sip:b@h>;tag=theirs"))
    assert known.response(200, to_tag="t").to.tag == "theirs"
    bare = Request("BYE", URI, BASIC.replaced("To", "sip:b@h"))
    assert bare.response(200, to_tag="t").to == NameAddr(SipUri("h", "b"), "", (("tag", "t"),))
    unreadable = Request("BYE", URI, BASIC.replaced("To", '"b <sip:b@h>'))
    assert unreadable.response(400, to_tag="t").headers.get("To") == '"b <sip:b@h>'


def test_a_response_to_a_request_that_lacks_headers() -> None:
    response = Request("INVITE", URI, Headers([("v", "SIP/2.0/UDP a")])).response(400, "No")
    assert response.encode() == (
        b"SIP/2.0 400 No\r\nVia: SIP/2.0/UDP a\r\nContent-Length: 0\r\n\r\n"
    )


def test_a_tag_cannot_smuggle_a_header() -> None:
    with pytest.raises(MessageError):
        invite().response(200, to_tag="a\r\nVia: x")


def test_other_headers_for_the_same_request() -> None:
    request = invite(body=b"x")
    changed = request.with_headers(Headers([("Via", "SIP/2.0/UDP z")]))
    assert (changed.method, changed.uri, changed.body) == ("INVITE", URI, b"x")
    assert changed.via.host == "z"
    assert request.via.host == "a"


def test_messages_are_values() -> None:
    assert invite() == invite()
    assert hash(invite()) == hash(invite())
    assert invite() != invite(body=b"x")
    assert invite() != invite(("Subject", ""))
    assert invite() != Request("BYE", URI, BASIC)
    assert invite() != Request("INVITE", SipUri("h"), BASIC)
    ok = Response(200, "OK", BASIC)
    assert ok == Response(200, "OK", BASIC)
    assert hash(ok) == hash(Response(200, "OK", BASIC))
    assert ok != Response(200, "Fine", BASIC)
    assert ok != Response(202, "OK", BASIC)
    assert ok != invite()
    assert invite() != ok
    assert invite() != b""


def test_a_repr_shows_no_headers() -> None:
    request = invite(("Authorization", "secret"))
    assert repr(request) == "<Request 'INVITE sip:bob@example.com SIP/2.0'>"
    assert repr(Response(200, "OK", BASIC)) == "<Response 'SIP/2.0 200 OK'>"


def with_more(method: str, *lines: str) -> bytes:
    return "\r\n".join(
        [
            f"{method} sip:bob@example.com SIP/2.0",
            "Via: SIP/2.0/UDP a",
            "From: <sip:a@h>;tag=1",
            "To: <sip:b@h>",
            "Call-ID: x",
            f"CSeq: 1 {method}",
            *lines,
            "\r\n",
        ]
    ).encode()


@pytest.mark.parametrize(
    ("method", "line"),
    [
        ("REGISTER", "Contact: *"),
        ("INVITE", "Max-Forwards: 255"),
        ("INVITE", "Date: Sat, 13 Nov 2010 23:29:00 GMT"),
        ("INVITE", "Content-Type: Text/plain ; charset=utf-8"),
        ("INVITE", "Supported:"),
        ("INVITE", "k: 100rel,\r\n replaces"),
        ("INVITE", "Retry-After: 120 (busy);duration=3600"),
        ("INVITE", 'Warning: 307 h "a, \\"b\\"", 370 i "c"'),
        ("INVITE", "P-Asserted-Identity: <sip:a@h>, <tel:+43>"),
        ("REFER", 'r: "B, C" <sip:bob@h?Replaces=x%3Bto-tag%3D1>'),
        ("NOTIFY", "o: refer;id=1"),
        ("NOTIFY", "Subscription-State: terminated;reason=reason=noresource"),
        ("INVITE", 'Unheard-Of: ;;,,"'),
        ("OPTIONS", "Expires: 99999999999999"),
    ],
)
def test_what_validation_accepts(method: str, line: str) -> None:
    parse_message(with_more(method, line)).validate()


@pytest.mark.parametrize(
    ("method", "lines"),
    [
        ("INVITE", ["Contact: *"]),
        ("REGISTER", ["Contact: *, <sip:a@h>"]),
        ("REGISTER", ["Contact: *", "Contact: <sip:a@h>"]),
        ("INVITE", ["Contact: <sip:a@h>, Bell, Alexander <sip:b@h>"]),
        ("INVITE", ["Max-Forwards: 256"]),
        ("INVITE", ["v: SIP/2.0/UDP"]),
        ("INVITE", ["Via: SIP/2.0/UDP a;;"]),
        ("INVITE", ["Date: Sat, 13 Nov 2010 23:29:00 CET"]),
        ("INVITE", ["Date: Sat, 13 Nov 2010 23:29:00 GMT", "Date: Sat, 13 Nov 2010 23:29:00 GMT"]),
        ("INVITE", ["Content-Type: text"]),
        ("INVITE", ["Supported: a b"]),
        ("INVITE", ["Require: <x>"]),
        ("INVITE", ["Expires: soon"]),
        ("INVITE", ["Retry-After: soon"]),
        ("INVITE", ['Warning: 1812 h "x"']),
        ("INVITE", ["Route: sip:a@h?x=y"]),
        ("INVITE", ["Record-Route: <sip:>"]),
        ("REFER", ["Refer-To: <sip:a@h>", "r: <sip:b@h>"]),
        ("REFER", ["Refer-To: sip:a@h?Replaces=x"]),
        ("NOTIFY", ["Event: <x>"]),
        ("NOTIFY", ["Subscription-State:"]),
    ],
)
def test_what_validation_refuses(method: str, lines: list[str]) -> None:
    message = parse_message(with_more(method, *lines))
    with pytest.raises(MessageError) as caught:
        message.validate()
    assert caught.value.status == 400


def test_validation_reads_responses_too() -> None:
    request = parse_message(with_more("INVITE"))
    assert isinstance(request, Request)
    request.response(200).validate()
    with pytest.raises(MessageError, match="Warning"):
        request.response(400, headers=[("Warning", "x")]).validate()


def test_a_call_id_without_blanks() -> None:
    data = with_more("INVITE").replace(b"Call-ID: x", b"Call-ID: x y")
    with pytest.raises(MessageError, match="Call-ID"):
        parse_message(data).validate()


def test_a_tel_request_uri_is_no_fault() -> None:
    parse_message(with_more("INVITE").replace(b"sip:bob@example.com", b"tel:+43")).validate()


def test_the_base_class_is_no_message() -> None:
    with pytest.raises(NotImplementedError):
        _ = Message().start_line
