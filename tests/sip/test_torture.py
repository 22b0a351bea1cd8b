"""Every message of RFC 4475 as printed there, each held against what the RFC says of it.

The messages are not part of this repository: where their folder is missing, `conftest` leaves this
file out, and `test_torture_messages` has messages of our own for each case.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from torture_messages import ANSWERS
from torture_stranger import answers_to

from siptapi_core.errors import MessageError
from siptapi_core.sip.message import Request, Response, parse_message
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import OtherUri, SipUri

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "torture"

VALID = {  # section 3.1.1: must be accepted
    "wsinv": "folding, odd white space, compact names, an escaped quote at the end of a name",
    "intmeth": "every character that a method, a token and a quoted string may hold",
    "esc01": "escapes in users and parameters that must not be taken for what they stand for",
    "escnull": "an escaped NUL in a user is a character like any other",
    "esc02": "% is a plain character in a method, a header name and a quoted string",
    "lwsdisp": "no blank between the display name and <",
    "longreq": "long values, 34 Vias, all spellings of the name",
    "dblreq": "a second request in the datagram is ignored",
    "semiuri": "semicolons in a user are no parameters",
    "transports": "Via transports that nobody knows",
    "mpart01": "a body of several parts with binary content",
    "unreason": "a reason phrase in UTF-8 with signs",
    "noreason": "an empty reason phrase",
}

INVALID = {  # section 3.1.2: must be refused; the status to answer with
    "badinv01": (400, "separators without parameters in Via and Contact"),
    "clerr": (400, "Content-Length is larger than the datagram"),
    "ncl": (400, "Content-Length is negative"),
    "scalar02": (400, "the number in CSeq does not fit into 32 bits"),
    "scalarlg": (400, "the same in a response, which is dropped"),
    "quotbal": (400, "a quote in To is never closed"),
    "ltgtruri": (400, "the Request-URI stands in <>"),
    "lwsruri": (400, "a blank inside the Request-URI"),
    "lwsstart": (400, "two blanks between the parts of the request line"),
    "trws": (400, "blanks at the end of the request line"),
    "escruri": (400, "the Request-URI holds headers"),
    "baddate": (400, "the time zone of Date is not GMT"),
    "regbadct": (400, "a Contact URI with headers stands without <>"),
    "badaspec": (400, "blanks inside <> around the URI"),
    "baddn": (400, "a display name with a comma stands without quotes"),
    "badvers": (505, "SIP/7.0"),
    "mismatch01": (400, "CSeq names another method"),
    "mismatch02": (501, "the same with a method that nobody knows"),
    "bigcode": (400, "a status of ten digits; the response is dropped"),
}

ABOVE = {  # sections 3.2 to 3.4: None where the message layer must accept, and others decide
    "badbranch": (None, "a branch that is the cookie and no more: the transaction layer's"),
    "insuf": (400, "Call-ID, From and To are missing"),
    "unkscm": (416, "a Request-URI of an unknown scheme"),
    "novelsc": (416, "a Request-URI of a scheme that is not for SIP requests"),
    "unksm2": (None, "unknown schemes in To, From and Contact: a registrar's to refuse"),
    "bext01": (None, "unknown extensions in Require: 420 is the user agent's"),
    "invut": (None, "an unknown Content-Type: 415 is the user agent's"),
    "regaut01": (None, "an unknown scheme in Authorization: a registrar's to challenge"),
    "multi01": (400, "several From, To, Call-ID, CSeq and Max-Forwards"),
    "mcl01": (400, "two values of Content-Length"),
    "bcast": (None, "a broadcast address in the second Via: the user agent's to drop"),
    "zeromf": (None, "Max-Forwards 0: a user agent may answer, only a proxy must not forward"),
    "cparam01": (None, "without <> an unknown parameter is the Contact's"),
    "cparam02": (None, "inside <> it is the URI's"),
    "regescrt": (None, "a Contact URI with headers, in <>"),
    "sdp01": (None, "an Accept that we cannot serve: 406 is the user agent's"),
    "inv2543": (None, "RFC 2543: no tag, no branch, no Max-Forwards, no Content-Length"),
}


def read(name: str) -> Request | Response:
    message = parse_message((FOLDER / f"{name}.dat").read_bytes())
    message.validate()
    return message


def test_the_tables_name_every_message() -> None:
    assert (len(VALID), len(INVALID)) == (13, 19)
    assert {path.stem for path in FOLDER.glob("*.dat")} == {*VALID, *INVALID, *ABOVE}


@pytest.mark.parametrize("name", VALID)
def test_valid_messages_are_accepted_and_survive_encoding(name: str) -> None:
    message = read(name)
    again = parse_message(message.encode())
    again.validate()
    assert again.start_line == message.start_line
    assert again.body == message.body
    assert again.headers.without("l") == message.headers.without("Content-Length")


@pytest.mark.parametrize(("name", "status"), [(name, row[0]) for name, row in INVALID.items()])
def test_invalid_messages_are_refused_with_the_status_to_answer(name: str, status: int) -> None:
    with pytest.raises(MessageError) as caught:
        read(name)
    assert caught.value.status == status


@pytest.mark.parametrize(("name", "status"), [(name, row[0]) for name, row in ABOVE.items()])
def test_messages_for_the_layers_above(name: str, status: int | None) -> None:
    if status is None:
        read(name)
        return
    with pytest.raises(MessageError) as caught:
        read(name)
    assert caught.value.status == status


@pytest.mark.parametrize(
    "name",
    [
        *("insuf", "clerr", "ncl", "scalar02", "quotbal", "ltgtruri", "lwsruri", "lwsstart"),
        *("trws", "badaspec", "baddn", "badvers", "multi01", "mcl01"),
    ],
)
def test_a_refused_request_can_be_answered(name: str) -> None:
    with pytest.raises(MessageError) as caught:
        read(name)
    request = caught.value.request
    assert isinstance(request, Request)
    answer = request.response(caught.value.status, to_tag="ours")
    assert parse_message_start(answer.encode()) == caught.value.status
    assert answer.via.host
    assert answer.headers.lines("CSeq") == request.headers.lines("CSeq")[:1]


def parse_message_start(data: bytes) -> int:
    return int(data.split(b" ", 2)[1])


@pytest.mark.parametrize("name", ["scalarlg", "bigcode"])
def test_what_cannot_be_answered_carries_no_request(name: str) -> None:
    with pytest.raises(MessageError) as caught:
        read(name)
    assert caught.value.request is None


@pytest.mark.parametrize("name", [*VALID, *INVALID, *ABOVE])
def test_what_a_user_agent_answers_to_the_messages_of_the_rfc(name: str) -> None:
    expected = ANSWERS[name]
    answers = answers_to((FOLDER / f"{name}.dat").read_bytes())
    assert answers == ([] if expected is None else [expected])


def test_what_the_tortuous_invite_says() -> None:
    message = read("wsinv")
    assert isinstance(message, Request)
    assert message.to == NameAddr(
        SipUri("chair-dnrc.example.com", "vivekg"), "", (("tag", "1918181833n"),)
    )
    assert message.from_.display_name == 'J Rosenberg \\"'
    assert message.from_.tag == "98asjd8"
    assert message.max_forwards == 68
    assert (message.cseq.number, message.cseq.method) == (9, "INVITE")
    assert [via.transport for via in message.vias] == ["UDP", "TCP", "UDP"]
    assert message.vias[2].branch == "z9hG4bK30239"
    assert message.headers.get("Subject") == ""
    assert message.headers.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert message.routes[0].uri.is_loose_router  # type: ignore[union-attr]
    assert message.contact is not None
    assert message.contact.display_name == 'Quoted string ""'
    assert message.contact.parameter("secondparam") == ""
    assert message.contact.parameter("q") == "0.33"
    assert len(message.body) == 150


def test_what_the_wide_range_of_characters_says() -> None:
    message = read("intmeth")
    assert isinstance(message, Request)
    assert message.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert isinstance(message.uri, SipUri)
    assert message.uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert message.uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert message.to.display_name == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert NameAddr.parse(str(message.to)) == message.to
    assert message.from_.display_name == "token1~` token2'+_ token3*%!.-"
    assert message.from_.parameter("fromParam''~+*_!.-%") == "работающий"
    assert message.from_.tag == "_token~1'+`*%!-."
    assert message.headers.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"


def test_escapes_are_read_only_where_they_may_be() -> None:
    message = read("esc01")
    assert isinstance(message, Request)
    assert isinstance(message.uri, SipUri)
    assert (message.uri.user, message.uri.host) == ("sips%3Auser%40example.com", "example.net")
    assert message.uri.user_text == "sips:user@example.com"
    assert isinstance(message.from_.uri, SipUri)
    assert message.from_.uri.user_text == "I have spaces"
    assert message.contact is not None
    assert isinstance(message.contact.uri, SipUri)
    assert message.contact.uri.user_text == "caller"
    assert message.contact.uri.is_loose_router
    assert message.contact.uri.parameter("name") == "value%41"


def test_what_looks_escaped_but_is_not() -> None:
    message = read("esc02")
    assert isinstance(message, Request)
    assert message.method == "RE%47IST%45R"
    assert message.to.display_name == "%Z%45"
    assert len(message.contacts) == 2
    assert message.via.branch == "z9hG4bK209%fzsnel234"


def test_an_escaped_nul_is_kept() -> None:
    contacts = [contact.uri for contact in read("escnull").contacts]
    assert [uri.user for uri in contacts if isinstance(uri, SipUri)] == ["%00", "%00%00"]


def test_other_valid_messages_say_what_they_should() -> None:
    assert len(read("longreq").vias) == 34
    assert read("dblreq").body == b""
    assert read("mpart01").content_type == "multipart/mixed"
    assert len(read("mpart01").body) == 553
    unreason = read("unreason")
    assert isinstance(unreason, Response)
    assert unreason.reason.startswith("= 2**3 * 5**2 но сто девяносто девять")
    noreason = read("noreason")
    assert isinstance(noreason, Response)
    assert (noreason.status, noreason.reason) == (100, "")
    semiuri = read("semiuri")
    assert isinstance(semiuri, Request)
    assert isinstance(semiuri.uri, SipUri)
    assert semiuri.uri.user_text == "user;par=u@example.net"
    assert semiuri.uri.parameters == ()


def test_a_display_name_with_a_comma_is_refused_for_that_reason_too() -> None:
    complete = (FOLDER / "baddn.dat").read_bytes() + b"\r\n"
    with pytest.raises(MessageError, match="Bell, Alexander"):
        parse_message(complete)


def test_parameters_belong_to_the_contact_or_to_its_uri() -> None:
    outside, inside = read("cparam01").contact, read("cparam02").contact
    assert outside is not None
    assert inside is not None
    assert outside.parameters == (("unknownparam", None),)
    assert isinstance(outside.uri, SipUri)
    assert outside.uri.parameters == ()
    assert inside.parameters == ()
    assert isinstance(inside.uri, SipUri)
    assert inside.uri.parameters == (("unknownparam", None),)


def test_headers_of_a_contact_uri_are_kept() -> None:
    contact = read("regescrt").contact
    assert contact is not None
    assert isinstance(contact.uri, SipUri)
    assert contact.uri.headers == (("Route", "%3Csip:sip.example.com%3E"),)


def test_unknown_schemes_in_headers_are_read() -> None:
    message = read("unksm2")
    assert message.to.uri == OtherUri("isbn", "2983792873")
    assert message.from_.uri == OtherUri("http", "//www.example.com")


def test_an_old_request_is_read_without_what_it_lacks() -> None:
    message = read("inv2543")
    assert message.from_.tag is None
    assert message.via.branch is None
    assert message.max_forwards is None
    assert message.body.endswith(b"m=audio 49217 RTP/AVP 0\r\n")
