"""The demo's proxy, message by message: who may call, where to, and what it leaves alone."""

from __future__ import annotations

import pytest

from siptapi_core.demo.proxy import DemoProxy
from siptapi_core.sip.auth import Credentials, answer, challenges_of
from siptapi_core.sip.message import Headers, Request, Response, parse_message
from siptapi_core.sip.uri import parse_uri
from siptapi_core.targets import Address

PROXY, CLIENT, PHONE = (Address(f"192.0.2.{n}", 5060) for n in (1, 9, 2))
VIA = "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK-client;rport"


class Rig:
    """A proxy that knows the password of 200 and where 201 is."""

    def __init__(self):
        self.proxy = DemoProxy(
            PROXY, "example.com", passwords={"200": "s3cret"}, phones={"201": PHONE}, secret="x"
        )

    def receive(self, message, source=CLIENT):
        """What is sent for it: messages and where they go."""
        data = message if isinstance(message, bytes) else message.encode()
        self.proxy.receive(data, source, 0.0)
        return [(parse_message(sent), to) for sent, to in self.proxy.datagrams()]

    def only(self, message, source=CLIENT):
        [sent] = self.receive(message, source)
        return sent

    def authenticated(self, request, user="200", password="s3cret"):
        refused, to = self.only(request)
        assert to == CLIENT
        [challenge] = challenges_of(refused)
        name, value = answer(
            challenge,
            Credentials(user, password),
            method=request.method,
            uri=str(request.uri),
            body=request.body,
            cnonce="c",
            nonce_count=1,
        )
        return refused.status, request.with_headers(request.headers.with_last(name, value))


def make(method, uri="sip:201@example.com", *headers, to_tag="", forwards="70"):
    tag = f";tag={to_tag}" if to_tag else ""
    pairs = [
        ("Via", VIA),
        ("Max-Forwards", forwards),
        ("From", "<sip:200@example.com>;tag=mine"),
        ("To", f"<sip:201@example.com>{tag}"),
        ("Call-ID", "call"),
        ("CSeq", f"1 {method}"),
        *headers,
    ]
    return Request(method, parse_uri(uri), Headers(pairs))


@pytest.fixture
def rig():
    return Rig()


def register(contact, *headers):
    return make("REGISTER", "sip:example.com", ("Contact", contact), *headers)


def test_a_call_needs_a_password_and_goes_to_the_phone(rig):
    status, invite = rig.authenticated(make("INVITE"))
    assert status == 407
    passed, to = rig.only(invite)
    assert to == PHONE
    assert passed.max_forwards == 69
    assert [via.host for via in passed.vias] == ["192.0.2.1", "192.0.2.9"]
    assert [str(route.uri) for route in passed.record_routes] == ["sip:192.0.2.1:5060;lr"]
    again, _ = rig.only(invite)
    assert again.via.branch == passed.via.branch  # a retransmission stays one


@pytest.mark.parametrize(("user", "password"), [("200", "wrong"), ("999", "s3cret")])
def test_a_wrong_password_or_user_is_challenged_again(rig, user, password):
    _, invite = rig.authenticated(make("INVITE"), user, password)
    refused, to = rig.only(invite)
    assert (refused.status, to) == (407, CLIENT)


def test_an_answer_to_somebody_elses_nonce_is_challenged_again(rig):
    _, invite = rig.authenticated(make("INVITE"))
    other = DemoProxy(PROXY, "example.com", passwords={"200": "s3cret"}, phones={}, secret="y")
    other.receive(invite.encode(), CLIENT, 0.0)
    [(data, _)] = other.datagrams()
    assert parse_message(data).status == 407


def test_a_phone_registers_and_unregisters(rig):
    status, request = rig.authenticated(register("<sip:201@192.0.2.7:5062>"))
    assert status == 401
    accepted, to = rig.only(request, Address("192.0.2.7", 5062))
    assert (accepted.status, to) == (200, Address("192.0.2.7", 5062))
    assert str(accepted.contact.uri) == "sip:201@192.0.2.7:5062"
    assert accepted.contact.parameter("expires") == "3600"
    assert rig.proxy.phones["201"] == Address("192.0.2.7", 5062)


@pytest.mark.parametrize(
    "gone",
    [
        register("<sip:201@192.0.2.7>;expires=0"),
        register("<sip:201@192.0.2.7>", ("Expires", "0")),
    ],
)
def test_a_phone_that_unregisters_is_not_found(rig, gone):
    _, request = rig.authenticated(gone)
    accepted, _ = rig.only(request)
    assert (accepted.status, accepted.contact) == (200, None)
    assert rig.proxy.phones == {}
    _, invite = rig.authenticated(make("INVITE"))
    assert rig.only(invite)[0].status == 404


