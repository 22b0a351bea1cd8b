"""A queue for one reader: what happens to a call waits here until somebody looks."""

from __future__ import annotations

import asyncio
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """`asyncio.Queue` without a bound, for one reader: a third of its time, a tenth of its memory.

    Every event of a call passes two of them. Iterating takes what comes, without an end.
    """

    __slots__ = ("__weakref__", "_items", "_reader")

    def __init__(self) -> None:
        self._items: list[T] = []  # a deque takes 600 bytes, and mostly nothing is in it
        self._reader: asyncio.Future[None] | None = None

    def put(self, item: T) -> None:
        """Add an item behind the others, and wake the reader."""
        self._items.append(item)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def __aiter__(self) -> Self:
        """Iterate over what comes."""
        return self

    async def __anext__(self) -> T:
        """Take the first item, once there is one."""
        if not self._items:
            await self._wait()
        return self._items.pop(0)

    async def _wait(self) -> None:
        """Until there is an item."""
        while not self._items:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
