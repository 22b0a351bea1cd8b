from __future__ import annotations

import asyncio

import pytest

from siptapi_core.net.turns import Turns


def run(main):
    asyncio.run(asyncio.wait_for(main(), 20))


async def settle():
    for _ in range(3):
        await asyncio.sleep(0)


class Work:
    """Remembers who began, and keeps going until it is let go."""

    def __init__(self):
        self.begun = []
        self.ended = []
        self.let_go = asyncio.Event()
        self.began = asyncio.Event()

    def of(self, who):
        async def work():
            self.begun.append(who)
            self.began.set()
            try:
                await self.let_go.wait()
            finally:
                self.ended.append(who)

        return work

    async def until(self, number):
        """Wait until so many have begun."""
        while len(self.begun) < number:
            self.began.clear()
            await self.began.wait()


def test_they_begin_in_order_and_no_more_than_so_many_at_a_time():
    async def main():
        turns, work = Turns(2, 60.0), Work()
        for who in "abcde":
            turns.ask(who, work.of(who))
        await settle()
        assert (work.begun, len(turns)) == (["a", "b"], 5)
        work.let_go.set()
        await settle()
        assert work.begun == ["a", "b"]  # the work is done, their turns are not
        turns.finish("b")
        turns.finish("b")
        turns.finish("nobody")
        await settle()
        assert (work.begun, len(turns)) == (["a", "b", "c"], 4)
        for who in "acde":
            turns.finish(who)
        await settle()
        assert (work.begun, len(turns)) == (["a", "b", "c", "d", "e"], 0)
        await turns.close()

    run(main)


def test_who_does_not_want_it_any_more_is_left_out():
    async def main():
        turns, work = Turns(1, 60.0), Work()
        for who in "abc":
            turns.ask(who, work.of(who))
        turns.finish("b")
        turns.finish("a")
        await settle()
        assert work.begun == ["a", "c"]
        await turns.close()

    run(main)


def test_who_has_a_turn_needs_no_other():
    async def main():
        turns, work = Turns(1, 60.0), Work()
        turns.ask("a", work.of("first"))
        turns.ask("b", work.of("b"))
        turns.ask("a", work.of("second"))
        await settle()
        assert work.begun == ["first", "second"]
        turns.finish("a")
        await settle()
        assert work.begun == ["first", "second", "b"]
        await turns.close()

    run(main)


def test_who_takes_long_holds_nobody_up_and_may_have_another_turn():
    async def main():
        turns, work = Turns(1, 0.01), Work()
        for who in "abc":
            turns.ask(who, work.of(who))
        await work.until(3)
        assert work.ended == []
        turns.ask("a", work.of("a again"))
        await work.until(4)
        assert work.begun == ["a", "b", "c", "a again"]
        await turns.close()

    run(main)


@pytest.mark.parametrize("busy", [True, False])
def test_closed_it_drops_what_waits_and_cancels_what_runs(busy):
    async def main():
        before = asyncio.all_tasks()
        turns, work = Turns(1, 60.0), Work()
        if busy:
            turns.ask("a", work.of("a"))
            turns.ask("b", work.of("b"))
            await settle()
        await turns.close()
        assert work.ended == work.begun == (["a"] if busy else [])
        assert len(turns) == 0
        assert asyncio.all_tasks() == before

    run(main)
