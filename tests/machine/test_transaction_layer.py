from __future__ import annotations

import pytest
from attrs import evolve
from bench import LONG, PHONE, PROXY, SIPTAPI, TCP_PROXY, Recorder, make_request, without_via
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.machine.client_transaction import ClientState
from siptapi_core.machine.server_transaction import ServerState
from siptapi_core.machine.timers import SipTimers
from siptapi_core.machine.transaction_layer import LARGEST_ON_UDP, TransactionLayer, _warning
from siptapi_core.sip.message import Headers, Response, parse_message
from siptapi_core.targets import Address, Transport
from siptapi_core.testing.counting_identifiers import CountingIdentifiers

STRANGER = Address("198.51.100.7", 40123)


class Rig:
    """A layer, what it delivered, and what it sent."""

    def __init__(self):
        self.delivered = []
        self.towards = []
        self.layer = TransactionLayer(
            identifiers=CountingIdentifiers(),
            local_address=self.local_address,
            deliver=lambda *what: self.delivered.append(what),
            timers=SipTimers(),
        )

    def local_address(self, towards):
        self.towards.append(towards)
        return evolve(SIPTAPI, transport=towards.transport)

    def receive(self, message, source=PROXY, now=0.0):
        self.layer.receive(message if isinstance(message, bytes) else message.encode(), source, now)

    def taken(self):
        messages = [(parse_message(data), to) for data, to in self.layer.outbox]
        self.layer.outbox.clear()
        return messages

    def send(self, method="INVITE", to=PROXY, now=0.0):
        user = Recorder()
        request = without_via(make_request(method))
        return self.layer.request(request, to, user, now), user


# --- our requests --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "via"),
    [
        (PROXY, "SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK-1;rport"),
        (TCP_PROXY, "SIP/2.0/TCP 192.0.2.9:5062;branch=z9hG4bK-1;rport"),
        (Address("2001:db8::1", 5060), "SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK-1;rport"),
    ],
)
def test_a_request_gets_our_via_on_top(to, via):
    rig = Rig()
    transaction, _ = rig.send(to=to)
    [(sent, destination)] = rig.taken()
    assert destination == to
    assert rig.towards == [to]
    assert sent.headers.items()[0] == ("Via", via)
    assert sent.headers.lines("Via") == (via,)
    assert transaction.key == ("z9hG4bK-1", "INVITE")
    assert len(rig.layer) == 1


def test_a_big_request_goes_over_tcp_to_the_same_place():
    rig = Rig()
    request = without_via(make_request("INVITE", body=b"x" * LARGEST_ON_UDP))
    transaction = rig.layer.request(request, PROXY, Recorder(), 0.0)
    [(sent, to)] = rig.taken()
    assert to == transaction.destination == TCP_PROXY
    assert sent.via.transport == "TCP"


def test_each_request_has_a_branch_of_its_own():
    rig = Rig()
    rig.send()
    rig.send("OPTIONS")
    assert [m.via.branch for m, _ in rig.taken()] == ["z9hG4bK-1", "z9hG4bK-2"]


def test_a_response_finds_its_transaction_by_branch_and_method():
    rig = Rig()
    _, first = rig.send()
    _, second = rig.send("OPTIONS")
    (invite, _), (options, _) = rig.taken()
    rig.receive(options.response(200), PHONE, 1.0)
    rig.receive(invite.response(180), PHONE, 1.0)
    assert (first.heard, second.heard) == ([180], [200])
    assert rig.delivered == []


@pytest.mark.parametrize(
    "change",
    [
        lambda h: h.replaced("Via", "SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK-other"),
        lambda h: h.replaced("Via", "SIP/2.0/UDP 192.0.2.9:5062"),
        lambda h: h.replaced("CSeq", "1 OPTIONS"),
        lambda h: h.with_last("Via", "SIP/2.0/UDP 192.0.2.8;branch=z9hG4bK-2"),
    ],
    ids=["other branch", "no branch", "other method", "two Vias"],
)
def test_a_response_to_nothing_of_ours_is_dropped(change):
    rig = Rig()
    transaction, user = rig.send()
    [(invite, _)] = rig.taken()
    response = invite.response(200, to_tag="phone")
    rig.receive(Response(200, "OK", change(response.headers)))
    assert user.heard == []
    assert transaction.state is ClientState.CALLING
    assert rig.taken() == []


def test_a_final_response_that_comes_again_is_dropped():
    rig = Rig()
    _, user = rig.send("BYE")
    [(bye, _)] = rig.taken()
    rig.receive(bye.response(100))
    for _ in range(2):
        rig.receive(bye.response(200))
    rig.receive(bye.response(408))
    assert user.heard == [100, 200]
    assert len(rig.layer) == len(rig.layer.queue) == 0
    assert rig.taken() == []


