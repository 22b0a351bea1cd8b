"""A queue for one reader: what happens waits here until somebody looks."""

from __future__ import annotations

import asyncio
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """`asyncio.Queue` without a bound, for one reader: a third of its time, a tenth of its memory.

    An async iterator that takes what comes, until `end` was called and all is taken.
    """

    __slots__ = ("__weakref__", "_has_ended", "_items", "_reader", "_why")

    def __init__(self) -> None:
        self._items: list[T] = []  # a deque takes 600 bytes, and mostly nothing is in it
        self._reader: asyncio.Future[None] | None = None
        self._has_ended = False
        self._why: Exception | None = None

    def put(self, item: T) -> None:
        """Add an item behind the others, and wake the reader."""
        self._items.append(item)
        if self._reader is not None:
            self._wake()

    def end(self, why: Exception | None = None) -> None:
        """No item follows those that are there; where that is an error, the reader gets it."""
        self._has_ended, self._why = True, why
        self._wake()

    def __aiter__(self) -> Self:
        """Iterate over what comes."""
        return self

    async def __anext__(self) -> T:
        """Take the first item, once there is one."""
        while not self._items:
            if self._has_ended:
                raise self._why or StopAsyncIteration
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._items.pop(0)

    def _wake(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None and not reader.done():
            reader.set_result(None)
