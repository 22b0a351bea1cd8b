"""Whatever is told, in whatever order, with restarts and kills in between: a simple model knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from any_events import HAPPENINGS, LINE_HAPPENINGS
from history_bench import ALL, Bench, kill, run, scratch
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.commands import CallDirection, CallRecord, ListHistory
from siptapi_core.events import (
    CallCorrected,
    CalleeAnswered,
    CalleeTrying,
    CallEnded,
    CallEvent,
    CallFailed,
    CallPlaced,
    ConversationEnded,
    Event,
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingRinging,
    LineEvent,
    Outcome,
    PhoneCalling,
    StrategyFellBack,
)

CALLS = st.sampled_from(["c1", "c2", "c3", "c4"])
LINES = st.sampled_from(["office", "home"])
TIMES = st.sampled_from([1000.0, 1000.5, 2000.0, 2001.25])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("call"), CALLS, LINES, TIMES, HAPPENINGS),
        st.tuples(st.just("line"), LINES, TIMES, LINE_HAPPENINGS),
        st.sampled_from([("ask",), ("restart",), ("kill",)]),
    ),
    max_size=25,
)


class Model:
    """What the history should say, with a dictionary a call."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.records: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[CallEvent]] = {}

    def tell(self, event: Event) -> None:
        self.told.append(event)
        if isinstance(event, CallEvent):
            self._begin(event)
            if event.call in self.records:
                self.records[event.call] |= self._changes(event, self.records[event.call])
                self.events[event.call].append(event)

    def end(self) -> None:
        for record in self.records.values():
            record["unfinished"] |= record["ended"] is None

    def record(self, call: str, *, events: bool = False) -> CallRecord:
        return CallRecord(
            call=call, **self.records[call], events=tuple(self.events[call]) if events else ()
        )

    def listed(self) -> list[CallRecord]:
        ordered = sorted(self.records, key=lambda call: (self.records[call]["started"], call))
        return [self.record(call) for call in reversed(ordered)]

    def _begin(self, event: CallEvent) -> None:
        happening = event.happening
        if event.call in self.records or not isinstance(happening, CallPlaced | IncomingRinging):
            return
        is_ours = isinstance(happening, CallPlaced)
        self.events[event.call] = []
        self.records[event.call] = {
            "line": event.line,
            "direction": CallDirection.OUTGOING if is_ours else CallDirection.INCOMING,
            "number": happening.number if is_ours else happening.caller,
            "name": "" if is_ours else happening.caller_name,
            "started": event.time,
            "ended": None,
            "unfinished": False,
        }

    def _changes(  # noqa: C901  # one arm a happening
        self, event: CallEvent, before: dict[str, Any]
    ) -> dict[str, Any]:
        match event.happening:
            case PhoneCalling(strategy=name) | CalleeTrying(strategy=name) if name:
                return {"strategy": name}
            case StrategyFellBack(to=name):
                return {"strategy": name}
            case CalleeAnswered() if before.get("answered") is None:
                return {"answered": event.time}
            case CallFailed(status=status, reason=reason):
                return {"status": status, "reason": reason}
            case CallEnded(outcome=outcome, stage=stage):
                return {"ended": event.time, "outcome": outcome, "stage": stage}
            case CallCorrected(outcome=Outcome.ANSWERED):
                return {"outcome": Outcome.ANSWERED}
            case CallCorrected(outcome=outcome):
                return {"outcome": outcome, "answered": None}
            case ConversationEnded(duration=duration):
                ended = {"ended": event.time, "duration": duration}
                if before.get("answered") is None:
                    ended["answered"] = event.time - duration
                return ended
            case IncomingAnsweredElsewhere():
                answered = {"answered": event.time, "ended": event.time}
                return answered | {"outcome": "answered-elsewhere"}
            case IncomingEnded(outcome=outcome, status=status):
                return {"ended": event.time, "outcome": outcome, "status": status}
        return {}


async def play(folder: Path, steps: list[tuple[Any, ...]]) -> None:
    bench, model = Bench(folder, keep_days=0, keep_calls=0), Model()
    history = bench.abandoned()
    await history.begin()
    first = last = history.last_event
    for step in [*steps, ("ask",)]:
        match step:
            case "call", call, line, time, happening:
                last += 1
                event: Event = CallEvent(last, call, line, time, happening)
                history.record(event)
                model.tell(event)
            case "line", line, time, happening:
                last += 1
                event = LineEvent(last, line, time, happening)
                history.record(event)
                model.tell(event)
            case ("ask",):
                assert list((await history.list_calls(ALL, None)).calls) == model.listed()
                for call in model.records:
                    assert await history.show_call(call, None) == model.record(call, events=True)
                assert list(await history.events_after(first, 1000)) == model.told
            case (ending,):
                await (history.close() if ending == "restart" else kill(history))
                model.end()
                history = bench.abandoned()
                await history.begin()
                if model.told:
                    assert history.last_event == last
                first, last = first if model.told else history.last_event, history.last_event
    assert bench.logger.warnings == []
    await history.close()
    assert bench.files() == []


@given(STEPS)
def test_the_history_is_what_a_simple_model_says(steps: list[tuple[Any, ...]]) -> None:
    with scratch() as folder:
        run(lambda: play(Path(folder), steps))


@given(
    st.lists(st.tuples(CALLS | st.uuids().map(str), TIMES), max_size=30, unique_by=lambda c: c[0]),
    st.integers(1, 7),
)
def test_page_by_page_each_call_is_seen_once(calls: list[tuple[str, float]], limit: int) -> None:
    async def main() -> None:
        with scratch() as folder:
            bench = Bench(Path(folder))
            async with bench.open() as history:
                for number, (call, time) in enumerate(calls, start=1):
                    placed = CallPlaced("1", "sip:1@x", "cli")
                    history.record(CallEvent(number, call, "office", time, placed))
                everything = (await history.list_calls(ALL, None)).calls
                assert {(each.call, each.started) for each in everything} == set(calls)
                pages, page = [], None
                for _ in range(len(calls) + 1):
                    found = await history.list_calls(ListHistory(limit=limit, before=page), None)
                    pages += found.calls
                    page = found.next_page
                    if page is None:
                        break
                assert page is None
                assert tuple(pages) == everything

    run(main)
