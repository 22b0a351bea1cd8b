"""Where one message of a stream ends and the next begins (RFC 3261 section 18.3); no I/O.

::

    bytes ──feed──▶ buffer ──take──▶ a message │ a line break │ None: wait for more
                                └──▶ MessageError: nothing after this can be told apart

However the bytes are cut into pieces, the same messages come out. A stream whose framing is broken
stays so: its connection must be closed.
"""

from __future__ import annotations

import re

from siptapi_core.errors import MessageError
from siptapi_core.sip.framing import split_head
from siptapi_core.sip.headers import unfold
from siptapi_core.sip.message import MAXIMUM_SIZE
from siptapi_core.sip.parameters import excerpt

LINE_BREAK = b"\r\n"
"""Between messages: half a ping, or a pong (RFC 5626 section 4.4.1)."""

_empty_line = re.compile(rb"\r?\n\r?\n").search
_OVERLAP = 3
"""Bytes of an empty line that may have been there already when its last one comes."""
_NAMES = ("content-length", "l")


class StreamFramer:
    """The framing of one direction of a connection. Holds at most one message and what was fed."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._size: int | None = None

    def feed(self, data: bytes) -> None:
        """Take in what came, of any length."""
        self._buffer += data

    def take(self) -> bytes | None:
        """The next message whole, or `LINE_BREAK` between messages; None: not there yet.

        Raises:
            MessageError: Content-Length is missing or no number, or the message is longer than
                `MAXIMUM_SIZE`; then every later call raises it too.
        """
        buffer = self._buffer
        if self._size is None:
            if buffer.startswith(LINE_BREAK):
                return self._cut(len(LINE_BREAK))
            end = _empty_line(buffer, self._searched)
            if end is None:
                if len(buffer) > MAXIMUM_SIZE:
                    raise _too_long()
                self._searched = max(0, len(buffer) - _OVERLAP)
                return None
            size = end.end() + _content_length(bytes(buffer[: end.end()]))
            if size > MAXIMUM_SIZE:
                raise _too_long()
            self._size = size
        return self._cut(self._size) if len(buffer) >= self._size else None

    def _cut(self, size: int) -> bytes:
        frame = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._searched, self._size = 0, None
        return frame


def _too_long() -> MessageError:
    return MessageError(f"a message of more than {MAXIMUM_SIZE} bytes", status=513)


def _content_length(head: bytes) -> int:
    _, lines, _ = split_head(head)
    values = set()
    for line in unfold(lines).split("\r\n"):
        name, _, value = line.partition(":")
        if name.rstrip().lower() in _NAMES:
            values.add(value.strip())
    if not values:
        raise MessageError("a message without Content-Length; on a stream it must have one")
    text = values.pop()
    if values or not (text.isascii() and text.isdigit()):
        raise MessageError(f"Content-Length must be one number, not {excerpt(text)}")
    digits = text.lstrip("0") or "0"
    # No number longer than the limit need become an int.
    return int(digits) if len(digits) <= len(str(MAXIMUM_SIZE)) else MAXIMUM_SIZE
