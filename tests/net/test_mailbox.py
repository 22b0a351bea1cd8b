from __future__ import annotations

import asyncio

import pytest

from siptapi_core.net.mailbox import Mailbox


def run(main):
    asyncio.run(asyncio.wait_for(main(), 10))


def test_items_come_in_order_whether_they_were_waited_for_or_not():
    async def main():
        box = Mailbox()
        box.put(1)
        box.put(2)
        assert [await anext(box), await anext(box)] == [1, 2]
        reading = asyncio.create_task(anext(box))
        await asyncio.sleep(0)
        box.put(3)
        box.put(4)
        assert await reading == 3
        assert await anext(box) == 4

    run(main)


def test_a_reader_who_gave_up_takes_nothing_with_it():
    async def main():
        box = Mailbox()
        reading = asyncio.create_task(anext(box))
        await asyncio.sleep(0)
        box.put("kept")
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        box.put("too")
        assert [await anext(box), await anext(box)] == ["kept", "too"]

    run(main)


@pytest.mark.parametrize("why", [None, ValueError("full")])
def test_what_is_there_is_read_before_the_end(why):
    async def main():
        box = Mailbox()
        box.put(1)
        box.end(why)
        assert await anext(box) == 1
        for _ in range(2):  # it stays at its end
            with pytest.raises(StopAsyncIteration if why is None else ValueError):
                await anext(box)

    run(main)


def test_an_end_is_told_to_a_reader_who_waits():
    async def main():
        box = Mailbox()
        reading = asyncio.create_task(anext(box, "ended"))
        await asyncio.sleep(0)
        box.end()
        assert await reading == "ended"

    run(main)
