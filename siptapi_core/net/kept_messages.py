"""The latest SIP messages of calls, as they were on the wire, for whoever asks later.

Every message passes here, so that nothing is read or masked before somebody asks. They are copied
into a ring of blocks: so many objects of their own, which live on between those of calls that are
over, would keep the allocator from ever giving memory back.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from siptapi_core.events import Direction
from siptapi_core.targets import Address

MOST_BLOCKS = 128
"""16 MiB. Calls whose first message is in the oldest block are forgotten first."""
BLOCK = 128 * 1024
"""Bytes; no message is longer."""
MOST_OF_ONE = 200
"""Messages with one Call-ID, the first ones: a call needs a tenth of it."""
_OURS = b"\r\nCall-ID: "
_CALL_ID = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)


class KeptMessage(NamedTuple):
    """``seconds`` is monotonic."""

    seconds: float
    direction: Direction
    data: bytes
    peer: Address


_Place = tuple[float, Direction, bytearray, int, int, Address]
"""A message is in a block, from one offset to another."""


class KeptMessages:
    """Messages by Call-ID; an exchange that does not begin with an INVITE is not kept."""

    def __init__(self) -> None:
        self._exchanges: dict[bytes, list[_Place]] = {}
        self._blocks: deque[bytearray] = deque()
        """The oldest first; the last is written."""
        self._used = BLOCK

    def keep(self, seconds: float, direction: Direction, data: bytes, peer: Address) -> None:
        """Keep a message, where it is one of a call; see `KeptMessage`."""
        start = data.find(_OURS)
        if start >= 0:  # as we write it, and nearly everybody
            start += len(_OURS)
            call_id = data[start : data.find(b"\r", start)].rstrip()
        else:
            call_id = call_id_of(data)
        exchange = self._exchanges.get(call_id)
        if exchange is None:
            if not data.startswith(b"INVITE "):
                return
        elif len(exchange) == MOST_OF_ONE:
            return
        start, end = self._used, self._used + len(data)
        if end > BLOCK:
            self._begin_block()
            start, end = 0, len(data)
        if exchange is None:
            exchange = self._exchanges[call_id] = []
        block = self._blocks[-1]
        block[start:end] = data
        self._used = end
        exchange.append((seconds, direction, block, start, end, peer))

    def _begin_block(self) -> None:
        """Go on in a new block, or in the oldest, whose calls are forgotten."""
        if len(self._blocks) < MOST_BLOCKS:
            self._blocks.append(bytearray(BLOCK))
            return
        oldest = self._blocks[0]
        self._blocks.rotate(-1)
        begun_in_it = takewhile(lambda each: each[1][0][2] is oldest, self._exchanges.items())
        for call_id, _ in tuple(begun_in_it):
            del self._exchanges[call_id]

    def of(self, call_id: str) -> Iterator[KeptMessage]:
        """Those with that Call-ID, in order."""
        places = self._exchanges.get(call_id.encode(), ())
        for seconds, direction, block, start, end, peer in places:
            yield KeptMessage(seconds, direction, bytes(block[start:end]), peer)


def call_id_of(data: bytes) -> bytes:
    """The Call-ID of a message on the wire, or of what may be one (RFC 3261 section 20.8)."""
    found = _CALL_ID.search(data)
    return found[1] if found else b""