def test_cancel_takes_over_what_rfc_3261_9_1_says_and_nothing_else():
    rig = Rig()
    routes = (("Route", "<sip:a.example;lr>"), ("Route", "<sip:b.example;lr>"))
    extras = (("Contact", "<sip:200@192.0.2.9>"), ("Proxy-Authorization", "Digest x=y"))
    request = without_via(make_request(headers=(*routes, *extras), body=b"v=0"))
    invite = rig.layer.request(request, PROXY, Recorder(), 0.0)
    [(sent, _)] = rig.taken()
    rig.layer.cancel(invite, 0.0)
    assert len(rig.layer) == 2
    [(cancelled, to)] = rig.taken()
    assert to == PROXY
    assert cancelled.method == "CANCEL"
    assert cancelled.uri == sent.uri
    assert cancelled.headers.items() == (
        ("Via", sent.headers.get("Via")),
        ("From", sent.headers.get("From")),
        ("To", sent.headers.get("To")),
        ("Call-ID", sent.headers.get("Call-ID")),
        *routes,
        ("Max-Forwards", "70"),
        ("CSeq", "1 CANCEL"),
        ("Content-Length", "0"),
    )
    rig.receive(cancelled.response(200))
    assert len(rig.layer) == 1
    assert invite.state is ClientState.CALLING


def test_a_request_outside_any_transaction_is_sent_once_and_given_back():
    rig = Rig()
    data = rig.layer.send_request(without_via(make_request("ACK")), PHONE)
    assert rig.layer.outbox == [(data, PHONE)]
    [(sent, _)] = rig.taken()
    assert sent.headers.lines("Via") == ("SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK-1;rport",)
    assert len(rig.layer) == 0
    assert rig.layer.queue.next_deadline() is None


def test_a_transport_error_reaches_those_who_still_wait_there():
    rig = Rig()
    _, waiting = rig.send()
    _, answered = rig.send("OPTIONS")
    _, elsewhere = rig.send(to=PHONE)
    _, other_transport = rig.send(to=TCP_PROXY)
    options = rig.taken()[1][0]
    rig.receive(options.response(100))
    rig.layer.transport_error(PROXY, 2.0)
    assert waiting.heard == ["transport error 2"]
    assert waiting.problems == ["udp:192.0.2.1:5060 refuses our packets"]
    assert answered.heard == [100]
    assert elsewhere.heard == other_transport.heard == []
    assert len(rig.layer) == 3


def test_the_name_to_verify_does_not_matter_for_a_refused_packet():
    rig = Rig()
    _, user = rig.send(to=Address("192.0.2.1", 5060, verify_name="sip.example.com", line="office"))
    rig.layer.transport_error(PROXY, 0.0)
    assert user.heard == ["transport error 0"]


@pytest.mark.parametrize("other", [{"verify_name": "192.0.2.1"}, {"line": "home"}])
def test_another_connection_to_the_same_place_is_another_way(other):
    rig = Rig()
    tls = Address("192.0.2.1", 5061, Transport.TLS, verify_name="sip.example.com", line="office")
    _, user = rig.send(to=tls)
    rig.layer.transport_error(evolve(tls, **other), 0.0)
    assert user.heard == []
    rig.layer.transport_error(evolve(tls), 1.0)
    assert user.heard == ["transport error 1"]


def test_what_ended_is_forgotten():
    rig = Rig()
    transaction, _ = rig.send()
    transaction.abandon(0.0)
    assert len(rig.layer) == 0
    rig.layer.forget(("never", "known"))


# --- requests to us ------------------------------------------------------------------------------


def test_a_new_request_begins_a_transaction_and_is_delivered_with_its_source_marked():
    rig = Rig()
    rig.receive(make_request(via="SIP/2.0/UDP a.example;branch=z9hG4bK-x;rport"), STRANGER, 3.0)
    [(request, transaction, source, now)] = rig.delivered
    assert (source, now) == (STRANGER, 3.0)
    assert transaction.request is request
    assert transaction.reply_to == STRANGER
    assert request.via.received == "198.51.100.7"
    assert request.via.rport == "40123"
    assert len(rig.layer) == 1


def test_a_retransmission_is_not_delivered_again_but_answered_again():
    rig = Rig()
    notify = make_request("NOTIFY")
    rig.receive(notify)
    [(request, transaction, _, _)] = rig.delivered
    rig.receive(notify)
    assert rig.taken() == []
    transaction.respond(request.response(200, to_tag="ours"), 0.0)
    rig.receive(notify)
    assert [m.status for m, _ in rig.taken()] == [200, 200]
    assert len(rig.delivered) == 1


