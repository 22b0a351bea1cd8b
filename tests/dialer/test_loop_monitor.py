"""A loop that does not turn: who is named, and when nobody is."""

from __future__ import annotations

import asyncio
import threading
import time
from types import ModuleType

import pytest
from dialer_bench import RecordingLogger

from siptapi_core.dialer import loop_monitor
from siptapi_core.dialer.loop_monitor import LoopMonitor

GUILTY = ModuleType("sbc.inner")
exec("import time\ndef hang(seconds):\n    time.sleep(seconds)\n", vars(GUILTY))


class Bench:
    def __init__(self):
        self.logger = RecordingLogger()
        self.slept = []

    def run(self, *steps, plugins=None):
        async def main():
            monitor = LoopMonitor(
                plugins={"sbc": "the sbc"} if plugins is None else plugins,
                on_slept=self.slept.append,
                logger=self.logger,
            )
            monitor.start()
            try:
                for step in steps:
                    await asyncio.sleep(0.3)
                    step()
                await asyncio.sleep(0.6)
            finally:
                monitor.stop()
            return monitor

        return asyncio.run(main())


def test_a_plugin_that_blocks_the_loop_is_named_within_a_second_while_it_does():
    bench = Bench()
    told_at = []
    error = bench.logger.error
    bench.logger.error = lambda *args, **values: (
        told_at.append(time.monotonic()),
        error(*args, **values),
    )
    begun = []

    def hang():
        begun.append(time.monotonic())
        GUILTY.hang(1.3)

    monitor = bench.run(hang)
    assert told_at[0] - begun[0] < 1.0
    assert monitor.stalls == 1
    (_, event, values), (_, goes_on, after) = bench.logger.lines
    assert event == "the event loop is blocked: all calls wait"
    assert values["plugin"] == "the sbc"
    assert values["at"].endswith(", line 3")
    assert goes_on == "the event loop goes on"
    assert 1.0 < after["blocked_for"] < 3.0


def test_code_of_nobody_in_particular_is_shown_by_its_line():
    bench = Bench()
    bench.run(lambda: GUILTY.hang(1.3), plugins={})
    assert bench.logger.lines[0][2]["plugin"] == "none"
    assert "line 3" in bench.logger.lines[0][2]["at"]


def test_each_blockade_is_told_of():
    bench = Bench()
    monitor = bench.run(lambda: GUILTY.hang(1.1), lambda: GUILTY.hang(1.1))
    assert monitor.stalls == 2


def test_a_loop_that_turns_is_no_news():
    bench = Bench()
    monitor = bench.run()
    assert bench.logger.lines == []
    assert monitor.stalls == 0
    assert monitor.lag < 0.3
    assert not any(each.name == "loop monitor" for each in threading.enumerate())


def test_a_process_that_stood_still_as_a_whole_has_nobody_to_blame(monkeypatch):
    bench, clock = Bench(), time.monotonic
    offset = [0.0]
    monkeypatch.setattr(loop_monitor.time, "monotonic", lambda: clock() + offset[0])

    def stop():
        offset[0] += 60.0
        time.sleep(0.4)  # the thread looks before the loop beats

    monitor = bench.run(stop)
    assert monitor.stalls == 0
    assert bench.logger.lines == []


def test_what_waits_in_the_selector_is_idle(monkeypatch):
    """Where the beat alone is missing, the loop is not blocked."""
    bench = Bench()
    monkeypatch.setattr(LoopMonitor, "_beat", lambda self: None)
    monitor = bench.run(lambda: None, lambda: None, lambda: None)
    assert monitor.stalls == 0


def test_the_lag_is_how_late_the_loop_is():
    bench = Bench()
    lags = []

    async def main():
        monitor = LoopMonitor(plugins={}, on_slept=bench.slept.append, logger=bench.logger)
        monitor.start()
        await asyncio.sleep(0.3)
        for _ in range(2):
            GUILTY.hang(0.5)
            await asyncio.sleep(0.01)
            lags.append(monitor.lag)
        await asyncio.sleep(0.6)
        lags.append(monitor.lag)
        monitor.stop()

    asyncio.run(main())
    assert lags[0] < 0.2, "once it may have stood still"
    assert 0.2 < lags[1] < 0.6
    assert lags[2] < 0.2


@pytest.mark.parametrize(("seconds", "is_told"), [(1.0, False), (3600.0, True)])
def test_a_computer_that_slept_is_noticed_once(monkeypatch, seconds, is_told):
    bench, clock = Bench(), loop_monitor.seconds_with_sleep
    offset = [0.0]
    monkeypatch.setattr(loop_monitor, "seconds_with_sleep", lambda: clock() + offset[0])

    def sleep():
        offset[0] += seconds

    bench.run(sleep)
    assert [round(each) for each in bench.slept] == ([3600] if is_told else [])


def test_a_loop_that_the_machine_does_not_let_run_has_nobody_to_blame(monkeypatch):
    bench, begun = Bench(), time.monotonic()
    monkeypatch.setattr(
        loop_monitor, "_waited_for_processor", lambda _thread: 0.9 * (time.monotonic() - begun)
    )
    monitor = bench.run(lambda: GUILTY.hang(1.3))
    assert monitor.stalls == 0
    assert bench.logger.lines == []


def test_where_no_system_counts_what_a_thread_waits_it_waited_for_nothing():
    assert loop_monitor._waited_for_processor(0) == 0.0
    assert loop_monitor._waited_for_processor(threading.get_native_id()) >= 0.0
