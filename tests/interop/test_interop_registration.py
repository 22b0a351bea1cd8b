"""Our registration at a real registrar, beside a real phone on the same account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from lab.addresses import PORT
from lab.kamailio import DOMAIN
from lab.laboratory import PASSWORDS, Lab
from lab.registrar import Bound, Registrar

from siptapi_core.contracts import ResolveContext, Resolved
from siptapi_core.events import RegistrationChanged, RegistrationState, TracedMessage
from siptapi_core.logs import logger
from siptapi_core.machine.registration_plan import RegistrationPlan, RetryTimers
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.registering import Registrations
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Target, Transport

pytestmark = pytest.mark.interop

(UNREGISTERED, REGISTERING, REGISTERED, FAILED, UNREGISTERING) = RegistrationState
LINE, TOKEN = "office", "5e0ffa"


class Ours:
    """Our end: one line of alice's, registered by the way of ``proxy``.

    ``told`` is what was reported, ``traced`` what was sent and received.
    """

    def __init__(self, network: SipNetwork, proxy: Address) -> None:
        self.told: list[RegistrationChanged] = []
        self.traced: list[TracedMessage] = []
        self.password = PASSWORDS["alice"]
        self._proxy = proxy
        self._chain = ResolverChain([("proxy", self)], line=LINE, clock=network.clock)
        network.tracers.append(self.traced.append)
        self.registrations = Registrations(network, lambda _, change: self.told.append(change))

    async def resolve(self, _target: Target, _context: ResolveContext) -> Resolved:
        """Lead to the proxy."""
        return Resolved(targets=(self._proxy,), why="the test says so")

    def register(self, **plan: Any) -> None:
        plan = {
            "account": SipUri(DOMAIN, user="alice"),
            "next_hop": SipUri(DOMAIN),
            "token": TOKEN,
            "retry": RetryTimers(base=0.1, limit=0.4),
        } | plan

        async def credentials() -> Credentials:
            return Credentials("alice", self.password)

        self.registrations.register(
            LINE, RegistrationPlan(**plan), lambda _: self._chain, credentials
        )

    @property
    def status(self) -> RegistrationChanged:
        return self.registrations.status(LINE)

    async def reach(self, state: RegistrationState) -> RegistrationChanged:
        """Wait until it is so."""
        await until(lambda: self.status.state is state, f"{state}, but {self.status}")
        return self.status

    def received(self, start: str) -> list[str]:
        """Messages that came and begin so."""
        return [
            each.text
            for each in self.traced
            if each.direction == "received" and each.text.startswith(start)
        ]


@asynccontextmanager
async def ours(
    lab: Lab, registrar: Registrar, transport: Transport = Transport.UDP, host: str = ""
) -> AsyncIterator[Ours]:
    network = await SipNetwork.open(
        clock=SystemClock(),
        identifiers=SystemIdentifiers(),
        logger=logger("siptapi"),
        hosts=(lab.host(),),
    )
    made = Ours(network, Address(host or registrar.host, PORT, transport))
    try:
        yield made
        await made.registrations.close(5)
    finally:
        await network.close()


async def until(condition: Callable[[], bool], what: str, seconds: float = 10) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.01)


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(main(), 60)

    asyncio.run(bounded())


def our_binding(registrar: Registrar) -> Bound | None:
    """The only binding of alice's that has our token, if any."""
    found = [bound for bound in registrar.bindings("alice") if f"line={TOKEN}" in bound.address]
    assert len(found) <= 1, found
    return found[0] if found else None


def phones(registrar: Registrar) -> list[str]:
    """What others than we have bound."""
    bound = (each.address for each in registrar.bindings("alice"))
    return [address for address in bound if "line=" not in address]


def test_we_register_refresh_and_leave_beside_the_phone(lab: Lab) -> None:
    registrar = lab.registrar()
    lab.baresip("alice", registrar)
    [phone] = phones(registrar)

    async def main() -> None:
        async with ours(lab, registrar) as line:
            line.register(expires=4)
            status = await line.reach(REGISTERED)
            assert status.expires is not None
            assert 3 < status.expires <= 4
            first = our_binding(registrar)
            assert first is not None
            assert phones(registrar) == [phone]

            def refreshed() -> bool:
                now = our_binding(registrar)
                return now is not None and now.cseq > first.cseq

            await until(refreshed, "a refresh")
            assert phones(registrar) == [phone]
            challenges = line.received("SIP/2.0 401")
            assert len(challenges) == 1, "a nonce that is still good saves the challenge"
            line.registrations.unregister(LINE)
            await line.reach(UNREGISTERED)
            assert our_binding(registrar) is None
            assert phones(registrar) == [phone]
            assert [change.state for change in line.told] == [
                *(REGISTERING, REGISTERED, UNREGISTERING, UNREGISTERED)
            ]

    run(main)


