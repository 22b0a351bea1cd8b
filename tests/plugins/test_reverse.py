from __future__ import annotations

import pytest

from siptapi_core import (
    DialRequest,
    LineIdentity,
    NameAddr,
    OtherUri,
    Party,
    ReferPlan,
    SipUri,
    Strategy,
    TelUri,
    Uri,
    UsageError,
)
from siptapi_core.testing import StrategyContract
from siptapi_core.testing.fake_network import FakeNetwork
from siptapi_plugins.reverse import Reverse, siptapi_strategies

ALICE = SipUri("example.com", "alice")
PHONE = SipUri("example.com", "123")
BOB = SipUri("example.com", "bob")
PROXY = SipUri("proxy.example.com", parameters=(("lr", None),))
LINE = LineIdentity(
    name="desk",
    address_of_record=ALICE,
    phone=PHONE,
    display_name="+43 1 505641",
    auto_answer=(("Answer-Mode", "Auto"),),
)


class TestReverse(StrategyContract):
    def make(self) -> Strategy:
        return Reverse()


def plan(callee: Uri = BOB, line: LineIdentity = LINE, *, is_emergency: bool = False) -> ReferPlan:
    network = FakeNetwork()
    request = DialRequest(callee=callee, line=line, is_emergency=is_emergency)
    Reverse().start(request, network)
    (made,) = network.plans
    return made


def test_the_callee_is_called_and_told_to_call_the_phone() -> None:
    """What is for the user's phone alone, its name and its orders, does not reach the callee."""
    assert plan() == ReferPlan(
        strategy="reverse",
        target=BOB,
        from_=NameAddr(ALICE),
        refer_to=PHONE,
        referred_by=ALICE,
        next_hop=BOB,
        first=Party.CALLEE,
    )


def test_through_the_outbound_proxy() -> None:
    made = plan(line=LINE.evolve(outbound_proxy=SipUri("proxy.example.com")))
    assert (made.target, made.next_hop, made.route) == (BOB, PROXY, (NameAddr(PROXY),))
    assert not made.direct


@pytest.mark.parametrize(
    ("callee", "target"),
    [
        ("sip:bob@b.example;user=phone", "sip:bob@b.example;user=phone"),
        ("sip:bob@b.example;method=BYE?Subject=x&Priority=urgent", "sip:bob@b.example"),
        ("sips:bob@b.example", "sips:bob@b.example"),
    ],
)
def test_what_belongs_into_no_request_uri_is_left_out(callee: str, target: str) -> None:
    assert str(plan(SipUri.parse(callee)).target) == target


@pytest.mark.parametrize(
    ("callee", "target"),
    [
        ("tel:+431505641", "sip:+431505641@example.com:5070;user=phone"),
        ("tel:*21#;phone-context=+43", "sip:*21%23;phone-context=+43@example.com:5070;user=phone"),
        ("tel:305;x=a:b", "sip:305;x=a%3Ab@example.com:5070;user=phone"),
    ],
)
def test_a_telephone_number_is_called_at_the_account_s_domain(callee: str, target: str) -> None:
    line = LINE.evolve(address_of_record=SipUri("example.com", "alice", 5070))
    assert str(plan(TelUri.parse(callee), line).target) == target


def test_what_is_no_address_cannot_be_called() -> None:
    with pytest.raises(UsageError, match=r"^mailto:bob@example\.com is no address"):
        plan(OtherUri("mailto", "bob@example.com"))


def test_an_emergency_number_is_called_by_the_phone() -> None:
    made = plan(SipUri("example.com", "112"), is_emergency=True)
    assert (made.first, made.target, made.strategy) == (Party.PHONE, PHONE, "reverse")
    assert str(made.refer_to) == "sip:112@example.com"
    assert made.invite_headers == LINE.auto_answer


def test_it_is_offered_by_its_name() -> None:
    (offer,) = siptapi_strategies()
    assert offer.name == "reverse"
