"""Commands and events: who may use which line, the order of events, closing."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from types import SimpleNamespace

import pytest
from dialer_bench import (
    ANSWERED,
    CANCELLED,
    NOT_REACHED,
    UNDISTURBED,
    RecordingLogger,
    StoryStrategy,
    make_identity,
    until,
)

from siptapi_core.commands import (
    Caller,
    Calls,
    CallState,
    Dial,
    Dialling,
    Done,
    Explain,
    HangUp,
    LineStatus,
    ListCalls,
    ListLines,
    Resolve,
)
from siptapi_core.dialer import outgoing_calls
from siptapi_core.dialer.event_bus import EventBus
from siptapi_core.dialer.line import Line
from siptapi_core.dialer.local_dialer import LocalDialer
from siptapi_core.dialer.strategy_memory import StrategyMemory
from siptapi_core.errors import (
    DeniedError,
    NumberError,
    PluginError,
    RefusedError,
    UnknownNameError,
    UsageError,
)
from siptapi_core.events import (
    CallEnded,
    CallEvent,
    CallPlaced,
    Direction,
    Happening,
    Outcome,
    PhoneCalling,
    PhoneRinging,
    Stage,
    TracedMessage,
)
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.numbers import NumberRules
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Number
from siptapi_core.testing.counting_identifiers import CountingIdentifiers
from siptapi_core.testing.fake_clock import FakeClock

ANYBODY = Caller(frontend="test")
OFFICE_ONLY = Caller(frontend="test", lines=frozenset({"office"}))
HOME_ONLY = Caller(frontend="test", lines=frozenset({"home"}))
NOBODY = Caller(frontend="test", lines=frozenset())


class Rig:
    """A dialer with the lines ``office`` and ``home``; strategies by name."""

    def __init__(self, rules=None, **strategies):
        self.clock = FakeClock()
        self.logger = RecordingLogger()
        self.tracers = []
        self.strategies = strategies or {"a": StoryStrategy(PhoneCalling())}
        self.memory = StrategyMemory(None, self.clock, self.logger)
        self.shown = []
        self.dialer = LocalDialer(
            events=EventBus(self.clock),
            lines={name: self.line(name, rules or NumberRules()) for name in ("office", "home")},
            default_line="office",
            strategy=self.strategy,
            memory=self.memory,
            identifiers=CountingIdentifiers(),
            clock=self.clock,
            logger=self.logger,
            tracers=self.tracers,
            messages_of=lambda _call: (),
        )
        self.events = self.dialer.events(ANYBODY)

    def line(self, name, rules):
        def identity(number):
            self.shown.append(number)
            return make_identity(name, display_name=number)

        return Line(
            name=name,
            account=make_identity(name).address_of_record,
            identity=identity,
            rules=rules,
            strategies=tuple(self.strategies),
            network=lambda _call, _logger: SimpleNamespace(),
            resolvers=ResolverChain([], line=name, clock=self.clock),
        )

    def strategy(self, name):
        if name not in self.strategies:
            raise UnknownNameError("strategy", name, known=tuple(self.strategies))
        return self.strategies[name]

    def execute(self, command, caller=ANYBODY):
        return self.dialer.execute(command, caller)

    def attempt(self, name="a", index=0):
        return self.strategies[name].attempts[index]

    async def next(self):
        """What is told next, but for what each call begins with."""
        event = await asyncio.wait_for(anext(self.events), 5)
        return await self.next() if isinstance(event.happening, CallPlaced) else event


# --- dial ----------------------------------------------------------------------------------------


def test_a_dial_is_answered_at_once_and_the_rest_are_events():
    async def main():
        rig = Rig()
        reply = await rig.execute(Dial(number="+431505641"))
        assert isinstance(reply, Dialling)
        assert (reply.call, reply.line) == ("tag-1", "office")
        assert reply.explanation.number == Number("+431505641", "+431505641")
        placed = CallPlaced("+431505641", "sip:+431505641@example.com", "test")
        assert await anext(rig.events) == CallEvent(1, "tag-1", "office", rig.clock.time(), placed)
        rig.clock.advance(2.0)
        assert await rig.next() == CallEvent(2, "tag-1", "office", rig.clock.time(), PhoneCalling())
        rig.attempt().tell(PhoneRinging(), ANSWERED)
        assert [(await rig.next()).id for _ in range(2)] == [3, 4]

    asyncio.run(main())


def test_the_strategy_is_told_whom_to_call_and_what_to_show():
    async def main():
        rig = Rig()
        await rig.execute(Dial(number="+431505641"))
        [request] = rig.strategies["a"].requests
        assert str(request.callee) == "sip:+431505641@example.com"
        assert request.number == Number("+431505641", "+431505641")
        assert request.line.display_name == "+431505641"
        await rig.execute(Dial(number="sip:bob@example.org", line="home"))
        request = rig.strategies["a"].requests[1]
        assert request.callee == SipUri(host="example.org", user="bob")
        assert request.number is None
        assert request.line.name == "home"
        assert request.line.display_name == "sip:bob@example.org"

    asyncio.run(main())


def test_two_calls_are_told_apart():
    async def main():
        rig = Rig()
        first = await rig.execute(Dial(number="301"))
        second = await rig.execute(Dial(number="302", line="home"))
        assert first.call != second.call
        rig.attempt(index=1).tell(ANSWERED)
        rig.attempt(index=0).tell(NOT_REACHED)
        events = [await rig.next() for _ in range(4)]
        assert [event.id for event in events] == [3, 4, 5, 6]
        by_call = {
            call: [e.happening.name for e in events if e.call == call]
            for call in (first.call, second.call)
        }
        assert list(by_call.values()) == [["phone_calling", "call_ended"]] * 2
        assert {event.line for event in events if event.call == second.call} == {"home"}

    asyncio.run(main())


@pytest.mark.parametrize(
    ("number", "error"), [("", NumberError), ("no number", NumberError), ("sip:", NumberError)]
)
def test_what_cannot_be_dialled_is_refused_and_makes_no_call(number, error):
    async def main():
        rig = Rig()
        with pytest.raises(error):
            await rig.execute(Dial(number=number))
        assert await rig.execute(ListCalls()) == Calls(())

    asyncio.run(main())


def test_the_rules_of_the_line_are_kept():
    async def main():
        rules = NumberRules(deny=("^0900",), confirm=("^0820",))
        rig = Rig(rules)
        for number in ("0900123456",):
            for confirmed in (False, True):
                with pytest.raises(DeniedError, match="may not be dialled") as caught:
                    await rig.execute(Dial(number=number, confirmed=confirmed))
                assert not caught.value.confirmable
                assert "(rule " in str(caught.value)
        with pytest.raises(DeniedError, match="must be confirmed") as caught:
            await rig.execute(Dial(number="0820123456"))
        assert caught.value.confirmable
        assert rig.strategies["a"].attempts == []
        assert isinstance(await rig.execute(Dial(number="0820123456", confirmed=True)), Dialling)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("country_code", "logged"),
    [
        (None, []),
        (43, []),
        (49, [("the number is of another country", 49, "+43150564")]),
    ],
)
def test_what_a_program_says_of_the_country_changes_nothing(country_code, logged):
    async def main():
        rig = Rig()
        reply = await rig.execute(Dial(number="+43 1 50564", country_code=country_code))
        assert reply.explanation.e164 == "+43150564"
        lines = rig.logger.lines
        assert [(event, values["said"], values["read"]) for _, event, values in lines] == logged

    asyncio.run(main())


def test_a_strategy_can_be_chosen_for_one_call():
    async def main():
        rig = Rig(a=StoryStrategy(UNDISTURBED, NOT_REACHED), b=StoryStrategy(ANSWERED))
        await rig.execute(Dial(number="301", strategy="b"))
        assert (await rig.next()).happening == ANSWERED
        await rig.execute(Dial(number="301", strategy="a"))
        assert (await rig.next()).happening == UNDISTURBED
        assert len(rig.strategies["b"].attempts) == 1
        with pytest.raises(UnknownNameError, match="there is a, b"):
            await rig.execute(Dial(number="301", strategy="c"))

    asyncio.run(main())


def test_trap_14_what_failed_on_the_line_comes_last_next_time():
    async def main():
        refused = CallEnded(Outcome.REJECTED, Stage.REFER)
        rig = Rig(a=StoryStrategy(refused), b=StoryStrategy(ANSWERED))
        await rig.execute(Dial(number="301"))
        assert (await rig.next()).happening == refused
        await rig.execute(Dial(number="301"))
        assert (await rig.next()).happening == ANSWERED
        await rig.execute(Dial(number="301", line="home"))
        assert (await rig.next()).happening == refused

    asyncio.run(main())


def test_a_strategy_that_cannot_start_makes_no_call():
    async def main():
        rig = Rig(a=StoryStrategy(fails=UsageError("no phone_address is set")))
        with pytest.raises(UsageError, match="no phone_address is set"):
            await rig.execute(Dial(number="301"))
        assert await rig.execute(ListCalls()) == Calls(())

    asyncio.run(main())


# --- the other commands --------------------------------------------------------------------------


def test_explain_dials_nothing():
    async def main():
        rig = Rig()
        explanation = await rig.execute(Explain(text="+43 1 505641"))
        assert explanation.number == Number("+431505641", "+431505641")
        assert rig.strategies["a"].requests == []

    asyncio.run(main())


def test_resolve_is_the_line_s():
    async def main():
        rig = Rig()
        resolution = await rig.execute(Resolve(target="example.com", line="home"))
        assert resolution.line == "home"
        assert "no resolver of line 'home'" in resolution.problem

    asyncio.run(main())


def test_calls_in_progress_are_listed_as_they_are():
    async def main():
        rig = Rig()
        rig.clock.advance(5.0)
        dialling = await rig.execute(Dial(number="301"))
        rig.attempt().tell(PhoneRinging())
        await rig.next()
        await rig.next()
        [status] = (await rig.execute(ListCalls())).calls
        assert (status.call, status.line, status.number) == (dialling.call, "office", "301")
        assert (status.state, status.strategy) == (CallState.PHONE_RINGING, "a")
        assert status.started == rig.clock.time()
        rig.attempt().tell(ANSWERED)
        await rig.next()
        assert await rig.execute(ListCalls()) == Calls(())

    asyncio.run(main())


def test_lines_are_listed_with_what_they_call():
    async def main():
        rig = Rig()
        lines = (await rig.execute(ListLines())).lines
        assert lines[0] == LineStatus(
            name="office",
            account="sip:200@example.com",
            phone="sip:201@example.com",
            strategies=("a",),
        )
        assert [line.name for line in lines] == ["office", "home"]

    asyncio.run(main())


def test_many_lines_are_listed_with_turns_for_calls_in_between():
    async def main():
        rig = Rig()
        lines = {f"line-{n}": rig.line(f"line-{n}", NumberRules()) for n in range(250)}
        rig.dialer._lines = lines

        async def remove():
            lines.pop("line-5")  # is listed already
            lines.pop("line-205")

        removing = asyncio.create_task(remove())
        listed = (await rig.execute(ListLines())).lines
        assert removing.done()
        expected = [f"line-{n}" for n in range(250) if n != 205]
        assert [line.name for line in listed] == expected

    asyncio.run(main())


def test_a_hang_up_is_done_and_the_end_is_an_event():
    async def main():
        rig = Rig()
        dialling = await rig.execute(Dial(number="301"))
        await rig.next()
        assert await rig.execute(HangUp(call=dialling.call)) == Done()
        assert (await rig.next()).happening == CANCELLED
        with pytest.raises(RefusedError, match="there is no call 'tag-1' in progress"):
            await rig.execute(HangUp(call=dialling.call))

    asyncio.run(main())


def test_a_strategy_that_breaks_at_a_hang_up_is_named():
    async def main():
        rig = Rig(a=StoryStrategy(PhoneCalling(), hang_up_with=KeyError("x")))
        dialling = await rig.execute(Dial(number="301"))
        with pytest.raises(PluginError, match="the strategy 'a' broke"):
            await rig.execute(HangUp(call=dialling.call))
        rig.attempt().tell(ANSWERED)
        await rig.next()

    asyncio.run(main())


# --- who may use which line ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "line"), [(ANYBODY, "office"), (OFFICE_ONLY, "office"), (HOME_ONLY, "home")]
)
def test_without_a_name_it_is_the_default_line_or_the_first_that_may_be_used(caller, line):
    async def main():
        rig = Rig()
        assert (await rig.execute(Dial(number="301"), caller)).line == line

    asyncio.run(main())


@pytest.mark.parametrize("command", [Dial, Explain, Resolve])
@pytest.mark.parametrize(
    ("caller", "line", "known"),
    [
        (OFFICE_ONLY, "home", "there is office"),
        (ANYBODY, "cellar", "there is office, home"),
        (NOBODY, "office", "there is no line at all"),
        (NOBODY, None, "there is no line at all"),
    ],
)
def test_another_line_is_not_there(command, caller, line, known):
    async def main():
        rig = Rig()
        what = {Dial: "number", Explain: "text", Resolve: "target"}[command]
        with pytest.raises(UnknownNameError, match=known):
            await rig.execute(command(**{what: "301"}, line=line), caller)
        assert rig.strategies["a"].attempts == []

    asyncio.run(main())


def test_only_one_s_own_lines_and_calls_are_seen():
    async def main():
        rig = Rig()
        office = await rig.execute(Dial(number="301"))
        home = await rig.execute(Dial(number="302", line="home"))

        async def seen(caller):
            calls = (await rig.execute(ListCalls(), caller)).calls
            lines = (await rig.execute(ListLines(), caller)).lines
            return [call.call for call in calls], [line.name for line in lines]

        assert await seen(ANYBODY) == ([office.call, home.call], ["office", "home"])
        assert await seen(OFFICE_ONLY) == ([office.call], ["office"])
        assert await seen(HOME_ONLY) == ([home.call], ["home"])
        assert await seen(NOBODY) == ([], [])
        with pytest.raises(RefusedError, match="there is no call 'tag-1' in progress"):
            await rig.execute(HangUp(call=office.call), HOME_ONLY)
        assert rig.attempt().hang_ups == 0
        await rig.execute(HangUp(call=office.call), OFFICE_ONLY)
        assert rig.attempt().hang_ups == 1

    asyncio.run(main())


# --- events --------------------------------------------------------------------------------------


def test_events_are_kept_for_who_comes_later():
    async def main():
        rig = Rig(a=StoryStrategy(PhoneCalling(), ANSWERED))
        await rig.execute(Dial(number="301"))
        first, second = await rig.next(), await rig.next()
        replayed = rig.dialer.events(ANYBODY, after=first.id)
        assert await anext(replayed) == second
        await rig.dialer.close()
        assert [event async for event in replayed] == []

    asyncio.run(main())


def test_nobody_is_held_up_by_a_listener_that_does_not_listen():
    async def main():
        rig = Rig(a=StoryStrategy(PhoneCalling(), ANSWERED))
        slow = rig.dialer.events(ANYBODY)
        for _ in range(3):
            await rig.execute(Dial(number="301"))
            await rig.next()
            await rig.next()
        assert [(await anext(slow)).id for _ in range(6)] == [1, 2, 3, 4, 5, 6]

    asyncio.run(main())


# --- tracing -------------------------------------------------------------------------------------

MESSAGE = TracedMessage(0.0, Direction.SENT, "udp:192.0.2.1:5060", "call", "BYE sip:a SIP/2.0")


def test_nothing_is_traced_while_nobody_asks():
    async def main():
        rig = Rig()
        assert rig.tracers == []
        first, second = rig.dialer.traced(), rig.dialer.traced()
        [trace] = rig.tracers
        trace(MESSAGE)
        assert await anext(first) == await anext(second) == MESSAGE
        del first
        gc.collect()
        trace(MESSAGE)
        assert rig.tracers == [trace]
        del second
        gc.collect()
        trace(MESSAGE)
        assert rig.tracers == []
        third = rig.dialer.traced()
        [again] = rig.tracers
        again(MESSAGE)
        rig.dialer._messages.close()
        assert [message async for message in third] == [MESSAGE]

    asyncio.run(main())


def test_who_asks_again_after_another_fell_behind_gets_each_message_once(monkeypatch):
    monkeypatch.setattr("siptapi_core.dialer.event_bus.KEPT", 2)

    async def main():
        rig = Rig()
        slow = rig.dialer.traced()
        for _ in range(3):
            rig.tracers[0](MESSAGE)
        quick = rig.dialer.traced()
        for trace in tuple(rig.tracers):
            trace(MESSAGE)
        rig.dialer._messages.close()
        assert [message async for message in quick] == [MESSAGE]
        with pytest.raises(RefusedError):
            _ = [message async for message in slow]

    asyncio.run(main())


# --- close ---------------------------------------------------------------------------------------


def test_closing_hangs_up_what_is_held_and_ends_the_streams():
    async def main():
        rig = Rig()
        messages = rig.dialer.traced()
        await rig.execute(Dial(number="301"))
        await rig.execute(Dial(number="302"))
        await asyncio.wait_for(rig.dialer.close(), 5)
        told: dict[str, list[Happening]] = {}
        async for event in rig.events:
            told.setdefault(event.call, []).append(event.happening)
        assert [type(happenings.pop(0)) for happenings in told.values()] == [CallPlaced] * 2
        assert list(told.values()) == [[PhoneCalling(), CANCELLED]] * 2
        assert [message async for message in messages] == []
        assert rig.logger.lines == []
        with pytest.raises(RefusedError, match="shutting down"):
            await rig.execute(Dial(number="301"))

    asyncio.run(main())


def test_closing_when_nothing_is_held():
    async def main():
        rig = Rig()
        await asyncio.wait_for(rig.dialer.close(), 5)
        assert [event async for event in rig.events] == []

    asyncio.run(main())


def test_closing_thousands_of_calls_lets_the_loop_turn_meanwhile():
    calls, turns = 10 * outgoing_calls.AT_A_TIME, 0
    hung_up_in: list[int] = []

    async def main():
        nonlocal turns

        async def hang_up():
            hung_up_in.append(turns)

        async def turn():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        rig = Rig(a=StoryStrategy(PhoneCalling(), hang_up_with=hang_up))
        for _ in range(calls):
            await rig.execute(Dial(number="301"))
        turning = asyncio.create_task(turn())
        await asyncio.wait_for(rig.dialer.close(), 60)
        turning.cancel()
        endings = [event.happening async for event in rig.events if event.happening == CANCELLED]
        assert len(endings) == calls

    asyncio.run(main())
    assert len(hung_up_in) == calls
    assert max(Counter(hung_up_in).values()) <= outgoing_calls.AT_A_TIME


def test_where_nobody_waits_for_the_closing_each_call_is_told_to_have_ended_before_it():
    async def main():
        async def never():
            await asyncio.sleep(3600)

        rig = Rig(a=StoryStrategy(PhoneCalling(), hang_up_with=never))
        for _ in range(3):
            await rig.execute(Dial(number="301"))
        closing = asyncio.create_task(rig.dialer.close())
        await until(lambda: all(attempt.hang_ups for attempt in rig.strategies["a"].attempts))
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        told = [event.happening async for event in rig.events]
        assert told[-3:] == [CallEnded(Outcome.UNKNOWN, Stage.PROXY)] * 3

    asyncio.run(main())


@pytest.mark.parametrize(
    "attempt",
    [
        {"hang_up_with": RefusedError("the phone has it now")},
        {"hang_up_with": ZeroDivisionError("oops")},
        {"capabilities": ()},
    ],
    ids=["refused", "broken", "unable"],
)
def test_what_cannot_be_hung_up_does_not_keep_the_others(monkeypatch, attempt):
    monkeypatch.setattr(outgoing_calls, "GOODBYE_SECONDS", 0.01)

    async def main():
        rig = Rig(a=StoryStrategy(PhoneCalling(), **attempt), b=StoryStrategy(PhoneCalling()))
        await rig.execute(Dial(number="301"))
        await rig.execute(Dial(number="302", strategy="b"))
        await asyncio.wait_for(rig.dialer.close(), 5)
        events = [(event.call, event.happening) async for event in rig.events]
        assert ("tag-2", CANCELLED) in events
        assert events[-1] == ("tag-1", CallEnded(Outcome.UNKNOWN, Stage.PROXY))
        assert rig.logger.events == ["not hung up", "calls did not end in time"]
        assert rig.logger.lines[1][2] == {"calls": 1}
        assert await rig.execute(ListCalls()) == Calls(())

    asyncio.run(main())


def test_an_event_that_cannot_be_told_is_logged_and_the_call_goes_on_and_ends():
    async def main():
        rig = Rig()

        def broken():
            raise ZeroDivisionError

        dialling = await rig.execute(Dial(number="301"))
        await until(rig.attempt().queue.empty)
        rig.clock.time = broken
        rig.attempt().tell(PhoneRinging())
        await until(lambda: rig.logger.lines)
        del rig.clock.time
        (call,) = (await rig.execute(ListCalls())).calls
        assert call.state is CallState.PHONE_RINGING
        rig.attempt().tell(ANSWERED)
        await until(lambda: not len(rig.dialer.outgoing))
        values = {"happening": "phone_ringing", "why": "ZeroDivisionError()"}
        said = {"call": dialling.call, "line": "office"} | values
        assert rig.logger.lines == [("error", "event not told", said)]
        assert [(await rig.next()).happening for _ in range(2)] == [PhoneCalling(), ANSWERED]

    asyncio.run(main())
