"""The latest SIP messages of calls, as they were on the wire, for whoever asks later.

Every message passes here, so that nothing is read or masked before somebody asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import starmap
from typing import NamedTuple

from siptapi_core.events import Direction
from siptapi_core.targets import Address

MOST_BYTES = 16 * 1024 * 1024
"""Of all messages together; those of the call that began first are forgotten first."""
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


class KeptMessages:
    """Messages by Call-ID; an exchange that does not begin with an INVITE is not kept."""

    def __init__(self) -> None:
        self._exchanges: dict[bytes, list[tuple[float, Direction, bytes, Address]]] = {}
        self._bytes = 0

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
            exchange = self._exchanges[call_id] = []
        if len(exchange) == MOST_OF_ONE:
            return
        exchange.append((seconds, direction, data, peer))
        self._bytes += len(data)
        while self._bytes > MOST_BYTES:
            oldest = self._exchanges.pop(next(iter(self._exchanges)))
            self._bytes -= sum(len(data) for _, _, data, _ in oldest)

    def of(self, call_id: str) -> Iterator[KeptMessage]:
        """Those with that Call-ID, in order."""
        return starmap(KeptMessage, self._exchanges.get(call_id.encode(), ()))


def call_id_of(data: bytes) -> bytes:
    """The Call-ID of a message on the wire, or of what may be one (RFC 3261 section 20.8)."""
    found = _CALL_ID.search(data)
    return found[1] if found else b""
