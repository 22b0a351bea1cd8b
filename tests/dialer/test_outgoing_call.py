"""One call: fallback, what is learned, hang-ups, and strategies that break their contract."""

from __future__ import annotations

import asyncio

import pytest
from dialer_bench import (
    ANSWERED,
    CANCELLED,
    NOT_REACHED,
    STOP,
    UNDISTURBED,
    RecordingLogger,
    StoryStrategy,
    make_request,
    names,
    until,
)

from siptapi_core.commands import CallState, CallStatus
from siptapi_core.contracts import Capability
from siptapi_core.dialer.outgoing_call import OutgoingCall
from siptapi_core.dialer.strategy_memory import StrategyMemory
from siptapi_core.errors import (
    NotSupportedError,
    PluginError,
    RefusedError,
    SettingsError,
    UsageError,
)
from siptapi_core.events import (
    CalleeAnswered,
    CalleeRinging,
    CalleeTrying,
    CallEnded,
    CallFailed,
    CallPlaced,
    Disturbed,
    HandedOver,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    ReferAccepted,
    Reporter,
    Stage,
    StrategyFellBack,
    TransferRequested,
)
from siptapi_core.net.line_network import ReferAttempt
from siptapi_core.sip.uri import parse_uri
from siptapi_core.testing.fake_clock import FakeClock

REFUSED_REFER = CallFailed(Stage.REFER, 603, "Decline")


class Rig:
    """A call with strategies ``a``, ``b``, ...; ``told`` is what it published."""

    def __init__(self, *strategies):
        self.told = []  # after the first: a call is placed
        self.placed = False
        self.is_over = asyncio.Event()
        self.states = []
        self.logger = RecordingLogger()
        self.memory = StrategyMemory(None, FakeClock(), self.logger)
        self.strategies = strategies
        self.call = OutgoingCall(
            call="call-1",
            request=make_request(),
            number="301",
            frontend="test",
            strategies=list(zip("abc", strategies, strict=False)),
            network=None,
            memory=self.memory,
            events=self,
            owner=self,
            started=17.0,
            logger=self.logger,
            settings_file="siptapi.toml",
        )

    def tell_of_call(self, call, line, happening):
        assert (call, line) == (self.call.id, "office")
        assert isinstance(happening, CallPlaced) is not self.placed
        self.placed = True
        if isinstance(happening, CallPlaced):
            assert happening == CallPlaced("301", "sip:301@example.com", "test")
        else:
            self.told.append(happening)
            self.states.append(self.call.state)

    def forget(self, call):
        assert call is self.call
        self.is_over.set()

    def expect_callee(self, call):
        assert call is self.call

    def run(self, during=None, look_up=None):
        async def main():
            self.call.begin(look_up and look_up())
            if during is not None:
                await during()
            await asyncio.wait_for(self.is_over.wait(), 5)

        asyncio.run(main())
        return self

    @property
    def failed(self):
        [failed] = [happening for happening in self.told if isinstance(happening, CallFailed)]
        return failed

    async def hang_up_once(self, name):
        """When the last that was told has this name."""
        await until(lambda: self.told and self.told[-1].name == name)
        await self.call.hang_up()


# --- one strategy --------------------------------------------------------------------------------


def test_what_the_attempt_tells_is_told_and_is_the_state():
    story = (
        PhoneCalling(),
        PhoneRinging(),
        PhoneAnswered(),
        ReferAccepted(),
        CalleeTrying(),
        CalleeRinging(),
        CalleeAnswered(),
        HandedOver(),
        ANSWERED,
    )
    rig = Rig(StoryStrategy(*story)).run()
    assert tuple(rig.told) == story
    assert rig.states == [
        CallState.CALLING_PHONE,
        CallState.PHONE_RINGING,
        CallState.PHONE_ANSWERED,
        CallState.CONNECTING,
        CallState.CONNECTING,
        CallState.CALLEE_RINGING,
        CallState.CONNECTED,
        CallState.CONNECTED,
        CallState.ENDED,
    ]
    assert rig.call.status() == CallStatus(
        call="call-1",
        line="office",
        number="301",
        strategy="a",
        state=CallState.ENDED,
        started=17.0,
        outcome=Outcome.ANSWERED,
        stage=Stage.CALLEE,
    )


