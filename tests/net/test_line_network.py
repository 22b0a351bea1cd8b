"""What a strategy gets: resolving, attempts, hang-ups at every moment, on loopback sockets."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from attrs import evolve

from siptapi_core.contracts import Capability, Resolved
from siptapi_core.demo import Ending, open_demo
from siptapi_core.errors import RefusedError, ResolveError, SettingsError
from siptapi_core.events import CallEnded, CallFailed, Disturbed, Outcome, Stage
from siptapi_core.logs import logger
from siptapi_core.machine.refer_plan import Party, ReferPlan
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.line_network import LineNetwork
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Transport

LOOPBACK = "127.0.0.1"
ACCOUNT = SipUri(host="demo.invalid", user="200")


class Names:
    """A resolver with a table; an entry may be an error, or None: it never answers."""

    def __init__(self, **found):
        self.found = found
        self.asked = []

    async def resolve(self, target, context):
        self.asked.append(str(target))
        entry = self.found[target.host.replace(".", "_")]
        if entry is None:
            await asyncio.Event().wait()
        if isinstance(entry, Exception):
            raise entry
        return Resolved(targets=entry, why="the table says so")


class Log:
    """A logger that remembers."""

    def __init__(self):
        self.lines = []

    def debug(self, event, **values):
        self.lines.append((event, values))


@asynccontextmanager
async def line_to(names, credentials=None, hosts=(LOOPBACK,)):
    clock = SystemClock()
    network = await SipNetwork.open(
        clock=clock, identifiers=SystemIdentifiers(), logger=logger("test"), hosts=hosts
    )
    chain = ResolverChain([("names", names)], line="office", clock=clock)
    try:

        async def read():
            if isinstance(credentials, Exception):
                raise credentials
            return credentials

        yield LineNetwork(network, chain, read, line="office"), network
    finally:
        await network.close()


def make_plan(**changes):
    plan = {
        "strategy": "refer-via-proxy",
        "target": SipUri(host="demo.invalid", user="201"),
        "from_": NameAddr(ACCOUNT),
        "refer_to": SipUri(host="demo.invalid", user="301"),
        "referred_by": ACCOUNT,
        "next_hop": SipUri(host="proxy"),
    }
    return ReferPlan(**{**plan, **changes})


async def told(attempt):
    return [happening async for happening in attempt.events()]


def run(main):
    asyncio.run(asyncio.wait_for(main(), 20))


@asynccontextmanager
async def demo_line(ending):
    async with open_demo(ending) as demo:
        settings = demo.settings.lines["demo"]
        host, _, port = settings.outbound_proxy.partition(":")
        proxy = Address(host, int(port))
        names = Names(proxy=(proxy,), **{host.replace(".", "_"): (proxy,)})
        async with line_to(names, settings.credentials()) as (line, network):
            yield line, network, make_plan(refer_to=SipUri(host="demo.invalid", user=demo.number))


def test_a_call_on_loopback():
    async def main():
        async with demo_line(Ending.ANSWERED) as (line, _network, plan):
            attempt = line.refer_call(plan)
            assert attempt.capabilities == {Capability.HANG_UP, Capability.TRANSFER}
            happenings = await told(attempt)
            assert happenings[-1] == CallEnded(Outcome.ANSWERED, Stage.CALLEE)
            with pytest.raises(RefusedError, match="the phone has the call now"):
                await attempt.hang_up()
            with pytest.raises(RefusedError, match="the phone has the call now"):
                await attempt.transfer(plan.target)

    run(main)


def test_a_call_reports_to_whoever_asks_for_it():
    async def main():
        async with demo_line(Ending.ANSWERED) as (line, _network, plan):
            reported, ended = [], asyncio.Event()

            def report(happening):
                reported.append(happening)
                if isinstance(happening, CallEnded):
                    ended.set()

            line.refer_call(plan).report_to(report)
            await ended.wait()
            assert reported == await told(line.refer_call(plan))

    run(main)


def test_a_hang_up_while_the_phone_rings():
    async def main():
        async with demo_line(Ending.PHONE_NO_ANSWER) as (line, _network, plan):
            attempt = line.refer_call(plan)
            happenings = []
            async for happening in attempt.events():
                happenings.append(happening)
                if happening.name == "phone_ringing":
                    await attempt.hang_up()
            assert happenings[-1] == CallEnded(Outcome.CANCELLED, Stage.PHONE)

    run(main)


@pytest.mark.parametrize("after", [0, 1, 5])
def test_a_hang_up_while_the_name_is_looked_up(after):
    async def main():
        names = Names(proxy=None)
        async with line_to(names) as (line, network):
            attempt = line.refer_call(make_plan())
            for _ in range(after):
                await asyncio.sleep(0)
            await attempt.hang_up()
            assert await told(attempt) == [CallEnded(Outcome.CANCELLED, Stage.PROXY)]
            assert len(network.agent) == 0
            with pytest.raises(RefusedError, match="the call has ended already"):
                await attempt.hang_up()

    run(main)


@pytest.mark.parametrize(
    ("plan", "stage"),
    [
        ({}, Stage.PROXY),
        ({"direct": True}, Stage.PHONE),
        ({"direct": True, "first": Party.CALLEE}, Stage.CALLEE),
    ],
)
def test_a_name_that_leads_nowhere(plan, stage):
    async def main():
        async with line_to(Names(proxy=ResolveError("there is no proxy"))) as (line, _network):
            attempt = line.refer_call(make_plan(**plan))
            failed, ended = await told(attempt)
            reason = "sip:proxy: there is no proxy"
            assert failed == CallFailed(stage, None, reason, Disturbed.NO, code="resolve")
            assert ended == CallEnded(Outcome.FAILED, stage)
            with pytest.raises(RefusedError, match="the call has ended already"):
                await attempt.hang_up()

    run(main)


@pytest.mark.parametrize("direct", [False, True])
def test_a_password_that_cannot_be_read_ends_the_call_before_anybody_is_disturbed(direct):
    async def main():
        problem = SettingsError("is not set", where="siptapi.toml", key="lines.office.password")
        async with line_to(Names(), problem) as (line, network):
            failed, ended = await told(line.refer_call(make_plan(direct=direct)))
            assert failed == CallFailed(
                Stage.PROXY, None, str(problem), Disturbed.NO, code="settings"
            )
            assert ended == CallEnded(Outcome.FAILED, Stage.PROXY)
            assert len(network.agent) == 0

    run(main)


def test_an_address_that_we_have_no_way_to():
    async def main():
        async with line_to(Names(proxy=(Address("::1", 5060),))) as (line, _network):
            failed, ended = await told(line.refer_call(make_plan()))
            assert "no such address family" in failed.reason
            assert failed.disturbed is Disturbed.NO
            assert ended == CallEnded(Outcome.FAILED, Stage.PROXY)

    run(main)


def test_the_first_address_that_we_have_a_way_to_is_called():
    async def main():
        async with demo_line(Ending.ANSWERED) as (line, _network, plan):
            names = line._chain._resolvers[0][1]
            names.found["proxy"] = (Address("::1", 5060), *names.found["proxy"])
            happenings = await told(line.refer_call(plan))
            assert happenings[-1].outcome is Outcome.ANSWERED

    run(main)


def test_a_plan_that_no_message_can_be_made_of():
    async def main():
        async with line_to(Names(proxy=(Address(LOOPBACK, 9),))) as (line, network):
            plan = make_plan(invite_headers=(("Alert-Info", "a\r\nEvil: header"),))
            failed, ended = await told(line.refer_call(plan))
            assert "Alert-Info" in failed.reason
            assert ended == CallEnded(Outcome.FAILED, Stage.PROXY)
            assert len(network.agent) == 0

    run(main)


@pytest.mark.parametrize("when", [None, "phone_calling", "phone_ringing"])
def test_a_transfer_before_the_phone_is_picked_up_replaces_the_callee(when):
    async def main():
        async with demo_line(Ending.ANSWERED) as (line, _network, plan):
            nobody, callee = SipUri(host="demo.invalid", user="999"), plan.refer_to
            attempt = line.refer_call(plan.evolve(refer_to=nobody))
            if when is None:  # its name is not looked up yet
                await attempt.transfer(callee)
            async for happening in attempt.events():
                if happening.name == when:
                    await attempt.transfer(callee)
            assert happening == CallEnded(Outcome.ANSWERED, Stage.CALLEE)

    run(main)


def test_who_waits_is_transferred():
    async def main():
        async with demo_line(Ending.ANSWERED) as (line, _network, plan):
            attempt = line.refer_call(plan.evolve(refer_to=None))
            async for happening in attempt.events():
                if happening.name == "phone_answered":
                    await attempt.transfer(plan.refer_to)
            assert happening == CallEnded(Outcome.ANSWERED, Stage.CALLEE)

    run(main)


def test_what_never_began_cannot_be_transferred():
    async def main():
        bob = SipUri(host="b", user="bob")
        async with line_to(Names(proxy=None)) as (line, _network):
            attempt = line.refer_call(make_plan())
            await asyncio.sleep(0)
            await attempt.hang_up()
            with pytest.raises(RefusedError, match="the call has ended already"):
                await attempt.transfer(bob)
            await told(attempt)
            with pytest.raises(RefusedError, match="the call has ended already"):
                await attempt.transfer(bob)

    run(main)


def test_the_next_hop_names_the_line_where_a_connection_is_made():
    async def main():
        udp, tcp = Address(LOOPBACK, 5060), Address(LOOPBACK, 5060, Transport.TCP)
        async with line_to(Names(proxy=(udp, tcp))) as (line, _network):
            found = await line.next_hop(SipUri(host="proxy"))
            assert found == (udp, evolve(tcp, line="office"))
        async with line_to(Names(proxy=ResolveError("no"))) as (line, _network):
            with pytest.raises(ResolveError):
                await line.next_hop(SipUri(host="proxy"))

    run(main)


def test_what_the_next_hop_leads_to_is_logged():
    async def main():
        proxy, core = SipUri(host="proxy"), SipUri(host="core")
        address = Address(LOOPBACK, 5060)
        names = Names(proxy=(address,), core=ResolveError("no"))
        async with line_to(names) as (office, network):
            log = Log()
            line = LineNetwork(network, office._chain, None, logger=log)
            await line.next_hop(proxy)
            with pytest.raises(ResolveError):
                await line.next_hop(core)
            (found, values), (missed, why) = log.lines
            assert (found, values) == ("next hop found", {"uri": proxy, "addresses": (address,)})
            assert (missed, why["uri"], str(why["why"])) == (
                *("next hop not found", core),
                "sip:core: no",
            )

    run(main)


@pytest.mark.parametrize(
    ("host", "spelt"),
    [
        ("0:0:0:0:0:0:0:1", "::1"),
        ("2001:DB8::00a1", "2001:db8::a1"),
        ("fe80::0001%2", "fe80::1%2"),
        ("no:address", "no:address"),
        (LOOPBACK, LOOPBACK),
    ],
)
def test_addresses_are_spelt_as_the_system_spells_where_packets_come_from(host, spelt):
    async def main():
        async with line_to(Names(proxy=(Address(host, 5060),))) as (line, _network):
            assert await line.next_hop(SipUri(host="proxy")) == (Address(spelt, 5060),)

    run(main)


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ((Address(LOOPBACK, 5070), Address("127.0.0.2", 5070)), 2),
        ((Address("::1", 5070), Address(LOOPBACK, 5070)), 1),
        ((Address("::1", 5070),), 0),
        (ResolveError("no"), 0),
    ],
)
def test_a_route_is_located_later_and_what_leads_nowhere_is_nothing(entry, found):
    async def main():
        async with line_to(Names(core=entry)) as (line, _network):
            heard = asyncio.Queue()
            line.locate(SipUri(host="core"), lambda *what: heard.put_nowait(what))
            assert heard.empty()
            addresses, now = await asyncio.wait_for(heard.get(), 5)
            assert len(addresses) == found
            assert abs(now - asyncio.get_running_loop().time()) < 5
            await asyncio.sleep(0)
            assert line._locating == set()

    run(main)