def test_a_call_to_the_account_comes_to_the_phone_and_to_our_line(lab: Lab) -> None:
    registrar = lab.registrar()
    phone = lab.baresip("alice", registrar, answer="manual")
    caller = lab.baresip("2002", registrar)

    async def main() -> None:
        async with ours(lab, registrar) as line:
            line.register()
            await line.reach(REGISTERED)
            await asyncio.to_thread(caller.command, "dial", f"sip:alice@{DOMAIN}")
            await asyncio.to_thread(phone.await_event, "CALL_INCOMING")
            await until(lambda: line.received("INVITE") != [], "an INVITE")
            assert f";line={TOKEN} " in line.received("INVITE")[0].splitlines()[0]
            await asyncio.to_thread(caller.hang_up_all)

    run(main)


def test_a_wrong_password_says_so_and_the_right_one_helps(lab: Lab) -> None:
    registrar = lab.registrar()

    async def main() -> None:
        async with ours(lab, registrar) as line:
            line.password = "wrong"
            line.register(retry=RetryTimers(base=0.1, limit=0.4, refused=0.4))
            status = await line.reach(FAILED)
            assert (status.status, status.reason) == (
                401,
                "the registrar does not accept the password of 'alice'",
            )
            assert our_binding(registrar) is None
            line.password = PASSWORDS["alice"]
            await line.reach(REGISTERED)

    run(main)


def test_another_s_account_is_refused_in_the_registrar_s_words(lab: Lab) -> None:
    registrar = lab.registrar()

    async def main() -> None:
        async with ours(lab, registrar) as line:
            line.register(account=SipUri(DOMAIN, user="2002"))
            status = await line.reach(FAILED)
            assert (status.status, status.reason) == (403, "Not Your Account")
            assert status.retry_after is not None
            assert status.retry_after > 290

    run(main)


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
def test_a_registrar_that_dies_and_comes_back_is_found_again(
    lab: Lab, transport: Transport
) -> None:
    host = lab.host()
    registrar = lab.registrar(host=host, listens=[f"tcp:{host}:{PORT}"])

    async def main() -> None:
        async with ours(lab, registrar, transport) as line:
            line.register(keepalive=0.2)
            await line.reach(REGISTERED)
            await asyncio.to_thread(registrar.stop)
            # Nobody waits for the refresh, minutes from now: the way is watched.
            await line.reach(FAILED)
            await asyncio.to_thread(registrar.start)
            assert our_binding(registrar) is None, "it keeps nothing over a restart"
            await line.reach(REGISTERED)
            assert our_binding(registrar) is not None
            assert len(registrar.bindings("alice")) == 1

    run(main)


def test_a_registrar_that_wants_longer_is_asked_for_longer(lab: Lab) -> None:
    registrar = lab.registrar(shortest=120)

    async def main() -> None:
        async with ours(lab, registrar) as line:
            line.register(expires=10)
            status = await line.reach(REGISTERED)
            assert status.expires is not None
            assert 110 < status.expires <= 120
            bound = our_binding(registrar)
            assert bound is not None
            assert 110 < bound.expires <= 120
            assert len(line.received("SIP/2.0 423")) == 1

    run(main)


def test_behind_an_edge_proxy_its_path_leads_to_us(lab: Lab) -> None:
    registrar = lab.registrar()
    edge = lab.edge_proxy(registrar)
    caller = lab.baresip("2002", registrar)

    async def main() -> None:
        async with ours(lab, registrar, host=edge.host) as line:
            line.register()
            await line.reach(REGISTERED)
            bound = our_binding(registrar)
            assert bound is not None
            assert edge.host in bound.path
            await asyncio.to_thread(caller.command, "dial", f"sip:alice@{DOMAIN}")
            await until(lambda: line.received("INVITE") != [], "an INVITE")
            peers = {each.peer for each in line.traced if each.text.startswith("INVITE")}
            assert peers == {f"udp:{edge.host}:{PORT}"}
            line.registrations.unregister(LINE)
            await line.reach(UNREGISTERED)
            assert registrar.bindings("alice") == []

    run(main)
