from __future__ import annotations

import asyncio

import pytest

from siptapi_core import (
    CallFailed,
    DialRequest,
    HostPort,
    LineIdentity,
    NameAddr,
    ReferPlan,
    SettingsError,
    SipUri,
    Strategy,
    Transport,
)
from siptapi_core.settings import structure
from siptapi_core.testing import StrategyContract
from siptapi_core.testing.fake_network import MAPPED, FakeNetwork
from siptapi_plugins.refer_via_stun import (
    ReferViaStun,
    StunSettings,
    siptapi_strategies,
    stun_server,
)

ALICE = SipUri("example.com", "alice")
PROXY = SipUri("proxy.example.com", parameters=(("lr", None),))
LINE = LineIdentity(
    name="desk",
    address_of_record=ALICE,
    phone=SipUri("example.com", "123"),
    outbound_proxy=SipUri("proxy.example.com"),
    keepalive=20.0,
)
REQUEST = DialRequest(callee=SipUri("example.com", "bob"), line=LINE)


def make() -> ReferViaStun:
    return ReferViaStun(StunSettings(servers=("stun.example", "192.0.2.3:3479")))


class TestReferViaStun(StrategyContract):
    def make(self) -> Strategy:
        return make()


class Recording(FakeNetwork):
    """Remembers what it was asked."""

    asked: object = None

    async def mapped_address(self, towards, servers, *, refresh):
        self.asked = towards, servers, refresh
        return await super().mapped_address(towards, servers, refresh=refresh)


def dial(network: FakeNetwork, request: DialRequest = REQUEST) -> list[object]:
    async def run() -> list[object]:
        return [each async for each in make().start(request, network).events()]

    return asyncio.run(run())


def test_the_plan_advertises_what_the_servers_see() -> None:
    network = Recording()
    dial(network)
    assert network.plans == [
        ReferPlan(
            strategy="refer-via-stun",
            target=LINE.phone,
            from_=NameAddr(ALICE),
            refer_to=REQUEST.callee,
            referred_by=ALICE,
            next_hop=PROXY,
            route=(NameAddr(PROXY),),
            advertised=MAPPED,
            keepalive=20.0,
        )
    ]
    servers = (
        HostPort("stun.example", 3478, Transport.UDP, "stun.example"),
        HostPort("192.0.2.3", 3479, Transport.UDP, "192.0.2.3"),
    )
    assert network.asked == (PROXY, servers, 20.0)


def test_without_a_proxy_the_domain_is_the_way() -> None:
    network = Recording()
    dial(network, REQUEST.evolve(line=LINE.evolve(outbound_proxy=None)))
    assert network.plans[0].next_hop == LINE.phone
    assert network.plans[0].route == ()


def test_what_cannot_work_says_what_to_do_instead() -> None:
    network = FakeNetwork(mapped=None)
    failed, _ended = dial(network)
    assert network.plans == []
    assert isinstance(failed, CallFailed)
    assert "no answer from udp:stun.example:3478" in failed.reason
    assert "refer-via-proxy" in failed.reason


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("stun.example", "stun.example", 3478),
        ("stun.example:19302", "stun.example", 19302),
        ("[2001:db8::1]:3479", "2001:db8::1", 3479),
    ],
)
def test_servers_are_hosts_and_ports(text: str, host: str, port: int) -> None:
    assert stun_server(text) == HostPort(host, port, Transport.UDP, host)


@pytest.mark.parametrize(
    "servers",
    [[], ["stun:stun.example"], ["a@b"], ["stun.example;x=y"], ["a:b"], [""], "stun.example", [1]],
)
def test_other_servers_are_errors_that_name_the_key(servers: object) -> None:
    with pytest.raises(SettingsError) as caught:
        structure(
            {"servers": servers}, StunSettings, where="x.toml", key="strategies.refer-via-stun"
        )
    assert caught.value.key.startswith("strategies.refer-via-stun.servers")
    assert "expected" in str(caught.value)


def test_without_servers_there_is_no_such_strategy() -> None:
    with pytest.raises(SettingsError, match=r"strategies\.refer-via-stun\.servers: missing"):
        structure({}, StunSettings, where="x.toml", key="strategies.refer-via-stun")


def test_it_is_offered_by_its_name() -> None:
    (offer,) = siptapi_strategies()
    assert offer.name == "refer-via-stun"
    settings = StunSettings(servers=("stun.example",))
    assert isinstance(offer.create(settings, None), ReferViaStun)  # type: ignore[arg-type]