def test_a_branch_is_compared_without_case_and_only_for_one_sender_and_method():
    rig = Rig()
    via = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-Peer;rport"
    rig.receive(make_request("OPTIONS", via=via, to="<sip:a@b>;tag=x"))
    rig.receive(make_request("OPTIONS", via=via.replace("-Peer", "-PEER"), to="<sip:a@b>;tag=x"))
    assert len(rig.delivered) == 1
    rig.receive(make_request("OPTIONS", via=via.replace(":5060", ":5061"), to="<sip:a@b>;tag=x"))
    assert len(rig.delivered) == 2
    rig.receive(make_request("OPTIONS", via=via.replace(".1:", ".3:"), to="<sip:a@b>;tag=x"))
    assert len(rig.delivered) == 3
    rig.receive(make_request("INFO", via=via, to="<sip:a@b>;tag=x"))
    assert len(rig.delivered) == 4
    rig.receive(make_request("OPTIONS", via=via.replace(":5060", ""), to="<sip:a@b>;tag=x"))
    assert len(rig.delivered) == 5


def test_the_ack_of_a_refusal_ends_its_transaction_and_goes_no_further():
    rig = Rig()
    invite = make_request()
    rig.receive(invite)
    [(request, transaction, _, _)] = rig.delivered
    transaction.respond(request.response(486, to_tag="ours"), 0.0)
    rig.receive(make_request("ACK", to="<sip:200@example.com>;tag=ours", cseq="1 ACK"))
    assert transaction.state is ServerState.CONFIRMED
    assert len(rig.delivered) == 1


def test_the_ack_of_a_2xx_has_a_branch_of_its_own_and_is_delivered():
    rig = Rig()
    acknowledgement = make_request("ACK", via="SIP/2.0/UDP a.example;branch=z9hG4bK-ack")
    rig.receive(acknowledgement, STRANGER, 1.0)
    [(request, transaction, source, now)] = rig.delivered
    assert (request.method, transaction, source, now) == ("ACK", None, STRANGER, 1.0)
    assert request.via.received == "198.51.100.7"
    assert len(rig.layer) == 0
    assert rig.taken() == []


def test_a_request_that_came_by_another_way_before_is_merged():
    rig = Rig()
    rig.receive(make_request(via="SIP/2.0/UDP a.example;branch=z9hG4bK-1"))
    rig.receive(make_request(via="SIP/2.0/UDP b.example;branch=z9hG4bK-2"))
    assert len(rig.delivered) == 1
    [(response, to)] = rig.taken()
    assert response.status == 482
    assert response.via.host == "b.example"
    assert to == Address(PROXY.host, 5060)
    assert "Warning" not in response.headers
    assert len(rig.layer) == 1


@pytest.mark.parametrize(
    "differs",
    [
        {"to": "<sip:200@example.com>;tag=ours"},
        {"cseq": "2 INVITE"},
        {"call_id": "another"},
        {"from_": "<sip:301@example.com>;tag=another"},
        {"uri": "sip:200@192.0.2.9:5062;line=another"},
    ],
)
def test_what_only_resembles_it_is_not_merged(differs):
    rig = Rig()
    rig.receive(make_request(via="SIP/2.0/UDP a.example;branch=z9hG4bK-1"))
    rig.receive(make_request(via="SIP/2.0/UDP b.example;branch=z9hG4bK-2", **differs))
    assert len(rig.delivered) == 2
    assert rig.taken() == []


def test_nothing_is_merged_with_what_is_over():
    rig = Rig()
    rig.receive(make_request("OPTIONS", via="SIP/2.0/UDP a.example;branch=z9hG4bK-1"))
    rig.delivered[0][1].abandon(0.0)
    assert len(rig.layer) == 0
    rig.receive(make_request("OPTIONS", via="SIP/2.0/UDP b.example;branch=z9hG4bK-2"))
    assert len(rig.delivered) == 2


def test_the_invite_of_a_cancel_is_found():
    rig = Rig()
    rig.receive(make_request())
    rig.receive(make_request("CANCEL"))
    (_, invite, _, _), (cancel, _, _, _) = rig.delivered
    assert rig.layer.invite_to_cancel(cancel) is invite
    other = make_request("CANCEL", via="SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-no")
    assert rig.layer.invite_to_cancel(other) is None


# --- RFC 2543: no magic cookie -------------------------------------------------------------------

