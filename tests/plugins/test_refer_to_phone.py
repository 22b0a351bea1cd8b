from __future__ import annotations

import pytest

from siptapi_core import (
    DialRequest,
    LineIdentity,
    NameAddr,
    ReferPlan,
    SettingsError,
    SipUri,
    Strategy,
)
from siptapi_core.testing import StrategyContract
from siptapi_core.testing.fake_network import FakeNetwork
from siptapi_plugins.refer_to_phone import ReferToPhone, siptapi_strategies

ALICE = SipUri("example.com", "alice")
BOB = SipUri("example.com", "bob")
PHONE_ADDRESS = SipUri("192.0.2.7", "123", 5062)
LINE = LineIdentity(
    name="desk",
    address_of_record=ALICE,
    phone=SipUri("example.com", "123"),
    phone_address=PHONE_ADDRESS,
    outbound_proxy=SipUri("proxy.example.com"),
    display_name="Alice",
)


class TestReferToPhone(StrategyContract):
    def make(self) -> Strategy:
        return ReferToPhone()


def test_everything_goes_to_the_phone_itself_by_its_name_at_the_domain() -> None:
    network = FakeNetwork()
    ReferToPhone().start(DialRequest(callee=BOB, line=LINE), network)
    assert network.plans == [
        ReferPlan(
            strategy="refer-to-phone",
            target=LINE.phone,
            from_=NameAddr(ALICE, "Alice"),
            refer_to=BOB,
            referred_by=ALICE,
            next_hop=PHONE_ADDRESS,
            direct=True,
        )
    ]


def test_a_line_without_the_phones_address_is_told_which_key_to_set() -> None:
    network = FakeNetwork()
    request = DialRequest(callee=BOB, line=LINE.evolve(phone_address=None))
    with pytest.raises(SettingsError) as caught:
        ReferToPhone().start(request, network)
    assert caught.value.key == "lines.desk.phone"
    assert "extension@host:port" in str(caught.value)
    assert network.plans == []


def test_it_is_offered_by_its_name() -> None:
    (offer,) = siptapi_strategies()
    assert offer.name == "refer-to-phone"
    assert offer.check is not None
    assert offer.check(LINE) == PHONE_ADDRESS
    with pytest.raises(SettingsError, match="needs the address of the phone itself"):
        offer.check(LINE.evolve(phone_address=None))
