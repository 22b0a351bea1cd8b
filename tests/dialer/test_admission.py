"""More is asked for than can be done: who is refused, and what is not."""

from __future__ import annotations

import asyncio

import pytest
from dialer_bench import StoryStrategy
from test_daemon import ANYBODY, ENDED, SETTINGS, Bench, run

from siptapi_core.commands import Dial, ListCalls, ShowStatus
from siptapi_core.dialer.admission import Admission
from siptapi_core.errors import BusyError
from siptapi_core.events import PhoneCalling


def test_a_call_more_than_there_may_be_is_refused():
    admission = Admission(lambda: 2, lambda: 0.0)
    admission.check(0)
    admission.check(1)
    with pytest.raises(BusyError, match=r"busy: 2 calls are in progress.*max_calls.*try again"):
        admission.check(2)
    assert admission.refused == 1


def test_a_loop_that_is_behind_takes_no_more_until_it_has_caught_up():
    lags = [0.9, 1.1, 0.1]
    admission = Admission(lambda: 1000, lambda: lags.pop(0))
    admission.check(0)
    with pytest.raises(BusyError, match=r"it is 1\.1 s behind"):
        admission.check(0)
    admission.check(0)


def test_what_was_begun_is_finished_and_an_emergency_is_always_called(tmp_path):
    text = f'max_calls = 3\n{SETTINGS}[numbers]\nregion = "AT"\n'
    bench = Bench(tmp_path, text)

    async def during(daemon):
        for _ in range(3):
            await daemon.dialer.execute(Dial(number="301"), ANYBODY)
        for _ in range(30):
            with pytest.raises(BusyError):
                await daemon.dialer.execute(Dial(number="301"), ANYBODY)
        await daemon.dialer.execute(Dial(number="112"), ANYBODY)
        assert len((await daemon.dialer.execute(ListCalls(), ANYBODY)).calls) == 4
        counters = (await daemon.dialer.execute(ShowStatus(), ANYBODY)).counters
        assert counters["refused as busy"] == 30
        for attempt in bench.strategy.attempts:
            attempt.tell(ENDED)
        await asyncio.sleep(0.05)
        assert (await daemon.dialer.execute(ListCalls(), ANYBODY)).calls == ()
        await daemon.dialer.execute(Dial(number="301"), ANYBODY)
        bench.strategy.attempts[-1].tell(ENDED)

    run(bench, during)
    assert len(bench.strategy.attempts) == 5


def test_a_reload_brings_another_limit(tmp_path):
    bench = Bench(tmp_path)
    bench.strategy = StoryStrategy(PhoneCalling())

    async def during(daemon):
        await daemon.dialer.execute(Dial(number="301"), ANYBODY)
        bench.file.write_text(f"max_calls = 1\n{SETTINGS}", "utf-8")
        await daemon.reload()
        with pytest.raises(BusyError):
            await daemon.dialer.execute(Dial(number="301"), ANYBODY)
        bench.strategy.attempts[0].tell(ENDED)

    run(bench, during)
