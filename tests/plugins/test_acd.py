from __future__ import annotations

import pytest

from siptapi_core import (
    CallTimers,
    DialRequest,
    LineIdentity,
    NameAddr,
    Party,
    ReferPlan,
    SettingsError,
    SipUri,
    Strategy,
)
from siptapi_core.settings import structure
from siptapi_core.testing import StrategyContract
from siptapi_core.testing.fake_network import FakeNetwork
from siptapi_plugins.acd import Acd, AcdSettings, siptapi_strategies

ALICE = SipUri("example.com", "alice")
BOB = SipUri("example.com", "bob")
LINE = LineIdentity(
    name="desk",
    address_of_record=ALICE,
    phone=SipUri("example.com", "123"),
    auto_answer=(("Answer-Mode", "Auto"),),
    timers=CallTimers(callee_timeout=60.0),
)


class TestAcd(StrategyContract):
    def make(self) -> Strategy:
        return Acd(AcdSettings())


def plan(settings: AcdSettings, *, is_emergency: bool = False) -> ReferPlan:
    network = FakeNetwork()
    Acd(settings).start(DialRequest(callee=BOB, line=LINE, is_emergency=is_emergency), network)
    (made,) = network.plans
    return made


def test_the_callee_is_called_and_waits() -> None:
    assert plan(AcdSettings(transfer_timeout=90.0)) == ReferPlan(
        strategy="acd",
        target=BOB,
        from_=NameAddr(ALICE),
        refer_to=None,
        referred_by=ALICE,
        next_hop=BOB,
        first=Party.CALLEE,
        timers=CallTimers(callee_timeout=60.0, transfer_timeout=90.0),
    )


def test_an_emergency_number_is_called_by_the_phone() -> None:
    made = plan(AcdSettings(), is_emergency=True)
    assert (made.first, made.target, made.refer_to) == (Party.PHONE, LINE.phone, BOB)


def test_the_time_is_a_setting() -> None:
    assert structure({}, AcdSettings, where="", key="").transfer_timeout == 600.0
    with pytest.raises(SettingsError, match=r"transfer_timeout: expected more than 0"):
        structure({"transfer_timeout": 0}, AcdSettings, where="", key="strategies.acd")


def test_it_is_offered_by_its_name() -> None:
    (offer,) = siptapi_strategies()
    assert offer.name == "acd"
    assert isinstance(offer.create(AcdSettings(), None), Acd)  # type: ignore[arg-type]
