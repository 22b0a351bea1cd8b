from __future__ import annotations

import asyncio

import pytest

from siptapi_core.net.driver import Driver
from siptapi_core.targets import Address

PEER = Address("192.0.2.1", 5060)


class Machine:
    """An endpoint that keeps what it is given; ``deadlines`` are to come, in order."""

    def __init__(self):
        self.inputs = []
        self.outbox = []
        self.deadlines = []

    def receive(self, data, source, now):
        self.inputs.append((data, source, now))

    def handle_timer(self, now):
        due = [deadline for deadline in self.deadlines if deadline <= now]
        self.deadlines = [deadline for deadline in self.deadlines if deadline > now]
        self.inputs.append(("timer", len(due)))

    def next_timer(self):
        return min(self.deadlines, default=None)

    def datagrams(self):
        taken, self.outbox = self.outbox, []
        return taken


class Rig:
    """A driver in a running loop, and what it sent."""

    def __init__(self):
        self.machine = Machine()
        self.sent = []
        self.driver = Driver(self.machine, lambda data, to: self.sent.append((data, to)))
        self.loop = asyncio.get_running_loop()

    @property
    def fired(self):
        return [what for what in self.machine.inputs if what[0] == "timer"]

    def set_deadlines(self, *deadlines):
        self.driver.drive(lambda _now: self.machine.deadlines.extend(deadlines))

    async def until_fired(self, deadlines=1):
        for _ in range(1000):  # a slow machine may be late for two at once
            if sum(due for _, due in self.fired) >= deadlines:
                return
            await asyncio.sleep(0.001)
        raise AssertionError(f"it fired {len(self.fired)} times")


def run(main):
    asyncio.run(asyncio.wait_for(main(), 5))


def test_a_datagram_goes_in_and_what_follows_goes_out_in_order():
    async def main():
        rig = Rig()
        rig.machine.outbox = [(b"1", PEER), (b"2", PEER)]
        before = rig.loop.time()
        rig.driver.drive(rig.machine.receive, b"data", PEER)
        [(data, source, now)] = rig.machine.inputs
        assert (data, source) == (b"data", PEER)
        assert before <= now <= rig.loop.time()
        assert rig.sent == [(b"1", PEER), (b"2", PEER)]

    run(main)


def test_what_was_to_be_sent_is_sent_though_the_action_raised():
    async def main():
        rig = Rig()

        def breaks(now):
            rig.machine.outbox.append((b"bye", PEER))
            rig.machine.deadlines.append(now)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            rig.driver.drive(breaks)
        assert rig.sent == [(b"bye", PEER)]
        await rig.until_fired()

    run(main)


def test_it_wakes_up_at_the_deadline_and_not_before():
    async def main():
        rig = Rig()
        deadline = rig.loop.time() + 0.05
        rig.set_deadlines(deadline)
        await rig.until_fired()
        assert rig.loop.time() >= deadline
        assert rig.fired == [("timer", 1)]
        assert rig.machine.deadlines == []

    run(main)


def test_an_earlier_deadline_replaces_a_later():
    async def main():
        rig = Rig()
        now = rig.loop.time()
        rig.set_deadlines(now + 60)
        first = rig.driver._wake_up
        rig.set_deadlines(now + 0.01)
        assert first.cancelled()
        await rig.until_fired()
        assert rig.machine.deadlines == [now + 60]
        assert rig.driver._wake_up.when() == now + 60
        rig.driver.close()

    run(main)


def test_a_later_deadline_costs_no_new_timer():
    async def main():
        rig = Rig()
        now = rig.loop.time()
        rig.set_deadlines(now + 60)
        first = rig.driver._wake_up
        rig.machine.deadlines = []
        rig.set_deadlines(now + 120)
        assert rig.driver._wake_up is first
        rig.driver.close()

    run(main)


def test_deadlines_follow_one_another():
    async def main():
        rig = Rig()
        now = rig.loop.time()
        rig.set_deadlines(now + 0.01, now + 0.02, now + 0.03)
        await rig.until_fired(3)
        assert rig.machine.deadlines == []
        assert rig.driver._wake_up is None

    run(main)


def test_nothing_wakes_it_up_after_it_was_closed():
    async def main():
        rig = Rig()
        rig.set_deadlines(rig.loop.time() + 0.01)
        rig.driver.close()
        rig.driver.close()
        rig.set_deadlines(rig.loop.time())
        await asyncio.sleep(0.03)
        assert rig.fired == []

    run(main)


def test_it_may_be_closed_before_it_ever_waited():
    async def main():
        rig = Rig()
        rig.driver.close()
        rig.driver.drive(rig.machine.receive, b"late", PEER)
        assert len(rig.machine.inputs) == 1

    run(main)
