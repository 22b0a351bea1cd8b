from __future__ import annotations

import pytest

from siptapi_core import (
    ByePolicy,
    CallTimers,
    DialRequest,
    LineIdentity,
    NameAddr,
    ReferPlan,
    SipUri,
    Strategy,
    TelUri,
)
from siptapi_core.testing import StrategyContract
from siptapi_core.testing.fake_network import FakeNetwork
from siptapi_plugins.refer_via_proxy import ReferViaProxy, siptapi_strategies

ALICE = SipUri("example.com", "alice")
PHONE = SipUri("example.com", "123")
BOB = SipUri("example.com", "bob")
LINE = LineIdentity(name="desk", address_of_record=ALICE, phone=PHONE, display_name="Alice")


class TestReferViaProxy(StrategyContract):
    def make(self) -> Strategy:
        return ReferViaProxy()


def plan(request: DialRequest) -> ReferPlan:
    network = FakeNetwork()
    ReferViaProxy().start(request, network)
    (made,) = network.plans
    return made


def test_without_an_outbound_proxy_the_domain_is_asked() -> None:
    assert plan(DialRequest(callee=BOB, line=LINE)) == ReferPlan(
        strategy="refer-via-proxy",
        target=PHONE,
        from_=NameAddr(ALICE, "Alice"),
        refer_to=BOB,
        referred_by=ALICE,
        next_hop=PHONE,
    )


@pytest.mark.parametrize(
    ("proxy", "route"),
    [
        ("sip:proxy.example.com:5070", "<sip:proxy.example.com:5070;lr>"),
        ("sip:192.0.2.1;lr", "<sip:192.0.2.1;lr>"),
        ("sips:proxy.example.com;LR=on", "<sips:proxy.example.com;LR=on>"),
        ("sip:proxy.example.com;transport=tcp", "<sip:proxy.example.com;transport=tcp;lr>"),
    ],
)
def test_the_outbound_proxy_is_a_loose_route_and_the_next_hop(proxy: str, route: str) -> None:
    line = LINE.evolve(outbound_proxy=SipUri.parse(proxy))
    made = plan(DialRequest(callee=BOB, line=line))
    assert tuple(map(str, made.route)) == (route,)
    assert made.next_hop == made.route[0].uri
    assert made.target == PHONE
    assert not made.direct


def test_the_phones_own_address_does_not_matter() -> None:
    line = LINE.evolve(phone_address=SipUri("192.0.2.7", "123"))
    assert plan(DialRequest(callee=BOB, line=line)) == plan(DialRequest(callee=BOB, line=LINE))


def test_what_the_line_wants_is_in_the_plan() -> None:
    timers = CallTimers(ring_timeout=5)
    line = LINE.evolve(bye=ByePolicy.NEVER, timers=timers, display_name="")
    callee = TelUri("+431505641")
    made = plan(DialRequest(callee=callee, line=line))
    assert (made.bye, made.timers, made.refer_to) == (ByePolicy.NEVER, timers, callee)
    assert str(made.from_) == "<sip:alice@example.com>"


def test_it_is_offered_by_its_name() -> None:
    (offer,) = siptapi_strategies()
    assert offer.name == "refer-via-proxy"


def test_the_phone_is_told_to_pick_up_by_itself_where_the_line_wants_that() -> None:
    headers = (("Answer-Mode", "Auto"), ("Alert-Info", "Ring Answer"))
    made = plan(DialRequest(callee=BOB, line=LINE.evolve(auto_answer=headers)))
    assert made.invite_headers == headers
