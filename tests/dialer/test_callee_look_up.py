"""Numbers that lead to SIP addresses, and where requests would be sent."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from dialer_bench import (
    ANSWERED,
    NOT_REACHED,
    UNDISTURBED,
    RecordingLogger,
    StoryStrategy,
    make_identity,
)

from siptapi_core.commands import Caller, Calls, Dial, HangUp, ListCalls, Resolve
from siptapi_core.contracts import Resolved
from siptapi_core.dialer.event_bus import EventBus
from siptapi_core.dialer.line import Line
from siptapi_core.dialer.local_dialer import LocalDialer
from siptapi_core.dialer.strategy_memory import StrategyMemory
from siptapi_core.errors import NumberError, RefusedError, ResolveError, UsageError
from siptapi_core.events import CallEnded, CallFailed, CallPlaced, Outcome, PhoneCalling, Stage
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.numbers import NumberRules
from siptapi_core.numbers.rules import DialAs
from siptapi_core.resolution import StepOutcome
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Number
from siptapi_core.testing.counting_identifiers import CountingIdentifiers
from siptapi_core.testing.fake_clock import FakeClock

ANYBODY = Caller(frontend="test")
NUMBER = "+43 1 505641"
AS_DIALLED = SipUri("example.com", "+431505641")
BOB = SipUri.parse("sip:bob@callee.example")


class Phonebook:
    """A resolver that leads every number to ``target``; asked, it waits for ``open``, if any."""

    def __init__(self, target=None, wait=None):
        self.target = target
        self.wait = wait
        self.asked = []

    async def resolve(self, target, context):
        if not isinstance(target, Number):
            return None
        self.asked.append(target)
        if self.wait is not None:
            await self.wait.wait()
        if isinstance(self.target, Exception):
            raise self.target
        found = (self.target,) if self.target not in (None, target) else ()
        return Resolved(targets=found, why="the phonebook")


class Hosts:
    """A resolver that knows the addresses of hosts."""

    async def resolve(self, target, context):
        if not isinstance(target, SipUri) or target.host == "no.example":
            raise ResolveError(f"there is no {target}")
        last = {"example.com": 1, "callee.example": 2, "proxy.example": 3}.get(target.host, 9)
        return Resolved(targets=(Address(f"192.0.2.{last}", target.port or 5060),), why="hosts")


class Rig:
    def __init__(self, phonebook=None, *, strategy=None, rules=None, **identity):
        self.strategy = strategy or StoryStrategy(PhoneCalling(), ANSWERED)
        self.logger = RecordingLogger()
        clock = FakeClock()
        book = [("phonebook", phonebook)] if phonebook else []
        line = Line(
            name="office",
            account=make_identity().address_of_record,
            identity=lambda number: make_identity(display_name=number).evolve(**identity),
            rules=rules or NumberRules(region="AT"),
            strategies=("a",),
            network=lambda _call, _logger: SimpleNamespace(),
            resolvers=ResolverChain([("hosts", Hosts())], line="office", clock=clock),
            callee_resolvers=ResolverChain(book, line="office", clock=clock) if book else None,
        )
        self.dialer = LocalDialer(
            events=EventBus(clock),
            lines={"office": line},
            default_line="office",
            strategy={"a": self.strategy}.__getitem__,
            memory=StrategyMemory(None, clock, self.logger),
            identifiers=CountingIdentifiers(),
            clock=clock,
            logger=self.logger,
            tracers=[],
            messages_of=lambda _call: (),
        )
        self.events = self.dialer.events(ANYBODY)

    async def dial(self, number=NUMBER):
        return await self.dialer.execute(Dial(number=number), ANYBODY)

    async def story(self):
        """What is told until the end."""
        placed = (await asyncio.wait_for(anext(self.events), 5)).happening
        assert isinstance(placed, CallPlaced)
        told = []
        while not told or not isinstance(told[-1], CallEnded):
            told.append((await asyncio.wait_for(anext(self.events), 5)).happening)
        return told


def callee_of(phonebook, number=NUMBER, **options):
    """What the strategy was told to call, and what was logged."""

    async def main():
        rig = Rig(phonebook, **options)
        await rig.dial(number)
        assert (await rig.story())[-1] == ANSWERED
        (request,) = rig.strategy.requests
        return request.callee, rig.logger.events

    return asyncio.run(main())


def resolve(target, phonebook=None, **options):
    async def main():
        return await Rig(phonebook, **options).dialer.execute(Resolve(target=target), ANYBODY)

    return asyncio.run(main())


# --- a call --------------------------------------------------------------------------------------


def test_what_is_found_for_the_number_is_called():
    assert callee_of(Phonebook(BOB)) == (BOB, ["callee found"])


def test_another_number_is_called_as_if_it_had_been_dialled():
    rules = NumberRules(region="AT", dial_as=DialAs.TEL)
    callee, _ = callee_of(Phonebook(Number("+4930123456", "+4930123456")), rules=rules)
    assert str(callee) == "tel:+4930123456"


def test_headers_and_method_that_a_stranger_wants_are_left_out():
    found = SipUri.parse("sip:bob@callee.example;method=BYE?Replaces=a%40b")
    assert callee_of(Phonebook(found))[0] == BOB


@pytest.mark.parametrize("target", [None, ResolveError("nobody answered", temporary=True)])
def test_where_nothing_is_found_the_number_is_called(target):
    assert callee_of(Phonebook(target)) == (AS_DIALLED, [])


@pytest.mark.parametrize(
    "found",
    [
        SipUri.parse("sip:+43900123456@callee.example"),
        Number("+43900123456", "+43900123456"),
        SipUri.parse("sip:192.0.2.1"),
        Number("+1", "+1"),
    ],
)
def test_what_the_rules_forbid_or_what_names_nobody_is_not_called(found):
    rules = NumberRules(region="AT", deny=("premium",))
    assert callee_of(Phonebook(found), rules=rules) == (AS_DIALLED, ["not called"])


def test_consent_to_one_number_is_none_to_another():
    rules = NumberRules(region="AT", confirm=("premium",))
    found = Number("+43900123456", "+43900123456")
    assert callee_of(Phonebook(found), rules=rules) == (AS_DIALLED, ["not called"])


@pytest.mark.parametrize("number", ["112", "sip:alice@example.com"])
def test_emergency_numbers_and_addresses_are_not_looked_up(number):
    phonebook = Phonebook(BOB)
    callee, _ = callee_of(phonebook, number)
    assert callee != BOB
    assert phonebook.asked == []


def test_the_reply_does_not_wait_for_the_look_up():
    async def main():
        phonebook = Phonebook(BOB, wait=asyncio.Event())
        rig = Rig(phonebook)
        dialling = await rig.dial()
        calls = await rig.dialer.execute(ListCalls(), ANYBODY)
        assert isinstance(calls, Calls)
        assert [call.call for call in calls.calls] == [dialling.call]
        assert rig.strategy.requests == []
        phonebook.wait.set()
        assert (await rig.story())[-1] == ANSWERED

    asyncio.run(main())


@pytest.mark.parametrize("turns", [0, 1, 2, 5])
def test_a_hang_up_during_the_look_up_ends_the_call(turns):
    async def main():
        rig = Rig(Phonebook(BOB, wait=asyncio.Event()))
        dialling = await rig.dial()
        for _ in range(turns):
            await asyncio.sleep(0)
        for _ in range(2):
            await rig.dialer.execute(HangUp(call=dialling.call), ANYBODY)
        assert await rig.story() == [CallEnded(Outcome.CANCELLED, Stage.PROXY)]
        assert rig.strategy.requests == []
        with pytest.raises(RefusedError):
            await rig.dialer.execute(HangUp(call=dialling.call), ANYBODY)

    asyncio.run(main())


@pytest.mark.parametrize("turns", range(8))
def test_a_hang_up_at_any_moment_after_an_immediate_answer_ends_it_too(turns):
    async def main():
        rig = Rig(Phonebook(BOB), strategy=StoryStrategy(PhoneCalling()))
        dialling = await rig.dial()
        for _ in range(turns):
            await asyncio.sleep(0)
        await rig.dialer.execute(HangUp(call=dialling.call), ANYBODY)
        assert (await rig.story())[-1].outcome is Outcome.CANCELLED

    asyncio.run(main())


def test_closing_ends_a_call_that_is_still_looked_up():
    async def main():
        rig = Rig(Phonebook(BOB, wait=asyncio.Event()))
        await rig.dial()
        await rig.dialer.close()
        assert await rig.story() == [CallEnded(Outcome.CANCELLED, Stage.PROXY)]

    asyncio.run(main())


def test_a_strategy_that_cannot_start_after_the_look_up_fails_the_call():
    async def main():
        rig = Rig(Phonebook(BOB), strategy=StoryStrategy(fails=UsageError("no phone is set")))
        await rig.dial()
        failed, ended = await rig.story()
        assert isinstance(failed, CallFailed)
        assert (failed.reason, failed.disturbed) == ("no phone is set", UNDISTURBED.disturbed)
        assert ended == NOT_REACHED

    asyncio.run(main())


def test_a_look_up_that_breaks_fails_the_call(monkeypatch):
    async def broken(*_args):
        raise ZeroDivisionError("a bug")

    async def main():
        monkeypatch.setattr(ResolverChain, "callee", broken)
        rig = Rig(Phonebook(BOB))
        await rig.dial()
        failed, ended = await rig.story()
        assert failed.reason == "a bug"
        assert ended == NOT_REACHED

    asyncio.run(main())


# --- resolve -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "host", "port"),
    [
        ("sip:example.com", 1, 5060),
        ("SIP:alice@example.com:5070", 1, 5070),
        ("example.com", 1, 5060),
        (" example.com:5070 ", 1, 5070),
        ("alice@callee.example", 2, 5060),
        ("192.0.2.77", 9, 5060),
        ("192.0.2.77:5070", 9, 5070),
        ("::1", 9, 5060),
        ("[::1]:5070", 9, 5070),
        ("localhost:5070", 9, 5070),
        ("pbx", 9, 5060),
    ],
)
def test_uris_and_hosts_are_resolved(target, host, port):
    resolution = resolve(target)
    assert resolution.target == target
    assert resolution.addresses == (Address(f"192.0.2.{host}", port),)
    assert resolution.callee is None
    assert resolution.problem == ""


def test_a_number_leads_to_the_line_s_own_server():
    resolution = resolve(NUMBER)
    assert resolution.callee == AS_DIALLED
    assert resolution.addresses == (Address("192.0.2.1", 5060),)
    resolution = resolve(NUMBER, outbound_proxy=SipUri("proxy.example"))
    assert resolution.addresses == (Address("192.0.2.3", 5060),)


def test_a_number_that_is_found_leads_to_its_callee():
    resolution = resolve(NUMBER, Phonebook(BOB))
    assert resolution.callee == BOB
    assert resolution.addresses == (Address("192.0.2.2", 5060),)
    assert [step.resolver for step in resolution.steps] == ["phonebook", "hosts"]


def test_what_is_not_called_is_told():
    rules = NumberRules(region="AT", deny=("premium",))
    found = Number("+43900123456", "+43900123456")
    resolution = resolve(NUMBER, Phonebook(found), rules=rules)
    assert resolution.callee == AS_DIALLED
    dropped = resolution.steps[-2]
    assert dropped.outcome is StepOutcome.DROPPED
    assert dropped.target == found
    assert dropped.why == "not called: the rules of line 'office' say deny (deny premium)"


def test_what_is_not_found_says_why_and_has_its_steps():
    resolution = resolve("sip:no.example")
    assert resolution.addresses == ()
    assert resolution.problem == "sip:no.example: there is no sip:no.example"
    assert [step.outcome for step in resolution.steps] == [StepOutcome.FAILED]


@pytest.mark.parametrize("target", ["sip:", "sip:a b", "@", "a@b@c", "http://example.com", "", "!"])
def test_what_can_be_no_target_is_the_user_s_error(target):
    with pytest.raises(NumberError):
        resolve(target)


def test_it_is_plain_in_json():
    assert resolve("sips:example.com").to_json() == {
        "target": "sips:example.com",
        "line": "office",
        "callee": None,
        "steps": [
            {
                "target": "sips:example.com",
                "resolver": "hosts",
                "outcome": "resolved",
                "why": "hosts",
                "targets": ["udp:192.0.2.1:5060"],
                "ttl": None,
            }
        ],
        "addresses": [{"host": "192.0.2.1", "port": 5060, "transport": "udp", "verify_name": None}],
        "problem": "",
    }
