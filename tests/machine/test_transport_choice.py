"""Which transport a request goes over, and how the other side finds its way back."""

from __future__ import annotations

import pytest
from attrs import evolve
from bench import PHONE, PROXY, SIPTAPI, STANDBY, TCP_PROXY
from phone_side import CONTACT, LegBench

from siptapi_core.machine.phone_leg import LegState
from siptapi_core.machine.transaction_layer import LARGEST_ON_UDP
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Transport

TLS_PROXY = Address("192.0.2.1", 5061, Transport.TLS, "example.com")
SECURE = SipUri(host="example.com", user="201", scheme="sips")
SAME_PLACE = Address("192.0.2.1", 5061, Transport.TLS, "192.0.2.1")


def of_size(size: int) -> LegBench:
    """A call whose INVITE has ``size`` bytes."""

    def made(filling: int) -> LegBench:
        return LegBench(invite_headers=(("Subject", "x" * filling),)).start()

    sent = made(1000).last("INVITE")
    return made(1000 + size - len(sent.encode()))


def test_up_to_1300_bytes_go_over_udp():
    bench = of_size(LARGEST_ON_UDP)
    assert bench.destinations("INVITE") == [PROXY]
    assert len(bench.last("INVITE").encode()) == 1300


def test_more_go_over_tcp_and_what_is_small_does_not():
    bench = of_size(LARGEST_ON_UDP + 1)
    assert bench.destinations("INVITE") == [TCP_PROXY]
    invite = bench.last("INVITE")
    assert invite.via.transport == "TCP"
    assert invite.headers.get("Contact") == "<sip:200@192.0.2.9:5062>"
    bench.pass_until(10.0)
    assert len(bench.requests("INVITE")) == 1, "TCP itself retransmits"
    bench.pick_up(("Record-Route", "<sip:192.0.2.1;lr>"))
    assert bench.destinations("ACK") == [PROXY]


def test_who_takes_no_tcp_gets_a_big_request_over_udp():
    bench = of_size(2000)
    bench.agent.refused(TCP_PROXY, 1.0)
    assert bench.destinations("INVITE") == [TCP_PROXY, PROXY]
    first, second = bench.requests("INVITE")
    assert (first.call_id, first.from_, first.cseq) == (second.call_id, second.from_, second.cseq)
    assert first.via.branch != second.via.branch
    assert second.via.transport == "UDP"
    bench.agent.refused(PROXY, 2.0)
    assert bench.leg.state is LegState.GONE


def test_after_a_hang_up_nothing_is_tried_over_udp():
    bench = of_size(2000)
    bench.do("cancel")
    bench.agent.refused(TCP_PROXY, 1.0, "no TCP there")
    assert bench.destinations("INVITE") == [TCP_PROXY]
    assert bench.leg.state is LegState.GONE


def test_the_contact_is_on_the_connection_in_use():
    bench = LegBench(addresses=(TCP_PROXY, STANDBY))
    ends = {TCP_PROXY: evolve(SIPTAPI, port=40001), STANDBY: SIPTAPI}
    bench.agent.transactions._local_address = bench.agent.local_address = ends.__getitem__
    bench.start()
    first = bench.last("INVITE")
    assert first.headers.get("Contact") == "<sip:200@192.0.2.9:40001;transport=tcp>"
    bench.agent.refused(TCP_PROXY, 1.0)
    second = bench.last("INVITE")
    assert bench.destinations("INVITE") == [TCP_PROXY, STANDBY]
    assert second.headers.get("Contact") == "<sip:200@192.0.2.9:5062>" == bench.leg.contact
    assert len(second.headers.lines("Contact")) == 1


def test_the_server_s_own_name_for_itself_is_the_connection_that_was_checked():
    bench = LegBench(addresses=(TLS_PROXY,)).start()
    bench.where = (SAME_PLACE, STANDBY)
    bench.pick_up(CONTACT, ("Record-Route", "<sip:192.0.2.1:5061;transport=tls;lr>"))
    assert bench.destinations("ACK") == [TLS_PROXY]


@pytest.mark.parametrize(
    "plan",
    [
        {"target": SECURE},
        {"route": (NameAddr(SipUri(host="a.example", scheme="sips", parameters=(("lr", None),))),)},
    ],
)
def test_what_is_asked_for_securely_has_a_secure_contact(plan):
    bench = LegBench(addresses=(TLS_PROXY,), **plan).start()
    assert bench.last("INVITE").headers.get("Contact") == "<sips:200@192.0.2.9:5062>"


@pytest.mark.parametrize("address", [PROXY, TCP_PROXY])
def test_sips_goes_over_tls_only(address):
    bench = LegBench(target=SECURE, addresses=(address,)).start()
    assert bench.requests("INVITE") == []
    assert bench.leg.state is LegState.GONE
    [problem] = [each for each in bench.heard if "TLS only" in str(each)]
    assert "sips:201@example.com may be reached over TLS only" in str(problem)


def test_a_phone_that_turns_to_sips_without_tls_is_not_spoken_to():
    bench = LegBench(direct=True, addresses=(PHONE,)).start()
    bench.pick_up(("Contact", "<sips:201@192.0.2.2>"))
    assert bench.requests("ACK") == []
    assert bench.leg.state is LegState.GONE


def test_nor_is_another_branch_that_does():
    bench = LegBench().start()
    bench.pick_up(CONTACT)
    bench.where = (STANDBY,)
    invite = bench.last("INVITE")
    bench.answer(invite, 200, to_tag="fork", headers=(("Contact", "<sips:202@192.0.2.3>"),))
    assert len(bench.requests("ACK")) == 1
    assert bench.requests("BYE") == []
    assert bench.leg.state is LegState.UP