def test_a_call_that_begins_has_its_state():
    async def main():
        rig = Rig(StoryStrategy())
        rig.call.begin()
        status = rig.call.status()
        assert status.state is CallState.CALLING_PHONE
        assert (status.outcome, status.stage) == (None, None)
        assert rig.strategies[0].requests == [make_request()]

    asyncio.run(main())


def test_a_failure_of_the_only_strategy_is_told():
    rig = Rig(StoryStrategy(UNDISTURBED, NOT_REACHED)).run()
    assert rig.told == [UNDISTURBED, NOT_REACHED]


# --- fallback ------------------------------------------------------------------------------------


def test_trap_14_the_next_strategy_is_tried_while_nobody_was_disturbed():
    rig = Rig(
        StoryStrategy(PhoneCalling("a"), UNDISTURBED, NOT_REACHED),
        StoryStrategy(PhoneCalling("b"), ANSWERED),
    ).run()
    assert rig.told == [
        PhoneCalling("a"),
        StrategyFellBack("a", "b", "no route"),
        PhoneCalling("b"),
        ANSWERED,
    ]
    assert rig.call.status().strategy == "b"


@pytest.mark.parametrize("disturbed", [Disturbed.MAYBE, Disturbed.YES])
def test_trap_14_nobody_is_called_twice(disturbed):
    failed = UNDISTURBED.evolve(disturbed=disturbed)
    other = StoryStrategy(ANSWERED)
    rig = Rig(StoryStrategy(failed, NOT_REACHED), other).run()
    assert rig.told == [failed, NOT_REACHED]
    assert other.attempts == []


def test_an_end_without_a_failure_is_the_end():
    other = StoryStrategy(ANSWERED)
    rig = Rig(StoryStrategy(NOT_REACHED), other).run()
    assert rig.told == [NOT_REACHED]
    assert other.attempts == []


def test_a_later_failure_counts_more_than_an_earlier():
    later = UNDISTURBED.evolve(disturbed=Disturbed.YES)
    other = StoryStrategy(ANSWERED)
    rig = Rig(StoryStrategy(UNDISTURBED, later, NOT_REACHED), other).run()
    assert rig.told == [later, NOT_REACHED]
    assert other.attempts == []


def test_the_last_strategy_s_failure_is_told():
    rig = Rig(
        StoryStrategy(UNDISTURBED, NOT_REACHED),
        StoryStrategy(UNDISTURBED.evolve(reason="not either"), NOT_REACHED),
    ).run()
    assert names(rig.told) == ["strategy_fell_back", "call_failed", "call_ended"]
    assert rig.failed.reason == "not either"


def test_a_strategy_that_cannot_start_is_passed_over():
    rig = Rig(
        StoryStrategy(fails=UsageError("no phone_address is set")),
        StoryStrategy(fails=ZeroDivisionError("oops")),
        StoryStrategy(ANSWERED),
    ).run()
    assert rig.told[0] == StrategyFellBack("a", "b", "no phone_address is set")
    assert rig.told[1].why == "the strategy 'b' broke: ZeroDivisionError('oops')"
    assert rig.told[2:] == [ANSWERED]


def test_the_last_strategy_that_cannot_start_is_the_user_s_error():
    rig = Rig(StoryStrategy(fails=UsageError("no phone_address is set")))
    with pytest.raises(UsageError, match="no phone_address is set"):
        rig.call.begin()
    assert rig.told == []
    rig = Rig(
        StoryStrategy(fails=UsageError("not set")), StoryStrategy(fails=ZeroDivisionError("oops"))
    )
    with pytest.raises(PluginError, match=r"the strategy 'b' broke: ZeroDivisionError\('oops'\)"):
        rig.call.begin()
    assert rig.told == []


@pytest.mark.parametrize("error", [UsageError("not set"), RuntimeError("oops")])
def test_a_strategy_that_cannot_take_over_is_passed_over(error):
    rig = Rig(
        StoryStrategy(UNDISTURBED, NOT_REACHED),
        StoryStrategy(fails=error),
        StoryStrategy(ANSWERED),
    ).run()
    assert names(rig.told) == ["strategy_fell_back", "strategy_fell_back", "call_ended"]
    assert (rig.told[1].from_, rig.told[1].to) == ("b", "c")
    assert str(error) in rig.told[1].why


