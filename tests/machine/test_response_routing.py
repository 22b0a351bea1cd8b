from __future__ import annotations

import pytest
from bench import make_request

from siptapi_core.machine.response_routing import mark_source, reply_address
from siptapi_core.sip.via import Via
from siptapi_core.targets import Address, Transport

SOURCE = Address("198.51.100.7", 40123)


def marked(via: str, source: Address = SOURCE) -> str:
    return str(mark_source(make_request(via=via), source).via)


def test_a_request_from_where_its_via_says_is_left_alone():
    request = make_request(via="SIP/2.0/UDP 198.51.100.7:40123;branch=z9hG4bK-1")
    assert mark_source(request, SOURCE) is request


def test_another_source_is_written_down_as_received():
    via = "SIP/2.0/UDP client.example.com:5070;branch=z9hG4bK-1"
    assert marked(via) == f"{via};received=198.51.100.7"


def test_rport_is_filled_in_and_received_with_it_even_when_the_host_is_right():
    assert marked("SIP/2.0/UDP 198.51.100.7:5060;rport;branch=z9hG4bK-1") == (
        "SIP/2.0/UDP 198.51.100.7:5060;rport=40123;branch=z9hG4bK-1;received=198.51.100.7"
    )


def test_a_received_that_the_sender_made_up_is_replaced():
    via = marked("SIP/2.0/UDP client.example.com;branch=z9hG4bK-1;received=203.0.113.1")
    assert Via.parse(via).received == "198.51.100.7"
    assert "203.0.113.1" not in via


def test_rport_means_nothing_on_a_reliable_transport():
    source = Address("198.51.100.7", 40123, Transport.TCP)
    via = "SIP/2.0/TCP 198.51.100.7:5060;rport;branch=z9hG4bK-1"
    assert marked(via, source) == via


def test_only_the_top_via_is_marked():
    request = make_request(
        via="SIP/2.0/UDP edge.example.com;branch=z9hG4bK-2, SIP/2.0/UDP a.example;branch=z9hG4bK-1"
    )
    request = request.with_headers(
        request.headers.with_last("v", "SIP/2.0/UDP b.example;branch=z9hG4bK-0")
    )
    assert mark_source(request, SOURCE).headers.values("Via") == (
        "SIP/2.0/UDP edge.example.com;branch=z9hG4bK-2;received=198.51.100.7",
        "SIP/2.0/UDP a.example;branch=z9hG4bK-1",
        "SIP/2.0/UDP b.example;branch=z9hG4bK-0",
    )


@pytest.mark.parametrize(
    ("via", "port"),
    [
        ("SIP/2.0/UDP a.example;rport=40123", 40123),
        ("SIP/2.0/UDP a.example:5070;rport=40123", 40123),
        ("SIP/2.0/UDP a.example:5070", 5070),
        ("SIP/2.0/UDP a.example", 5060),
    ],
)
def test_responses_go_to_the_source_and_to_its_port_where_rport_says_so(via, port):
    assert reply_address(Via.parse(via), SOURCE) == Address("198.51.100.7", port)


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.TLS])
def test_responses_stay_on_the_connection_of_a_reliable_transport(transport):
    source = Address("198.51.100.7", 40123, transport)
    via = Via.parse(f"SIP/2.0/{transport.upper()} a.example:5070")
    assert reply_address(via, source) == source


def test_a_maddr_is_not_followed():
    via = Via.parse("SIP/2.0/UDP a.example:5070;maddr=203.0.113.1")
    assert reply_address(via, SOURCE) == Address("198.51.100.7", 5070)
