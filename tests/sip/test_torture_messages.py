"""Every case of RFC 4475 and RFC 5118: what the parser says, and what a user agent answers."""

from __future__ import annotations

import pytest
from torture_messages import ABOVE, ANSWERS, INVALID, IPV6, OURS, TO_A_LINE, VALID, options
from torture_stranger import OWN, STRANGER, answers_to

from siptapi_core.errors import MessageError
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.message import Request, Response, parse_message
from siptapi_core.sip.sdp import answer_to
from siptapi_core.sip.uri import SipUri
from siptapi_core.testing.counting_identifiers import CountingIdentifiers

MESSAGE_LAYER = {**INVALID, **ABOVE, **IPV6}


def read(name: str) -> Request | Response:
    message = parse_message(OURS[name])
    message.validate()
    return message


def sent_for(*datagrams: bytes) -> list[Request | Response]:
    agent = UserAgent(identifiers=CountingIdentifiers(), local_address=lambda _towards: OWN)
    for datagram in datagrams:
        agent.receive(datagram, STRANGER, 0.0)
    return [parse_message(data) for data, _ in agent.datagrams()]


def test_the_tables_are_complete() -> None:
    assert (len(VALID), len(INVALID), len(ABOVE), len(IPV6)) == (13, 19, 17, 12)
    assert ANSWERS.keys() == OURS.keys()


@pytest.mark.parametrize("name", VALID)
def test_valid_messages_are_read_and_written(name: str) -> None:
    message = read(name)
    again = parse_message(message.encode())
    again.validate()
    assert (again.start_line, again.body) == (message.start_line, message.body)


@pytest.mark.parametrize(
    ("name", "status"), [(name, row[0]) for name, row in MESSAGE_LAYER.items()]
)
def test_the_message_layer_refuses_what_is_its_to_refuse(name: str, status: int | None) -> None:
    if status is None:
        read(name)
        return
    with pytest.raises(MessageError) as caught:
        read(name)
    assert caught.value.status == status


@pytest.mark.parametrize(("name", "status"), ANSWERS.items())
def test_what_a_user_agent_answers(name: str, status: int | None) -> None:
    assert answers_to(OURS[name]) == ([] if status is None else [status])


@pytest.mark.parametrize(("name", "status"), TO_A_LINE.items())
def test_what_a_line_that_shows_calls_answers(name: str, status: int) -> None:
    assert answers_to(OURS[name], line=True) == [status]


def test_what_is_not_supported_is_named_in_the_answer() -> None:
    [refusal] = sent_for(OURS["bext01"])
    assert refusal.headers.get("Unsupported") == "one, two"


def test_requests_whose_branch_is_the_cookie_alone_are_told_apart() -> None:
    first = OURS["badbranch"]
    second = first.replace(b"torture@client", b"another@client")
    answered = [answer.call_id for answer in sent_for(first, second, first)]
    assert answered == [f"{each}@client.example.com" for each in ("torture", "another", "torture")]


def test_a_second_request_in_a_datagram_is_ignored() -> None:
    assert read("dblreq").body == b""


def test_the_tortuous_invite_says_what_it_should() -> None:
    message = read("wsinv")
    assert isinstance(message, Request)
    assert message.from_.display_name == 'Anna \\"'
    assert (message.to.tag, message.from_.tag, message.max_forwards) == ("77n", "a1", 70)
    assert [(via.transport, via.branch) for via in message.vias] == [
        ("UDP", "one"),
        ("TCP", "two"),
        ("UDP", "three"),
    ]
    assert message.headers.get("Subject") == ""
    assert message.headers.get("NewHeader") == "first line second line;;,,;;,;"
    assert message.contact is not None
    assert message.contact.display_name == 'Quoted ""'
    assert (message.contact.parameter("other"), message.contact.parameter("q")) == ("", "0.5")