def test_no_strategy_can_take_over():
    rig = Rig(
        StoryStrategy(UNDISTURBED, NOT_REACHED), StoryStrategy(fails=UsageError("not set"))
    ).run()
    assert rig.told == [
        StrategyFellBack("a", "b", "no route"),
        CallFailed(Stage.PROXY, None, "not set", Disturbed.NO, code="usage"),
        NOT_REACHED,
    ]


def test_each_strategy_and_all_that_happens_is_logged():
    rig = Rig(
        StoryStrategy(UNDISTURBED, NOT_REACHED), StoryStrategy(CalleeRinging(183), ANSWERED)
    ).run()
    story = [entry for entry in rig.logger.story if entry[1] != "call_placed"]
    assert len(story) == len(rig.logger.story) - 1
    assert story[:3] == [
        ("debug", "strategy chosen", {"strategy": "a"}),
        (
            "info",
            "strategy_fell_back",
            {"from": "a", "to": "b", "why": "no route", "reported_by": "siptapi"},
        ),
        ("debug", "strategy chosen", {"strategy": "b"}),
    ]
    assert story[3:] == [
        ("info", "callee_ringing", {"status": 183, "reported_by": "sipfrag"}),
        (
            "info",
            "call_ended",
            {"outcome": "answered", "stage": "callee", "reported_by": "siptapi"},
        ),
    ]


# --- the callee is looked up first ---------------------------------------------------------------


async def find_bob():
    return parse_uri("sip:bob@example.org")


def test_the_strategies_get_the_callee_that_was_found():
    rig = Rig(StoryStrategy(UNDISTURBED, NOT_REACHED), StoryStrategy(ANSWERED))
    rig.run(look_up=find_bob)
    for strategy in rig.strategies:
        assert [str(request.callee) for request in strategy.requests] == ["sip:bob@example.org"]
    assert names(rig.told) == ["strategy_fell_back", "call_ended"]


def test_a_strategy_that_cannot_start_after_the_look_up_is_passed_over():
    rig = Rig(StoryStrategy(fails=UsageError("not set")), StoryStrategy(ANSWERED))
    rig.run(look_up=find_bob)
    assert rig.told == [StrategyFellBack("a", "b", "not set"), ANSWERED]


async def fail():
    raise ZeroDivisionError("oops")


@pytest.mark.parametrize(
    ("look_up", "strategy", "why", "code"),
    [
        (fail, StoryStrategy(ANSWERED), "oops", ""),
        (find_bob, StoryStrategy(fails=UsageError("not set")), "not set", "usage"),
        (
            find_bob,
            StoryStrategy(fails=KeyError("x")),
            "the strategy 'a' broke: KeyError('x')",
            "plugin",
        ),
    ],
)
def test_what_goes_wrong_after_the_dial_is_an_event(look_up, strategy, why, code):
    rig = Rig(strategy).run(look_up=look_up)
    failed = CallFailed(Stage.PROXY, None, why, Disturbed.NO, code=code)
    assert rig.told == [failed, NOT_REACHED]
    assert strategy.attempts == []


async def take_for_ever():
    await asyncio.Event().wait()


def test_a_hang_up_while_the_callee_is_looked_up():
    rig = Rig(StoryStrategy(ANSWERED))

    async def during():
        await asyncio.sleep(0)
        await rig.call.hang_up()
        await rig.call.hang_up()

    rig.run(during, take_for_ever)
    assert rig.told == [CallEnded(Outcome.CANCELLED, Stage.PROXY)]
    assert rig.strategies[0].requests == []
    with pytest.raises(RefusedError, match="the call has ended already"):
        asyncio.run(rig.call.hang_up())


def test_a_hang_up_after_the_look_up_is_the_attempt_s():
    rig = Rig(StoryStrategy(PhoneCalling()))
    rig.run(lambda: rig.hang_up_once("phone_calling"), find_bob)
    assert rig.told == [PhoneCalling(), CANCELLED]


