"""Our socket as others see it: advertised, learned from responses, told to the phone, kept open."""

from __future__ import annotations

import pytest
from bench import PHONE, PROXY, SIPTAPI, TCP_PROXY, make_request
from phone_side import CONTACT, CallBench, LegBench

from siptapi_core.errors import NetworkError
from siptapi_core.machine.keepalive import EMPTY_LINES
from siptapi_core.machine.own_address import OwnAddress
from siptapi_core.machine.phone_leg import LegState
from siptapi_core.machine.refer_plan import ReferPlan
from siptapi_core.machine.response_routing import mark_source
from siptapi_core.sip.auth import Credentials
from siptapi_core.sip.message import Request
from siptapi_core.targets import Address

MAPPED = Address("198.51.100.7", 40000)
MOVED = Address("198.51.100.7", 40001)
OWN_CONTACT = "<sip:200@192.0.2.9:5062>"
MAPPED_CONTACT = "<sip:200@198.51.100.7:40000>"
CHALLENGE = ("Proxy-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"')


class Natted(LegBench):
    """A leg whose packets the others see coming from ``seen``."""

    seen = MAPPED

    def answer(self, request: Request, status: int, **parts) -> None:
        super().answer(mark_source(request, self.seen), status, **parts)


# --- advertised ----------------------------------------------------------------------------------


def test_what_the_plan_advertises_is_everywhere():
    bench = CallBench(advertised=MAPPED).referred()
    for method in ("INVITE", "ACK", "REFER"):
        request = bench.last(method)
        assert (request.via.host, request.via.port) == (MAPPED.host, MAPPED.port)
        assert request.via.has_parameter("rport")
    for method in ("INVITE", "REFER"):
        assert bench.last(method).headers.get("Contact") == MAPPED_CONTACT
    assert b"c=IN IP4 198.51.100.7" in bench.last("INVITE").body
    assert b"192.0.2.9" not in bench.last("INVITE").encode()


def test_a_re_invite_of_the_phone_is_answered_with_it():
    bench = LegBench(advertised=MAPPED).start()
    bench.pick_up()
    bench.phone_sends("INVITE", CONTACT)
    [answer] = [r for r in bench.responses("INVITE") if r.status == 200]
    assert answer.headers.get("Contact") == MAPPED_CONTACT
    assert b"c=IN IP4 198.51.100.7" in answer.body


def test_over_tcp_the_connection_is_the_way_back():
    bench = LegBench(advertised=MAPPED, addresses=(TCP_PROXY,)).start()
    invite = bench.last("INVITE")
    assert invite.via.host == SIPTAPI.host
    assert invite.headers.get("Contact") == "<sip:200@192.0.2.9:5062;transport=tcp>"


# --- learned -------------------------------------------------------------------------------------


def test_the_invite_after_a_challenge_has_what_the_challenge_told():
    bench = Natted(learn_address=True, credentials=Credentials("200", "pw")).start()
    bench.reply(407, headers=(CHALLENGE,))
    first, second = bench.requests("INVITE")
    assert first.headers.get("Contact") == OWN_CONTACT
    assert ("Contact", MAPPED_CONTACT) in second.headers.items()
    bench.pick_up()
    assert bench.heard == ["answered", "up"], "the phone has the right Contact: no re-INVITE"
    assert len(bench.requests("INVITE")) == 2


def test_a_line_that_does_not_want_it_learns_nothing():
    bench = Natted(credentials=Credentials("200", "pw")).start()
    bench.reply(407, headers=(CHALLENGE,))
    bench.pick_up()
    assert bench.last("INVITE").headers.get("Contact") == OWN_CONTACT
    assert bench.heard == ["answered", "up"]


def refreshing() -> Natted:
    """A leg at the moment when the re-INVITE is out."""
    bench = Natted(learn_address=True).start()
    bench.pick_up()
    assert bench.heard == ["answered"]
    again = bench.last("INVITE")
    assert again.to.tag == "phone"
    assert ("Contact", MAPPED_CONTACT) in again.headers.items()
    assert again.cseq.number == 2
    assert again.content_type == "application/sdp"
    assert b"a=recvonly" in again.body
    assert "Contact" in [name for name, _ in again.headers.items()]
    return bench


def test_a_phone_that_has_the_wrong_contact_is_told_the_right_one_first():
    bench = refreshing()
    bench.reply(100)
    assert bench.heard == ["answered"]
    bench.reply(200, headers=(CONTACT,))
    assert bench.heard == ["answered", "up"]
    assert [ack.cseq.number for ack in bench.requests("ACK")] == [1, 2]
    assert bench.destinations("ACK")[1] == PROXY
    assert bench.last("ACK").via.host == MAPPED.host
    bench.reply(200, headers=(CONTACT,))
    assert len(bench.requests("ACK")) == 3, "a 2xx that comes again gets its ACK again"
    assert bench.heard == ["answered", "up"]


@pytest.mark.parametrize("status", [300, 488, 491, 500])
def test_a_phone_that_refuses_the_re_invite_is_told_to_call_all_the_same(status):
    bench = refreshing()
    bench.pass_until(0.25)
    bench.reply(status)
    assert bench.heard == ["answered", "up"]
    assert len(bench.requests("ACK")) == 2


def test_a_re_invite_of_the_phone_that_crosses_ours_is_refused():
    bench = refreshing()
    bench.phone_sends("INVITE", CONTACT)
    assert bench.statuses("INVITE") == [491]
    bench.reply(491)
    assert bench.heard == ["answered", "up"]
    bench.phone_sends("INVITE", CONTACT)
    assert bench.statuses("INVITE") == [491, 200]


def test_the_ack_of_a_challenged_re_invite_carries_its_credentials():
    bench = Natted(learn_address=True, credentials=Credentials("200", "pw")).start()
    bench.pick_up()
    bench.reply(407, headers=(CHALLENGE,))
    credentials = bench.last("INVITE").headers.get("Proxy-Authorization")
    bench.reply(200, headers=(CONTACT,))
    assert bench.last("ACK").headers.get("Proxy-Authorization") == credentials is not None
    assert bench.heard == ["answered", "up"]


def test_a_phone_that_never_answers_it_too():
    bench = refreshing()
    bench.pass_until(33)
    assert bench.heard == ["answered", "up"]


def test_a_hang_up_meanwhile():
    bench = refreshing()
    bench.do("leave")
    assert len(bench.requests("BYE")) == 1
    bench.answer(bench.requests("INVITE")[-1], 200, headers=(CONTACT,))
    assert "up" not in bench.heard
    bench.reply(200, "BYE")
    assert bench.leg.state is LegState.GONE


def test_no_way_to_the_phone_for_the_ack_of_the_re_invite():
    bench = refreshing()

    def no_way(towards):
        raise NetworkError(f"there is no way to {towards}")

    bench.agent.transactions._local_address = no_way
    bench.reply(200, headers=(CONTACT,))
    assert len(bench.requests("ACK")) == 1
    assert bench.heard == ["answered", "up"]


def test_a_mapping_that_moves_is_learned_again():
    bench = Natted(learn_address=True, credentials=Credentials("200", "pw")).start()
    bench.reply(407, headers=(CHALLENGE,))
    bench.seen = MOVED
    bench.pick_up()
    assert bench.last("INVITE").headers.get("Contact") == "<sip:200@198.51.100.7:40001>"


# --- what can be learned -------------------------------------------------------------------------


def heard(via: str, *, source: Address = PROXY, learns: bool = True, **plan: object) -> Address:
    own = OwnAddress(make_own_plan(learn_address=learns, **plan))
    own.hear(make_request(via=f"SIP/2.0/UDP {via}").response(200), source)
    return own.towards(PROXY, SIPTAPI)


def make_own_plan(**parts: object) -> ReferPlan:
    return CallBench(**parts).call._plan


@pytest.mark.parametrize(
    ("via", "learned"),
    [
        ("192.0.2.9:5062;rport=40000;received=198.51.100.7", MAPPED),
        ("198.51.100.7:5062;rport=40000", MAPPED),  # no NAT but of the port
        ("192.0.2.9:5062;received=198.51.100.7", SIPTAPI),  # no port, no place
        ("192.0.2.9:5062;rport;received=198.51.100.7", SIPTAPI),
        ("192.0.2.9:5062;rport=1;received=198.51.100.7", Address("198.51.100.7", 1)),
        ("192.0.2.9:5062;rport=65535;received=198.51.100.7", Address("198.51.100.7", 65535)),
        ("192.0.2.9:5062;rport=0;received=198.51.100.7", SIPTAPI),
        ("192.0.2.9:5062;rport=65536;received=198.51.100.7", SIPTAPI),
        ("192.0.2.9:5062;rport=x;received=198.51.100.7", SIPTAPI),
        ("192.0.2.9:5062;rport=40000;received=elsewhere.example", SIPTAPI),
        ("pc.example:5062;rport=40000", SIPTAPI),
        ("192.0.2.9:5062;rport=40000;received=2001:db8::7", SIPTAPI),  # not what it is said of
    ],
)
def test_only_an_address_is_learned(via, learned):
    assert heard(via) == learned


def test_what_is_said_over_tcp_is_not_of_the_udp_socket():
    assert heard("192.0.2.9:5062;rport=1;received=198.51.100.7", source=TCP_PROXY) == SIPTAPI


def test_what_is_advertised_goes_before_what_is_learned():
    told = "192.0.2.9:5062;rport=1;received=198.51.100.9"
    assert heard(told, advertised=MAPPED) == MAPPED
    assert heard(told, learns=False) == SIPTAPI


def test_each_address_family_for_itself():
    own = OwnAddress(make_own_plan(learn_address=True))
    source = Address("2001:db8::1", 5060)
    via = "SIP/2.0/UDP [2001:db8::9]:5062;rport=40000;received=2001:db8::7"
    own.hear(make_request(via=via).response(200), source)
    assert own.towards(PROXY, SIPTAPI) == SIPTAPI
    assert own.towards(source, SIPTAPI) == Address("2001:db8::7", 40000)


# --- kept open -----------------------------------------------------------------------------------


class Pinged(CallBench):
    """A call whose keepalives are in ``pings``, with their moments."""

    def __init__(self, **parts) -> None:
        self.pings: list[tuple[float, Address]] = []
        super().__init__(keepalive=25.0, **parts)

    def collect(self) -> None:
        outbox = self.agent.transactions.outbox
        self.pings += [(self.now, to) for data, to in outbox if data == EMPTY_LINES]
        outbox[:] = [each for each in outbox if each[0] != EMPTY_LINES]
        super().collect()


def test_the_way_to_the_proxy_is_kept_open_then_that_to_the_phone():
    bench = Pinged().dial()
    bench.reply(180)
    bench.pass_until(26)
    assert bench.pings == [(25.0, PROXY)]
    bench.pick_up(CONTACT)
    bench.reply(202, "REFER")
    bench.pass_until(55)
    assert bench.pings == [(25.0, PROXY), (50.0, PHONE)]


def test_while_the_way_to_the_phone_is_looked_for_the_old_one_is_kept():
    bench = Pinged(later=True).dial()
    bench.pick_up(CONTACT)
    bench.pass_until(26)
    assert bench.pings == [(25.0, PROXY)]


def test_after_the_call_nothing_is_kept_open():
    bench = Pinged().dial()
    bench.reply(486)
    bench.run_out()
    assert bench.pings == []


def test_a_connection_has_pings_of_its_own():
    bench = Pinged(addresses=(TCP_PROXY,)).dial()
    bench.reply(180, source=TCP_PROXY)
    bench.pass_until(29)
    assert bench.pings == []
