from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.machine.timers import SipTimers, TimerQueue


def test_the_values_of_rfc_3261_table_4():
    timers = SipTimers()
    assert (timers.t1, timers.t2, timers.t4) == (0.5, 4.0, 5.0)
    assert timers.transaction_timeout == 32.0
    assert timers.response_absorption == 32.0


@pytest.mark.parametrize(("t1", "absorption"), [(0.1, 32.0), (1.0, 64.0)])
def test_timer_d_is_never_shorter_than_32_seconds(t1, absorption):
    assert SipTimers(t1=t1).response_absorption == absorption
    assert SipTimers(t1=t1).transaction_timeout == 64 * t1


def test_an_empty_queue_waits_for_nothing():
    queue = TimerQueue()
    assert queue.next_deadline() is None
    assert len(queue) == 0
    queue.run_due(1e9)


def test_what_is_due_is_done_in_order_of_the_deadlines():
    queue, done = TimerQueue(), []
    for deadline in (3.0, 1.0, 2.0):
        queue.schedule(deadline, lambda now, deadline=deadline: done.append((deadline, now)))
    assert queue.next_deadline() == 1.0
    queue.run_due(0.999)
    assert done == []
    queue.run_due(2.0)
    assert done == [(1.0, 2.0), (2.0, 2.0)]
    assert queue.next_deadline() == 3.0
    assert len(queue) == 1


def test_a_cancelled_timer_never_fires():
    queue, done = TimerQueue(), []
    first = queue.schedule(1.0, done.append)
    queue.schedule(2.0, done.append)
    queue.cancel(first)
    queue.cancel(first)
    assert len(queue) == 1
    assert queue.next_deadline() == 2.0
    queue.run_due(5.0)
    assert done == [5.0]


def test_a_timer_that_is_cancelled_by_another_of_the_same_moment_does_not_fire():
    queue, done = TimerQueue(), []
    queue.schedule(1.0, lambda _: queue.cancel(second))
    second = queue.schedule(1.5, done.append)
    queue.run_due(2.0)
    assert done == []


def test_cancelling_after_it_fired_is_harmless():
    queue, done = TimerQueue(), []
    timer = queue.schedule(1.0, done.append)
    queue.run_due(1.0)
    queue.cancel(timer)
    assert done == [1.0]


def test_an_action_may_schedule_what_is_due_at_once():
    queue, done = TimerQueue(), []
    queue.schedule(1.0, lambda now: queue.schedule(now, done.append))
    queue.run_due(1.0)
    assert done == [1.0]


def test_what_follows_an_action_that_raises_is_still_to_come():
    queue, done = TimerQueue(), []

    def breaks(_now: float) -> None:
        raise ZeroDivisionError

    queue.schedule(1.0, breaks)
    queue.schedule(2.0, done.append)
    with pytest.raises(ZeroDivisionError):
        queue.run_due(3.0)
    assert queue.next_deadline() == 2.0
    queue.run_due(3.0)
    assert done == [3.0]


def test_ten_thousand_cancelled_timers_do_not_stay():
    queue, done = TimerQueue(), []
    queue.schedule(0.5, done.append)
    for number in range(10_000):
        queue.cancel(queue.schedule(1.0 + number, done.append))
        assert len(queue._heap) <= 1024 + 2
    assert len(queue) == 1
    queue.run_due(20_000.0)
    assert done == [20_000.0]


def test_as_many_cancelled_timers_may_stay_as_are_still_to_come():
    queue, done = TimerQueue(), []
    for number in range(2000):
        queue.schedule(float(number), done.append)
    longest = 0
    for _ in range(10_000):
        queue.cancel(queue.schedule(1e9, done.append))
        longest = max(longest, len(queue._heap))
    assert longest == 1024 + 2 * 2000
    assert len(queue) == 2000
    queue.run_due(1e6)
    assert len(done) == 2000


def test_a_timer_takes_the_place_of_another():
    queue, done = TimerQueue(), []
    first = queue.schedule(1.0, lambda _now: done.append("first"))
    queue.schedule(2.0, lambda _now: done.append("second"), replacing=first)
    assert len(queue) == 1
    assert queue.next_deadline() == 2.0
    queue.run_due(5.0)
    assert done == ["second"]


def test_there_may_be_no_timer_to_cancel():
    queue = TimerQueue()
    queue.cancel(None)
    queue.schedule(1.0, lambda _now: None, replacing=None)
    assert len(queue) == 1


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=50), st.floats(0, 100))
def test_exactly_what_is_due_and_not_cancelled_is_done(timers, now):
    queue, done = TimerQueue(), []
    for number, (deadline, cancelled) in enumerate(timers):
        timer = queue.schedule(deadline, lambda _, number=number: done.append(number))
        if cancelled:
            queue.cancel(timer)
    queue.run_due(now)
    due = [n for n, (deadline, cancelled) in enumerate(timers) if deadline <= now and not cancelled]
    assert sorted(done) == due
    assert [timers[n][0] for n in done] == sorted(timers[n][0] for n in done)