def test_a_register_without_contact_only_asks(rig):
    _, request = rig.authenticated(make("REGISTER", "sip:example.com"))
    accepted, _ = rig.only(request)
    assert (accepted.status, accepted.contact) == (200, None)
    assert rig.proxy.phones == {"201": PHONE}


def test_a_register_for_nobody_is_challenged(rig):
    request = register("<sip:201@192.0.2.7>")
    request = request.with_headers(request.headers.replaced("To", "<tel:+431505641>"))
    _, request = rig.authenticated(request)
    assert rig.only(request)[0].status == 401


def test_what_was_passed_on_too_often_is_refused(rig):
    refused, to = rig.only(make("OPTIONS", forwards="0"))
    assert (refused.status, to) == (483, CLIENT)
    assert rig.receive(make("ACK", forwards="0")) == []


def test_a_missing_max_forwards_counts_as_seventy(rig):
    request = make("OPTIONS")
    passed, _ = rig.only(request.with_headers(request.headers.without("Max-Forwards")))
    assert passed.max_forwards == 69


@pytest.mark.parametrize(
    "uri", ["sip:999@example.com", "sip:201@other.example", "tel:+431505641", "sip:example.com"]
)
def test_what_leads_nowhere_is_not_found(rig, uri):
    refused, _ = rig.only(make("OPTIONS", uri))
    assert refused.status == 404
    assert rig.receive(make("ACK", uri)) == []


def test_the_ack_of_its_own_refusal_stops_here(rig):
    refused, _ = rig.only(make("INVITE"))
    assert rig.receive(make("ACK", to_tag=refused.to.tag)) == []


def test_a_request_in_a_dialog_follows_its_route(rig):
    mine, other = ("Route", "<sip:192.0.2.1:5060;lr>"), ("Route", "<sip:192.0.2.5:5070;lr>")
    passed, to = rig.only(make("BYE", "sip:201@192.0.2.2:5062", mine, to_tag="theirs"))
    assert to == Address("192.0.2.2", 5062)
    assert passed.routes == ()
    passed, to = rig.only(make("INVITE", "sip:201@192.0.2.2:5062", mine, other, to_tag="theirs"))
    assert to == Address("192.0.2.5", 5070)
    assert [str(route.uri) for route in passed.routes] == ["sip:192.0.2.5:5070;lr"]
    passed, to = rig.only(make("BYE", "sip:201@192.0.2.2", other, to_tag="theirs"))
    assert to == Address("192.0.2.5", 5070)


def answered(*vias):
    pairs = [
        *(("Via", via) for via in vias),
        ("From", "<sip:200@example.com>;tag=mine"),
        ("To", "<sip:201@example.com>;tag=theirs"),
        ("Call-ID", "call"),
        ("CSeq", "1 INVITE"),
    ]
    return Response(180, "Ringing", Headers(pairs))


OURS = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-ours"


@pytest.mark.parametrize(
    ("via", "to"),
    [
        ("SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK-1", Address("192.0.2.9", 5070)),
        ("SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK-1", Address("192.0.2.9", 5060)),
        (
            "SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK-1;received=192.0.2.9;rport=4000",
            Address("192.0.2.9", 4000),
        ),
    ],
)
def test_a_response_goes_back_where_the_request_came_from(rig, via, to):
    passed, where = rig.only(answered(OURS, via), PHONE)
    assert where == to
    assert [each.branch for each in passed.vias] == ["z9hG4bK-1"]


@pytest.mark.parametrize(
    "response",
    [answered(OURS), answered("SIP/2.0/UDP 192.0.2.8:5060;branch=z9hG4bK-x", VIA)],
    ids=["for itself", "for somebody else"],
)
def test_a_response_that_is_not_to_be_passed_on_is_dropped(rig, response):
    assert rig.receive(response, PHONE) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00\xff" * 40,
        make("REGISTER", "sip:example.com", ("Authorization", "Digest nonsense")).encode(),
    ],
)
def test_garbage_is_dropped(rig, data):
    assert rig.receive(data) == []


def test_it_waits_for_nothing(rig):
    rig.proxy.handle_timer(1.0)
    assert rig.proxy.next_timer() is None
    assert list(rig.proxy.datagrams()) == []