def test_escapes_are_read_only_where_they_may_be() -> None:
    message = read("esc01")
    assert isinstance(message, Request)
    assert isinstance(message.uri, SipUri)
    assert (message.uri.user, message.uri.host) == ("sips%3A201%40example.com", "example.org")
    assert message.uri.user_text == "sips:201@example.com"
    assert message.contact is not None
    assert isinstance(message.contact.uri, SipUri)
    assert message.contact.uri.is_loose_router
    assert message.contact.uri.user_text == "anna"
    assert read("esc02").to.display_name == "%Z%45"
    users = [each.uri.user for each in read("escnull").contacts if isinstance(each.uri, SipUri)]
    assert users == ["%00", "%00%00"]


def test_the_wide_range_of_characters() -> None:
    message = read("intmeth")
    assert message.to.display_name == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert message.from_.display_name == "tok1~` tok2'+_ tok3*%!.-"
    assert message.from_.parameter("p''~+*_!.-%") == "Жук"
    assert message.headers.get("other-!.%*+_`'~") == "\ufeff漢字"


def test_parameters_belong_to_the_contact_or_to_its_uri() -> None:
    outside, inside = read("cparam01").contact, read("cparam02").contact
    assert outside is not None
    assert inside is not None
    assert outside.parameters == (("unknownparam", None),)
    assert inside.parameters == ()
    assert isinstance(inside.uri, SipUri)
    assert inside.uri.parameters == (("unknownparam", None),)


def test_a_refused_request_with_a_broken_via_is_answered_there() -> None:
    faulty = "SIP/2.0/UDP 192.0.2.41:5070;branch=z9hG4bK-x;=;rport, SIP/2.0/UDP h;branch=other"
    with pytest.raises(MessageError) as caught:
        parse_message(options({"Via": faulty}))
    request = caught.value.request
    assert isinstance(request, Request)
    assert str(request.via) == "SIP/2.0/UDP 192.0.2.41:5070;branch=z9hG4bK-x;rport"


def test_ipv6_addresses_are_read_with_and_without_a_port() -> None:
    ambiguous, unambiguous = read("port-ambiguous"), read("port-unambiguous")
    assert isinstance(ambiguous, Request)
    assert isinstance(unambiguous, Request)
    assert ambiguous.uri == SipUri("2001:db8::10:5070")
    assert unambiguous.uri == SipUri("2001:db8::10", port=5070)


@pytest.mark.parametrize(
    ("name", "received"),
    [
        ("via-received-param-with-delim", "[2001:db8::9:255]"),
        ("via-received-param-no-delim", "2001:db8::9:255"),
    ],
)
def test_received_is_read_in_brackets_and_without(name: str, received: str) -> None:
    via = read(name).via
    assert (via.host, via.received, via.branch) == ("2001:db8::9:1", received, "z9hG4bK-6")


def test_addresses_of_both_families_stand_side_by_side() -> None:
    hosts = [(via.host, via.port) for via in read("mult-ip-in-header").vias]
    assert hosts == [("2001:db8::9:1", 6050), ("192.0.2.1", None), ("2001:db8::9:255", None)]
    mapped = read("ipv4-mapped-ipv6")
    assert [via.host for via in mapped.vias] == ["::ffff:192.0.2.10", "::ffff:192.0.2.2"]
    assert mapped.contact is not None
    assert mapped.contact.uri == SipUri("::ffff:192.0.2.2", "anna")


@pytest.mark.parametrize("name", ["ipv6-in-sdp", "mult-ip-in-sdp", "ipv4-mapped-ipv6"])
def test_session_descriptions_with_ipv6_are_answered(name: str) -> None:
    offer = read(name).body
    answer = answer_to(offer, "2001:db8::9", 1, 1)
    assert b"c=IN IP6 2001:db8::9\r\n" in answer
    assert answer.count(b"m=audio 9 ") == offer.count(b"m=audio")


def test_an_address_after_the_faulty_grammar_of_rfc_3261_is_tolerated() -> None:
    three, two = read("ipv6-bug-abnf-3-colons"), read("ipv6-correct-abnf-2-colons")
    assert isinstance(three, Request)
    assert isinstance(two, Request)
    assert isinstance(three.uri, SipUri)
    assert three.uri.user == "201"
    assert two.uri == SipUri("2001:db8::192.0.2.1", "201")