# --- strategies that misbehave -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "words"),
    [
        ((PhoneCalling(), ZeroDivisionError("oops")), "broke: ZeroDivisionError('oops')"),
        ((PhoneCalling(), STOP), "ended without saying how the call went"),
        ((PhoneCalling(), "ringing!"), "broke: TypeError(\"it reported 'ringing!'\")"),
    ],
)
def test_an_attempt_that_breaks_ends_the_call_as_unknown(story, words):
    other = StoryStrategy(ANSWERED)
    rig = Rig(StoryStrategy(*story), other).run()
    assert rig.told == [
        PhoneCalling(),
        CallFailed(Stage.PROXY, None, f"the strategy 'a' {words}", Disturbed.MAYBE),
        CallEnded(Outcome.UNKNOWN, Stage.PROXY),
    ]
    assert other.attempts == []
    assert rig.logger.events == ([] if STOP in story else ["strategy broke"])


class Odd:
    """A strategy that returns what it is given."""

    def __init__(self, attempt):
        self.attempt = attempt

    def start(self, request, network):
        return self.attempt


@pytest.mark.parametrize("attempt", [None, 3, object])
def test_a_start_that_returns_no_attempt_is_a_broken_contract(attempt):
    rig = Rig(Odd(attempt))
    with pytest.raises(PluginError, match="the strategy 'a' broke: its start returned"):
        rig.call.begin()
    rig = Rig(Odd(attempt), StoryStrategy(ANSWERED)).run()
    assert names(rig.told) == ["strategy_fell_back", "call_ended"]


class NoIterator:
    """An attempt whose events cannot be iterated over."""

    def events(self):
        return 3


def test_events_that_are_none():
    rig = Rig(Odd(NoIterator())).run()
    assert names(rig.told) == ["call_failed", "call_ended"]
    assert rig.failed.reason.startswith("the strategy 'a' broke: TypeError")


@pytest.mark.parametrize("look_up", [None, take_for_ever])
def test_a_call_that_is_given_up_has_an_end_and_tells_nothing_more(look_up):
    async def give_up():
        await asyncio.sleep(0)
        rig.call.give_up()
        rig.call.give_up()
        await until(lambda: len(asyncio.all_tasks()) == 1)

    rig = Rig(StoryStrategy())
    rig.run(give_up, look_up)
    assert rig.told == [CallEnded(Outcome.UNKNOWN, Stage.PROXY)]


class OwnAttempt(ReferAttempt):
    """One of SIPTAPI's own, which does nothing."""

    def __init__(self):
        pass

    def report_to(self, report):
        self.report = report


def test_an_attempt_of_our_own_reports_by_itself_until_the_call_was_given_up():
    attempt = OwnAttempt()
    rig = Rig(Odd(attempt))
    rig.call.begin()
    attempt.report(PhoneCalling())
    rig.call.give_up()
    attempt.report(ANSWERED)
    assert rig.told == [PhoneCalling(), CallEnded(Outcome.UNKNOWN, Stage.PROXY)]


def test_an_attempt_of_our_own_may_take_over():
    attempt = OwnAttempt()
    rig = Rig(StoryStrategy(UNDISTURBED, NOT_REACHED), Odd(attempt))

    async def report():
        await until(lambda: rig.call.strategy == "b")
        attempt.report(PhoneCalling())
        attempt.report(ANSWERED)

    rig.run(report)
    assert rig.told == [StrategyFellBack("a", "b", "no route"), PhoneCalling(), ANSWERED]


def test_an_attempt_that_is_cancelled_by_what_it_waits_for_has_an_end():
    rig = Rig(StoryStrategy(PhoneCalling(), asyncio.CancelledError())).run()
    assert rig.told == [PhoneCalling(), CallEnded(Outcome.UNKNOWN, Stage.PROXY)]


# --- hang up -------------------------------------------------------------------------------------


def test_a_hang_up_is_the_attempt_s():
    rig = Rig(StoryStrategy(PhoneCalling()))
    rig.run(lambda: rig.hang_up_once("phone_calling"))
    assert rig.told == [PhoneCalling(), CANCELLED]
    assert rig.strategies[0].attempts[0].hang_ups == 1


def test_after_a_hang_up_no_other_strategy_is_tried_and_the_failure_is_told():
    other = StoryStrategy(ANSWERED)

    async def fail():
        rig.strategies[0].attempts[0].tell(UNDISTURBED, NOT_REACHED)

    rig = Rig(StoryStrategy(PhoneCalling(), hang_up_with=fail), other)
    rig.run(lambda: rig.hang_up_once("phone_calling"))
    assert rig.told == [PhoneCalling(), UNDISTURBED, NOT_REACHED]
    assert other.attempts == []


