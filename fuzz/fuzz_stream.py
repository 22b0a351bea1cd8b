"""Bytes of a TCP connection: however they are cut, the same messages come out."""

from __future__ import annotations

from siptapi_core.errors import MessageError
from siptapi_core.net.stream_framing import StreamFramer


def frames(pieces: list[bytes]) -> list[bytes]:
    framer, taken = StreamFramer(), []
    for piece in pieces:
        framer.feed(piece)
        try:
            while (frame := framer.take()) is not None:
                taken.append(frame)
        except MessageError:
            return [*taken, b"broken"]
    return taken


def read(data: bytes) -> None:
    step = data[0] % 64 + 1 if data else 1
    stream = data[1:]
    pieces = [stream[start : start + step] for start in range(0, len(stream), step)]
    whole = frames([stream])
    assert frames(pieces) == whole
    assert sum(map(len, whole)) <= len(stream) + len(b"broken")
