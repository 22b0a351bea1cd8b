"""Many lines that register over one network, on loopback sockets."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from loopback_office import CHALLENGE, Office, Server, opened, run

from siptapi_core.contracts import Resolved
from siptapi_core.errors import ResolveError, SettingsError
from siptapi_core.events import RegistrationState
from siptapi_core.machine.registration_plan import RegistrationPlan, RetryTimers
from siptapi_core.net.registering import Registrations
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.sip.message import parse_message
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address

(UNREGISTERED, REGISTERING, REGISTERED, FAILED, UNREGISTERING) = RegistrationState


class Registrar(Server):
    """Answers each REGISTER after ``delay`` seconds (None: never) with ``status``.

    ``most`` is how many waited for an answer at a time.
    """

    def __init__(self):
        super().__init__()
        self.delay = 0.0
        self.expires = None
        self.waiting = 0
        self.most = 0

    def datagram_received(self, data, source):
        if not data.strip():
            return
        register = parse_message(data)
        self.seen.append(register)
        self.heard.set()
        if self.delay is not None:
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            asyncio.get_running_loop().call_later(self.delay, self.answer, register, source)

    def answer(self, register, source):
        self.waiting -= 1
        headers = []
        status = self.status_of(register)
        if status == 200:
            headers = [("Contact", each) for each in register.headers.lines("Contact")]
            headers += [("Service-Route", "<sip:edge.test;lr>")]
            if self.expires is not None and register.expires:
                contact = register.headers.get("Contact").partition(";expires")[0]
                headers[0] = ("Contact", f"{contact};expires={self.expires}")
        elif status == 401:
            headers = [CHALLENGE]
        response = register.response(status, to_tag="registrar", headers=headers)
        self.transport.sendto(response.encode(), source)


class Names:
    """Leads everything to the registrar, or raises ``problem``."""

    def __init__(self, registrar):
        self.registrar = registrar
        self.problem = None
        self.asked = 0

    async def resolve(self, target, context):
        self.asked += 1
        if self.problem is not None:
            raise self.problem
        return Resolved(targets=(self.registrar.address,), why="it is there")


class Registering(Office):
    """A registrar, and our registrations there; ``told`` is what was reported, in order."""

    def __init__(self, network, registrar, at_once):
        super().__init__(network, registrar)
        self.registrar = registrar
        self.names = Names(registrar)
        self.chain = ResolverChain([("names", self.names)], line="office", clock=network.clock)
        self.told = []
        self.registrations = Registrations(network, self.report, at_once=at_once)

    def report(self, line, change):
        self.told.append((line, change))
        self.registrar.heard.set()

    def register(self, line="200", **plan):
        plan = {
            "account": SipUri("pbx.test", user=line),
            "next_hop": SipUri("pbx.test"),
            "token": f"token{line}",
            "retry": RetryTimers(base=0.05, limit=0.4),
        } | plan
        self.registrations.register(
            line, RegistrationPlan(**plan), lambda _: self.chain, self.credentials
        )

    def states(self, line="200"):
        return [change.state for name, change in self.told if name == line]

    def state(self, line="200"):
        return self.registrations.status(line).state


@asynccontextmanager
async def office(at_once=100, t1=0.5):
    async with opened(Registrar, t1) as (network, registrar):
        made = Registering(network, registrar, at_once)
        yield made
        await made.registrations.close(1.0)
        assert len(made.registrations.flows) == 0


def test_a_line_registers_and_is_taken_off():
    async def main():
        async with office() as here:
            here.registrar.password = "pw"
            assert here.state() is UNREGISTERED
            here.register(expires=300)
            await here.until(lambda: here.state() is REGISTERED)
            status = here.registrations.status("200")
            assert 299.0 < status.expires <= 300.0
            [route] = here.registrations.service_route("200")
            assert str(route) == "<sip:edge.test;lr>"
            assert here.registrations.service_route("nobody") == ()
            here.registrations.unregister("200")
            assert here.state() is UNREGISTERING
            await here.until(lambda: here.state() is UNREGISTERED)
            assert here.states() == [REGISTERING, REGISTERED, UNREGISTERING, UNREGISTERED]
            assert here.registrar.seen[-1].expires == 0
            assert here.registrations.service_route("200") == ()
            here.registrations.unregister("200")
            here.registrations.unregister("nobody")
            assert len(here.told) == 4

    run(main)


def test_each_register_looks_for_its_next_hop_and_its_password():
    async def main():
        before = asyncio.all_tasks()
        async with office() as here:
            here.registrar.password = "pw"
            here.registrar.expires = 1
            here.register()
            assert (here.read, here.names.asked) == (0, 0)
            await here.until(lambda: len(here.registrar.seen) == 4)
            assert here.read == here.names.asked == 3
            assert here.states() == [REGISTERING, REGISTERED]  # no word of a refresh
            assert asyncio.all_tasks() == before

    run(main)


def test_a_line_without_a_password_registers_where_none_is_wanted():
    async def main():
        async with office() as here:
            plan = RegistrationPlan(
                account=SipUri("pbx.test", user="200"), next_hop=SipUri("pbx.test"), token="t"
            )
            here.registrations.register("200", plan, lambda _: here.chain, None)
            await here.until(lambda: here.state() is REGISTERED)

    run(main)


def test_each_failure_is_told_and_why():
    async def main():
        async with office() as here:
            here.registrar.password = "another"
            here.register(retry=RetryTimers(base=0.01, limit=0.02, refused=0.02))
            await here.until(lambda: here.states().count(FAILED) == 2)
            here.registrar.password = "pw"
            await here.until(lambda: here.state() is REGISTERED)
            failed = next(change for _, change in here.told if change.state is FAILED)
            assert failed.status == 401
            assert failed.reason == "the registrar does not accept the password of '200'"
            assert 0 < failed.retry_after <= 0.02

    run(main)


@pytest.mark.parametrize("what", ["password", "next hop", "way"])
def test_a_line_that_cannot_even_begin_says_why_and_tries_again(what):
    async def main():
        async with office() as here:
            right = here.registrar.address
            if what == "password":
                here.password = SettingsError("is not set", key="lines.office.password")
                why = "lines.office.password: is not set"
            elif what == "next hop":
                here.names.problem = ResolveError("there is no such name")
                why = "sip:pbx.test: there is no such name"
            else:
                here.registrar.address = Address("::1", 5060)
                why = "this machine has no way to udp:[::1]:5060: no such address family"
            here.register(retry=RetryTimers(base=0.01, limit=0.02, refused=0.02))
            await here.until(lambda: FAILED in here.states())
            assert here.told[-1][1].reason == why
            here.password, here.names.problem, here.registrar.address = "pw", None, right
            await here.until(lambda: here.state() is REGISTERED)

    run(main)


def test_only_so_many_are_under_way_at_a_time():
    async def main():
        async with office(at_once=5) as here:
            here.registrar.delay = 0.01
            lines = [str(number) for number in range(40)]
            for line in lines:
                here.register(line)
            assert {here.state(line) for line in lines} == {REGISTERING}
            await here.until(lambda: all(here.state(line) is REGISTERED for line in lines))
            assert here.registrar.most == 5
            assert here.registrar.users() == lines
            await here.registrations.close(10.0)
            assert here.registrar.most == 5
            assert here.registrar.users() == lines * 2
            assert {here.state(line) for line in lines} == {UNREGISTERED}

    run(main)


def test_a_silent_registrar_does_not_keep_close_waiting():
    async def main():
        async with office() as here:
            here.register("200")
            here.register("201")
            await here.until(lambda: here.state("201") is REGISTERED)
            here.registrar.delay = None
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await here.registrations.close(0.2)
            assert 0.19 < loop.time() - begun < 1.0
            for line in ("200", "201"):
                assert here.states(line)[-2:] == [UNREGISTERING, UNREGISTERED]
            assert here.told[-1][1].reason == "the registrar did not answer in time"

    run(main)


def test_who_was_leaving_before_is_not_waited_for_any_longer():
    async def main():
        async with office() as here:
            here.register()
            await here.until(lambda: here.state() is REGISTERED)
            here.registrar.delay = None
            here.registrations.unregister("200", 60.0)
            await here.registrations.close(0.05)
            assert here.state() is UNREGISTERED
            assert here.told[-1][1].reason == "the registrar did not answer in time"

    run(main)


def test_a_line_that_waits_for_its_turn_is_gone_with_the_others():
    async def main():
        async with office(at_once=1) as here:
            here.registrar.delay = None
            here.register("200")
            here.register("201")
            await here.until(lambda: here.registrar.seen != [])
            await here.registrations.close(0.1)
            assert here.states("201") == [REGISTERING, UNREGISTERED]
            assert set(here.registrar.users()) == {"200"}

    run(main)


def test_nothing_to_close():
    async def main():
        async with office() as here:
            await here.registrations.close(10.0)

    run(main)


def test_a_single_line_is_given_up_after_the_time_of_a_transaction():
    async def main():
        async with office(t1=0.005) as here:
            here.register()
            await here.until(lambda: here.state() is REGISTERED)
            here.registrar.delay = None
            here.registrations.unregister("200")
            await here.until(lambda: here.state() is UNREGISTERED)

    run(main)


def test_a_line_of_the_same_name_begins_when_the_first_is_gone():
    async def main():
        async with office() as here:
            here.register()
            await here.until(lambda: here.state() is REGISTERED)
            with pytest.raises(ValueError, match="line '200' registers already"):
                here.register()
            here.registrations.unregister("200")
            here.register(token="another")
            here.registrations.unregister("200")
            here.register(token="third")
            assert here.state() is UNREGISTERING
            await here.until(lambda: here.state() is REGISTERED)
            lines = [register.contact.uri.parameter("line") for register in here.registrar.seen]
            assert lines == ["token200", "token200", "third"]
            assert here.states() == [
                *(REGISTERING, REGISTERED, UNREGISTERING, UNREGISTERED),
                *(REGISTERING, REGISTERED),
            ]

    run(main)


def test_a_line_that_went_and_did_not_come_back_stays_away():
    async def main():
        async with office() as here:
            here.register()
            await here.until(lambda: here.state() is REGISTERED)
            here.registrations.unregister("200")
            here.register()
            here.registrations.unregister("200")
            await here.until(lambda: here.state() is UNREGISTERED)
            assert len(here.registrar.seen) == 2

    run(main)


def test_a_registrar_that_is_gone_and_comes_back_is_found_without_a_word():
    async def main():
        async with office(t1=0.02) as here:
            for line in ("200", "201"):
                here.register(line, keepalive=0.02, retry=RetryTimers(base=0.02, limit=0.05))
            await here.until(lambda: here.state("201") is REGISTERED)
            address = here.registrar.address
            here.registrar.transport.close()
            # A packet that keeps the way open is refused: nobody waits for the next refresh.
            await here.until(lambda: FAILED in here.states("200"))
            await here.until(lambda: FAILED in here.states("201"))
            loop = asyncio.get_running_loop()
            back = (address.host, address.port)
            transport, again = await loop.create_datagram_endpoint(Registrar, local_addr=back)
            again.transport = here.registrar.transport = transport
            again.heard = here.registrar.heard
            await here.until(lambda: {here.state(line) for line in ("200", "201")} == {REGISTERED})
            assert sorted(set(again.users())) == ["200", "201"]

    run(main)
