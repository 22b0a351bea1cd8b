"""Each contract test must fail for a plugin that breaks it, and pass for one that keeps it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable

import pytest

from siptapi_core import (
    Address,
    Attempt,
    CalleeRinging,
    CallEnded,
    Capability,
    DialRequest,
    Happening,
    HostPort,
    Network,
    NotSupportedError,
    Number,
    Outcome,
    PhoneCalling,
    RefusedError,
    ResolveContext,
    Resolved,
    ResolveError,
    Resolver,
    SipUri,
    Stage,
    Strategy,
    Target,
    Transport,
    Uri,
    UsageError,
)
from siptapi_core.testing import ResolverContract, StrategyContract
from siptapi_core.testing.fake_network import ANSWERED, PHONE_BUSY, FakeAttempt, FakeNetwork

ENDED = CallEnded(Outcome.UNKNOWN, Stage.PHONE)


class OwnAttempt:
    """A strategy that makes its own attempts, as one over HTTP does."""

    def __init__(self, attempt: Callable[[], object]) -> None:
        self.attempt = attempt

    def start(self, request: DialRequest, network: Network) -> Attempt:
        return self.attempt()  # type: ignore[return-value]


class FireAndForget:
    """An attempt that can do nothing more: honest, therefore good."""

    capabilities: frozenset[object] = frozenset()

    async def events(self) -> AsyncIterator[Happening]:
        yield PhoneCalling()
        yield ENDED

    async def hang_up(self) -> None:
        raise NotSupportedError("no")

    async def transfer(self, to: Uri) -> None:
        raise NotSupportedError("no")


class CanTransfer(FireAndForget):
    capabilities = frozenset({Capability.TRANSFER})

    async def transfer(self, to: Uri) -> None:
        return


class NeverEnds(FakeAttempt):
    async def events(self) -> AsyncIterator[Happening]:
        yield PhoneCalling()
        await asyncio.Event().wait()


class EndsTwice(FireAndForget):
    async def events(self) -> AsyncIterator[Happening]:
        yield ENDED
        yield ENDED


class GoesOn(FireAndForget):
    async def events(self) -> AsyncIterator[Happening]:
        yield ENDED
        yield PhoneCalling()


class JustStops(FireAndForget):
    async def events(self) -> AsyncIterator[Happening]:
        yield PhoneCalling()


class Chats(FireAndForget):
    async def events(self) -> AsyncIterator[Happening]:
        yield "ringing"  # type: ignore[misc]
        yield ENDED


class RefusesTooEarly(FakeAttempt):
    async def hang_up(self) -> None:
        raise RefusedError("not now")


class IgnoresHangUp(FakeAttempt):
    async def hang_up(self) -> None:
        return


class PretendsToHangUp(FireAndForget):
    async def hang_up(self) -> None:
        return


class PretendsToTransfer(FireAndForget):
    async def transfer(self, to: Uri) -> None:
        return


class BreaksOnTransfer(CanTransfer):
    async def transfer(self, to: Uri) -> None:
        raise KeyError(to)


class WrongCapabilities(FireAndForget):
    capabilities = frozenset({"fly"})


class CapabilitiesInAList(FireAndForget):
    capabilities: list[object] = []  # type: ignore[assignment]  # noqa: RUF012


class Blocks:
    def start(self, request: DialRequest, network: Network) -> Attempt:
        time.sleep(0.01)
        return network.refer_call(request.plan("x", target=request.line.phone))


class IsAsync:
    async def start(self, request: DialRequest, network: Network) -> Attempt:
        raise AssertionError


class OneForAll:
    def __init__(self) -> None:
        self.attempt = FakeAttempt()

    def start(self, request: DialRequest, network: Network) -> Attempt:
        return self.attempt


class MixesUp:
    """Both attempts tell the same story, so one of them misses the end."""

    def __init__(self) -> None:
        self.story: list[Happening] = list(ANSWERED)

    def start(self, request: DialRequest, network: Network) -> Attempt:
        attempt = FakeAttempt()
        attempt._rest = self.story
        return attempt


class SendsFirst:
    def start(self, request: DialRequest, network: Network) -> Attempt:
        attempt = network.refer_call(request.plan("x", target=request.line.phone))
        if request.line.outbound_proxy is None:
            raise UsageError("a proxy is needed")
        return attempt


class Trips:
    def start(self, request: DialRequest, network: Network) -> Attempt:
        proxy = request.line.outbound_proxy
        return network.refer_call(request.plan("x", target=proxy.with_parameter("lr")))  # type: ignore[union-attr]


def contract_of(make: Callable[[], object]) -> StrategyContract:
    seconds = 0.005 if make is Blocks else 0.2

    class Contract(StrategyContract):
        limit = 0.2
        at_once = seconds

        def make(self) -> Strategy:
            return make()  # type: ignore[return-value]

    return Contract()


def contract_tests(contract: object) -> list[str]:
    return [name for name in dir(contract) if name.startswith("test_")]


@pytest.mark.parametrize("name", contract_tests(StrategyContract))
@pytest.mark.parametrize("attempt", [FireAndForget, CanTransfer])
def test_a_good_attempt_of_ones_own_passes(attempt: Callable[[], object], name: str) -> None:
    getattr(contract_of(lambda: OwnAttempt(attempt)), name)()


@pytest.mark.parametrize(
    ("make", "name", "words"),
    [
        (Blocks, "test_start_returns_an_attempt_at_once", "work inside the attempt"),
        (lambda: OwnAttempt(NeverEnds), "test_events_end_with_exactly_one_call_ended", "not over"),
        (lambda: OwnAttempt(EndsTwice), "test_events_end_with_exactly_one_call_ended", "not 2"),
        (lambda: OwnAttempt(JustStops), "test_events_end_with_exactly_one_call_ended", "not 0"),
        (lambda: OwnAttempt(GoesOn), "test_events_end_with_exactly_one_call_ended", "after"),
        (lambda: OwnAttempt(Chats), "test_events_end_with_exactly_one_call_ended", "may report"),
        (lambda: OwnAttempt(NeverEnds), "test_hang_up_at_any_moment_ends_it", "not over"),
        (lambda: OwnAttempt(RefusesTooEarly), "test_hang_up_at_any_moment_ends_it", "refused"),
        (lambda: OwnAttempt(IgnoresHangUp), "test_hang_up_at_any_moment_ends_it", "at once"),
        (lambda: OwnAttempt(PretendsToHangUp), "test_capabilities_are_honest", "hang_up is not"),
        (lambda: OwnAttempt(PretendsToTransfer), "test_capabilities_are_honest", "transfer is not"),
        (lambda: OwnAttempt(WrongCapabilities), "test_capabilities_are_honest", "members of"),
        (lambda: OwnAttempt(CapabilitiesInAList), "test_capabilities_are_honest", "is []"),
        (OneForAll, "test_calls_at_once_do_not_mix", "an attempt of its own"),
        (MixesUp, "test_calls_at_once_do_not_mix", "exactly one CallEnded"),
        (SendsFirst, "test_a_line_that_lacks_something_is_a_usage_error", "nothing may be sent"),
    ],
)
def test_a_strategy_that_breaks_the_contract_fails(
    make: Callable[[], object], name: str, words: str
) -> None:
    contract = contract_of(make)
    with pytest.raises(AssertionError) as caught:
        getattr(contract, name)()
    assert words in str(caught.value)


def test_a_transfer_that_breaks_fails() -> None:
    contract = contract_of(lambda: OwnAttempt(BreaksOnTransfer))
    with pytest.raises(KeyError):
        contract.test_transfer_at_any_moment_is_done_or_refused()


def test_an_async_start_fails() -> None:
    with pytest.raises(AssertionError, match="start must not be async"):
        contract_of(IsAsync).test_start_returns_an_attempt_at_once()


def test_an_error_that_is_no_usage_error_fails() -> None:
    with pytest.raises(AttributeError):
        contract_of(Trips).test_a_line_that_lacks_something_is_a_usage_error()


@pytest.mark.parametrize("contract", [StrategyContract(), ResolverContract()])
def test_make_has_to_be_given(contract: StrategyContract | ResolverContract) -> None:
    with pytest.raises(NotImplementedError):
        contract.make()


# Resolvers

PBX = HostPort("pbx", 5060, Transport.UDP, "pbx")
ADDRESS = Address("192.0.2.1", 5060)
FOUND = Resolved(targets=(ADDRESS,), why="it is in the hosts file", ttl=60)


class Answers:
    """A resolver that answers ``answer`` (raises it, where it is an error) for the host pbx."""

    def __init__(self, answer: object, others: object = None, seconds: float = 0) -> None:
        self.answer = answer
        self.others = others
        self.seconds = seconds

    async def resolve(self, target: Target, context: ResolveContext) -> Resolved | None:
        await asyncio.sleep(self.seconds)
        answer = self.answer if target == PBX else self.others
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]


def resolver_contract(make: Callable[[], object]) -> ResolverContract:
    class Contract(ResolverContract):
        limit = 0.05
        grace = 0.05
        mine = (PBX,)
        foreign = (Number("112"), SipUri("example.com"))

        def make(self) -> Resolver:
            return make()  # type: ignore[return-value]

    return Contract()


@pytest.mark.parametrize("name", contract_tests(ResolverContract))
@pytest.mark.parametrize("resolver", [Answers(FOUND), Answers(Resolved(targets=(), why="none"))])
def test_a_good_resolver_passes(resolver: Answers, name: str) -> None:
    getattr(resolver_contract(lambda: resolver), name)()


@pytest.mark.parametrize("error", [ResolveError("down"), ResolveError("late", temporary=True)])
def test_a_resolve_error_is_fine_where_there_is_no_time_left(error: ResolveError) -> None:
    resolver_contract(lambda: Answers(error)).test_little_time_is_enough_to_fail()


@pytest.mark.parametrize(
    ("resolver", "name", "words"),
    [
        (Answers(None), "test_own_targets_are_resolved", "gave None"),
        (Answers(ResolveError("down")), "test_own_targets_are_resolved", "gave ResolveError"),
        (Answers([ADDRESS]), "test_own_targets_are_resolved", "gave [Address"),
        (Answers(Resolved(targets=(PBX,), why="x")), "test_own_targets_are_resolved", "itself"),
        (Answers(Resolved(targets=(ADDRESS,), why="")), "test_own_targets_are_resolved", "why"),
        (
            Answers(Resolved(targets=[ADDRESS], why="x")),  # type: ignore[arg-type]
            "test_own_targets_are_resolved",
            "no tuple",
        ),
        (
            Answers(Resolved(targets=("192.0.2.1",), why="x")),  # type: ignore[arg-type]
            "test_own_targets_are_resolved",
            "not all are targets",
        ),
        (
            Answers(Resolved(targets=(), why="x", ttl=-1)),
            "test_own_targets_are_resolved",
            "ttl is -1",
        ),
        (Answers(FOUND, FOUND), "test_foreign_targets_are_left_to_others", "not its own"),
        (
            Answers(FOUND, ResolveError("what?")),
            "test_foreign_targets_are_left_to_others",
            "not its own",
        ),
        (Answers(FOUND, ResolveError("")), "test_odd_targets_are_survived", "without a word"),
        (Answers(FOUND, seconds=9), "test_own_targets_are_resolved", "took longer than 0.05 s"),
        (Answers(FOUND, seconds=9), "test_little_time_is_enough_to_fail", "took longer than 0 s"),
    ],
)
def test_a_resolver_that_breaks_the_contract_fails(
    resolver: Answers, name: str, words: str
) -> None:
    contract = resolver_contract(lambda: resolver)
    with pytest.raises(AssertionError) as caught:
        getattr(contract, name)()
    assert words in str(caught.value)


@pytest.mark.parametrize("error", [KeyError("x"), TimeoutError("its own")])
def test_any_other_error_than_resolve_error_fails(error: Exception) -> None:
    with pytest.raises(type(error)):
        resolver_contract(lambda: Answers(FOUND, error)).test_odd_targets_are_survived()


# The fakes


async def everything(events: AsyncIterator[Happening]) -> list[Happening]:
    return [each async for each in events]


@pytest.mark.parametrize("story", [ANSWERED, PHONE_BUSY, (CalleeRinging(), ENDED)])
def test_a_fake_call_goes_as_its_story_tells(story: Iterable[Happening]) -> None:
    network = FakeNetwork(story)
    plan = StrategyContract.request.plan("x", target=StrategyContract.request.line.phone)
    assert asyncio.run(everything(network.refer_call(plan).events())) == list(story)
    assert network.plans == [plan]


def test_a_fake_call_can_be_hung_up_even_when_it_is_over() -> None:
    async def check() -> None:
        attempt = FakeAttempt(PHONE_BUSY)
        assert await everything(attempt.events()) == list(PHONE_BUSY)
        await attempt.hang_up()
        assert await everything(attempt.events()) == []

    asyncio.run(check())


def test_a_fake_call_keeps_its_transfers_until_the_hand_over() -> None:
    async def check() -> None:
        uri = SipUri("example.com")
        attempt = FakeAttempt(ANSWERED)
        await attempt.transfer(uri)
        assert await everything(attempt.events()) == list(ANSWERED)
        with pytest.raises(RefusedError, match="nobody is held"):
            await attempt.transfer(uri)
        assert attempt.transfers == [uri]

    asyncio.run(check())


def test_a_fake_network_resolves_to_what_the_test_gave() -> None:
    uri = SipUri("example.com")
    assert asyncio.run(FakeNetwork(addresses=[ADDRESS]).next_hop(uri)) == (ADDRESS,)
    with pytest.raises(ResolveError, match=r"there is no example\.com"):
        asyncio.run(FakeNetwork(addresses=[]).next_hop(uri))