def test_no_other_strategy_is_tried_while_a_hang_up_takes_its_time():
    other = StoryStrategy(ANSWERED)

    async def fail_and_take_time():
        rig.strategies[0].attempts[0].tell(UNDISTURBED, NOT_REACHED)
        await until(lambda: rig.call.outcome)

    rig = Rig(StoryStrategy(PhoneCalling(), hang_up_with=fail_and_take_time), other)
    rig.run(lambda: rig.hang_up_once("phone_calling"))
    assert rig.told == [PhoneCalling(), UNDISTURBED, NOT_REACHED]
    assert other.attempts == []


def test_a_hang_up_between_the_failure_and_the_end_stops_the_fallback():
    other = StoryStrategy(ANSWERED)
    rig = Rig(StoryStrategy(PhoneCalling()), other)

    async def during():
        await until(lambda: rig.told)
        attempt = rig.strategies[0].attempts[0]
        attempt.tell(UNDISTURBED)
        await until(attempt.queue.empty)
        await asyncio.sleep(0)
        await rig.call.hang_up()

    rig.run(during)
    assert rig.told == [PhoneCalling(), UNDISTURBED, CANCELLED]
    assert other.attempts == []


@pytest.mark.parametrize(
    "error", [RefusedError("too late"), ZeroDivisionError("oops"), TimeoutError("oops")]
)
def test_a_hang_up_that_was_refused_was_none(error):
    other = StoryStrategy(ANSWERED)
    rig = Rig(StoryStrategy(PhoneCalling(), hang_up_with=error), other)

    async def during():
        await until(lambda: rig.told)
        expected = RefusedError if isinstance(error, RefusedError) else PluginError
        with pytest.raises(expected, match=r"too late|the strategy 'a' broke: \w+Error"):
            await rig.call.hang_up()
        rig.strategies[0].attempts[0].tell(UNDISTURBED, NOT_REACHED)

    rig.run(during)
    assert rig.told == [PhoneCalling(), StrategyFellBack("a", "b", "no route"), ANSWERED]


def test_a_strategy_may_be_unable_to_hang_up():
    rig = Rig(StoryStrategy(PhoneCalling(), capabilities=()), StoryStrategy(ANSWERED))

    async def during():
        await until(lambda: rig.told)
        with pytest.raises(NotSupportedError, match="the strategy 'a' cannot hang up"):
            await rig.call.hang_up()
        assert rig.strategies[0].attempts[0].hang_ups == 0
        rig.strategies[0].attempts[0].tell(UNDISTURBED, NOT_REACHED)

    rig.run(during)
    assert rig.told[-1] == ANSWERED


def test_what_has_ended_cannot_be_hung_up():
    rig = Rig(StoryStrategy(ANSWERED)).run()
    with pytest.raises(RefusedError, match="the call has ended already"):
        asyncio.run(rig.call.hang_up())


# --- transfers -----------------------------------------------------------------------------------

AGENT = parse_uri("sip:401@example.com")


def test_a_transfer_is_the_attempt_s_and_is_told():
    strategy = StoryStrategy(PhoneCalling(), capabilities=Capability)
    rig = Rig(strategy)

    async def during():
        await until(lambda: rig.told)
        await rig.call.transfer(AGENT)
        strategy.attempts[0].tell(ANSWERED)

    rig.run(during)
    assert strategy.attempts[0].transfers == [AGENT]
    assert rig.told == [PhoneCalling(), TransferRequested("sip:401@example.com"), ANSWERED]


def test_after_a_transfer_no_other_strategy_is_tried():
    strategy = StoryStrategy(PhoneCalling(), capabilities=Capability)
    rig = Rig(strategy, StoryStrategy(ANSWERED))

    async def during():
        await until(lambda: rig.told)
        await rig.call.transfer(AGENT)
        strategy.attempts[0].tell(UNDISTURBED, NOT_REACHED)

    rig.run(during)
    assert rig.told[-2:] == [UNDISTURBED, NOT_REACHED]