OLD_VIA = "SIP/2.0/UDP old.example:5060;branch=1"


def test_an_old_client_is_known_by_its_headers():
    rig = Rig()
    rig.receive(make_request(via=OLD_VIA))
    rig.receive(make_request(via=OLD_VIA))
    assert len(rig.delivered) == 1
    assert rig.taken() == []


@pytest.mark.parametrize(
    "differs",
    [
        {"via": "SIP/2.0/UDP old.example:5060;branch=2"},
        {"via": "SIP/2.0/UDP old.example:5060"},
        {"uri": "sip:201@192.0.2.9"},
        {"from_": "<sip:301@example.com>;tag=another"},
        {"from_": "<sip:301@example.com>"},
        {"call_id": "another"},
        {"cseq": "2 INVITE"},
        {"method": "OPTIONS"},
    ],
    ids=str,
)
def test_an_old_client_s_other_request_is_another(differs):
    rig = Rig()
    tag = {"to": "<sip:200@example.com>;tag=ours"}
    rig.receive(make_request(via=OLD_VIA, **tag))
    rig.receive(make_request(**{"via": OLD_VIA, **tag, **differs}))
    assert len(rig.delivered) == 2


def test_an_old_client_s_ack_finds_the_refused_invite():
    rig = Rig()
    rig.receive(make_request(via=OLD_VIA))
    [(request, transaction, _, _)] = rig.delivered
    transaction.respond(request.response(486, to_tag="ours"), 0.0)
    rig.receive(make_request("ACK", via=OLD_VIA, to="<sip:200@example.com>;tag=ours"))
    assert transaction.state is ServerState.CONFIRMED


@pytest.mark.parametrize("source", [PROXY, STRANGER])
def test_an_old_client_s_cancel_finds_its_invite_though_its_via_was_marked(source):
    rig = Rig()
    rig.receive(make_request(via=OLD_VIA), source)
    rig.receive(make_request("CANCEL", via=OLD_VIA), source)
    (_, invite, _, _), (cancel, _, _, _) = rig.delivered
    assert rig.layer.invite_to_cancel(cancel) is invite


# --- garbage -------------------------------------------------------------------------------------


def test_a_request_with_a_fault_is_refused_statelessly_with_the_reason():
    rig = Rig()
    data = make_request("OPTIONS", headers=(LONG,)).encode()
    data = data.replace(b"Max-Forwards: 70", b"Max-Forwards: x")
    rig.receive(data, STRANGER)
    rig.receive(data, STRANGER)
    (first, to), (second, _) = rig.taken()
    assert first == second, "a stateless answer is always the same (RFC 3261 8.2.7)"
    assert first.status == 400
    assert to == STRANGER  # there is an rport
    assert first.to.tag == "tag-1"
    assert first.via.received == STRANGER.host
    warning = first.headers.get("Warning")
    assert warning.startswith('399 siptapi "')
    assert "Max-Forwards" in warning
    assert rig.delivered == []
    assert len(rig.layer) == 0


def test_the_status_is_that_of_the_fault():
    rig = Rig()
    rig.receive(make_request("OPTIONS").encode().replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1))
    [(response, _)] = rig.taken()
    assert response.status == 505


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "NOTIFY"])
def test_a_broken_ack_or_response_gets_no_answer(method):
    rig = Rig()
    broken = make_request("ACK").encode().replace(b"CSeq: 1 ACK", b"CSeq: x")
    rig.receive(broken)
    response = make_request(method).response(200).encode().replace(b"CSeq: 1", b"CSeq: x")
    rig.receive(response)
    assert rig.taken() == []


@given(st.binary(max_size=200))
def test_noise_is_dropped(data):
    rig = Rig()
    rig.receive(data, STRANGER)
    assert rig.delivered == []
    assert all(to.host == STRANGER.host for _, to in rig.layer.outbox)


@given(place=st.integers(0, 1000), junk=st.binary(max_size=12))
def test_a_damaged_request_never_breaks_the_layer(place, junk):
    rig = Rig()
    data = make_request("NOTIFY", headers=(("Event", "refer"),)).encode()
    place %= len(data)
    rig.receive(data[:place] + junk + data[place + len(junk) :], STRANGER)
    assert len(rig.layer.outbox) + len(rig.delivered) <= 1


def test_the_warning_can_be_quoted_whatever_the_fault_says():
    warning = _warning('a "quoted"\\ \r\n\x00 teXt' + "x" * 300)
    assert warning == "399 siptapi \"a 'quoted'' ''' teXt" + "x" * 180 + '"'
    assert Headers([("Warning", warning)])
