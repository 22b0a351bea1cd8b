"""What a listener is given goes out in order, whether at once or later."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import RefusedError
from siptapi_frontends.http.listener import MOST_WAITING, Listener


async def steps() -> None:
    """Let what is ready go on."""
    for _ in range(3):
        await asyncio.sleep(0)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30))
def test_whatever_is_put_goes_out_once_and_in_order(course: list[tuple[bool, bool]]) -> None:
    """Each step: whether the connection takes something at once, and whether its task runs."""

    async def main() -> None:
        listener, sent, open_ = Listener(None), [], True

        def send_now(data: bytes) -> bool:
            if open_:
                sent.append(data)
            return open_

        async def connection() -> None:
            while piece := await listener.next():
                sent.append(piece)

        listener.send_now = send_now
        task = asyncio.create_task(connection())
        for index, (open_, runs) in enumerate(course):  # noqa: B007  # send_now looks at it
            assert listener.put(b"%d;" % index)
            if runs:
                await steps()
        listener.end(RefusedError("enough"))
        assert listener.put(b"too late")
        await task
        told, goodbye = b"".join(sent).split(b"event: goodbye")
        assert told == b"".join(b"%d;" % index for index in range(len(course)))
        assert b"enough" in goodbye

    asyncio.run(main())


def test_nothing_is_sent_at_once_before_what_came_first_is_sent() -> None:
    async def main() -> None:
        listener, sent = Listener(None), []

        def send_now(data: bytes) -> bool:
            sent.append(data)
            return True

        listener.send_now = send_now
        assert listener.put(b"a")  # its connection still sends what it missed
        assert sent == []
        assert await listener.next() == b"a"
        waiting = asyncio.create_task(listener.next())
        await steps()
        assert listener.put(b"b")
        assert sent == [b"b"]
        waiting.cancel()

    asyncio.run(main())


def test_what_cannot_be_sent_waits_within_bounds() -> None:
    async def main() -> None:
        listener = Listener(None)
        waiting = asyncio.create_task(listener.next())
        await steps()
        half = b"x" * (MOST_WAITING // 2)
        assert [listener.put(half) for _ in range(3)] == [True, True, False]
        assert len(await waiting) == len(half)
        assert listener.put(half)

    asyncio.run(main())