@pytest.mark.parametrize(
    ("attempt", "error", "words"),
    [
        ({"capabilities": ()}, NotSupportedError, "the strategy 'a' cannot transfer"),
        (
            {"capabilities": Capability, "transfer_with": RefusedError("too late")},
            RefusedError,
            "too late",
        ),
        (
            {"capabilities": Capability, "transfer_with": KeyError("x")},
            PluginError,
            r"the strategy 'a' broke: KeyError\('x'\)",
        ),
    ],
)
def test_a_transfer_that_cannot_be_is_no_transfer(attempt, error, words):
    rig = Rig(StoryStrategy(PhoneCalling(), **attempt), StoryStrategy(ANSWERED))

    async def during():
        await until(lambda: rig.told)
        with pytest.raises(error, match=words):
            await rig.call.transfer(AGENT)
        rig.strategies[0].attempts[0].tell(UNDISTURBED, NOT_REACHED)

    rig.run(during)
    assert "transfer_requested" not in names(rig.told)
    assert rig.told[-1] == ANSWERED


def test_what_has_ended_cannot_be_transferred():
    rig = Rig(StoryStrategy(ANSWERED)).run()
    with pytest.raises(RefusedError, match="nobody is held"):
        asyncio.run(rig.call.transfer(AGENT))


def test_a_call_stays_connected_while_the_phone_that_comes_second_rings():
    story = (
        CalleeTrying("reverse", Reporter.SIPTAPI),
        CalleeRinging(180, Reporter.PROXY),
        CalleeAnswered(Reporter.PROXY),
        ReferAccepted(Reporter.PROXY),
        PhoneRinging(Reporter.SIPFRAG),
        PhoneAnswered(Reporter.SIPFRAG),
        ANSWERED,
    )
    assert Rig(StoryStrategy(*story)).run().states == [
        CallState.CONNECTING,
        CallState.CALLEE_RINGING,
        *[CallState.CONNECTED] * 4,
        CallState.ENDED,
    ]


# --- what is learned -----------------------------------------------------------------------------


def learned(*story, before=None, during=None):
    """Why strategy ``a`` is remembered after ``story``, where there was a choice."""
    rig = Rig(StoryStrategy(*story), StoryStrategy())
    if before:
        rig.memory.remember("office", "a", before)
    rig.run(during and (lambda: during(rig)))
    return rig.memory.why("office", "a")


def test_trap_14_a_refused_refer_is_remembered_for_the_next_dial():
    refused = CallEnded(Outcome.REJECTED, Stage.REFER)
    assert learned(PhoneAnswered(), REFUSED_REFER, refused) == "Decline"


def test_trap_14_silence_is_remembered():
    unknown = CallEnded(Outcome.UNKNOWN, Stage.CALLEE)
    silence = CallFailed(Stage.CALLEE, None, "the phone reported nothing for 32 s")
    assert learned(ReferAccepted(), silence, unknown) == "the phone reported nothing for 32 s"
    assert learned(ReferAccepted(), unknown) == "unknown"


@pytest.mark.parametrize(
    "ended",
    [
        CallEnded(Outcome.CANCELLED, Stage.REFER),
        CallEnded(Outcome.BUSY, Stage.PHONE),
        CallEnded(Outcome.FAILED, Stage.PROXY),
        CallEnded(Outcome.CANCELLED, Stage.PHONE),
    ],
)
def test_what_says_nothing_of_the_strategy_changes_nothing(ended):
    assert learned(ended) is None
    assert learned(ended, before="earlier") == "earlier"


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.BUSY, Outcome.NOT_FOUND])
def test_a_callee_that_was_reached_is_a_strategy_that_works(outcome):
    assert learned(CallEnded(outcome, Stage.CALLEE), before="earlier") is None


def test_after_a_hang_up_silence_teaches_nothing():
    async def during(rig):
        await until(lambda: rig.told)
        attempt = rig.strategies[0].attempts[0]
        attempt.tell(CallEnded(Outcome.UNKNOWN, Stage.CALLEE))
        await rig.call.hang_up()

    assert learned(ReferAccepted(), during=during) is None
    assert learned(ReferAccepted(), before="earlier", during=during) == "earlier"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SettingsError("give one", key="lines.a.phone"), "siptapi.toml: lines.a.phone: give one"),
        (SettingsError("give one", where="other.toml", key="x"), "other.toml: x: give one"),
    ],
)
def test_an_error_in_the_settings_names_the_file(error, words):
    rig = Rig(StoryStrategy(fails=error))
    with pytest.raises(SettingsError) as caught:
        rig.call.begin()
    assert str(caught.value) == words
