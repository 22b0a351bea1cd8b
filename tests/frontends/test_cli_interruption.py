from __future__ import annotations

import asyncio
import os
import signal

import pytest

from siptapi_frontends.cli import interruption
from siptapi_frontends.cli.interruption import Interruption


class Left(BaseException):
    """Instead of the end of this process."""


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    done: list[object] = []

    def leave(code: int) -> None:
        done.append(code)
        raise Left

    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(interruption, "detach", lambda *descriptors: done.append(descriptors))
    return done


def test_without_a_call_a_signal_is_an_interrupt(left: list[object]) -> None:
    with Interruption(lambda: None).handled(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert left == []


def test_with_a_call_the_first_asks_and_the_second_leaves(left: list[object]) -> None:
    under_test = Interruption(lambda: left.append("last words"))

    async def call() -> None:
        with under_test.hanging_up():
            signal.raise_signal(signal.SIGINT)
            await asyncio.wait_for(under_test.interrupted.wait(), 5)
            with pytest.raises(Left):
                signal.raise_signal(signal.SIGTERM)

    with under_test.handled():
        asyncio.run(call())
    assert left == ["last words", 130]


def test_after_the_call_a_signal_is_an_interrupt_again(left: list[object]) -> None:
    under_test = Interruption(lambda: None)

    async def call() -> None:
        with under_test.hanging_up():
            pass
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    with under_test.handled():
        asyncio.run(call())
    assert not under_test.interrupted.is_set()
    assert left == []


def test_a_closed_terminal_is_not_written_to_any_more(left: list[object]) -> None:
    if not hasattr(signal, "SIGHUP"):
        return
    with Interruption(lambda: None).handled(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGHUP)
    assert left == [(1, 2)]


def test_what_whoever_started_us_ignores_stays_ignored(left: list[object]) -> None:
    number = getattr(signal, "SIGHUP", signal.SIGTERM)
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with Interruption(lambda: None).handled():
            signal.raise_signal(number)
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)
    assert left == []


def test_a_signal_that_comes_just_before_the_loop_waits_is_noticed() -> None:
    """The moment itself cannot be met on purpose; what wakes the loop can be seen."""
    under_test = Interruption(lambda: None)

    def wakeup_descriptor() -> int:
        descriptor = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(descriptor)
        return descriptor

    async def call() -> list[int]:
        before = wakeup_descriptor()
        with under_test.hanging_up():
            during = wakeup_descriptor()
            os.write(during, b"x" * 10)
            await asyncio.sleep(0)
        return [before, during, wakeup_descriptor()]

    before, during, after = asyncio.run(call())
    assert during not in (-1, before)
    assert after == before
