from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.net.stream_framing import LINE_BREAK, StreamFramer
from siptapi_core.sip.message import MAXIMUM_SIZE


def message(body: bytes = b"", name: str = "Content-Length", head: str = "") -> bytes:
    return f"OPTIONS sip:a@b SIP/2.0\r\n{head}{name}: {len(body)}\r\n\r\n".encode() + body


def taken(framer: StreamFramer) -> list[bytes]:
    return list(iter(framer.take, None))


def frames(*pieces: bytes) -> list[bytes]:
    framer = StreamFramer()
    found = []
    for piece in pieces:
        framer.feed(piece)
        found += taken(framer)
    return found


@pytest.mark.parametrize(
    "whole",
    [
        message(),
        message(b"v=0\r\n\r\nOPTIONS"),
        message(b"x", "l"),
        message(b"x", "CONTENT-LENGTH  "),
        message(b"xy", head="Subject: l: 9\r\n"),
        message(b"xy", head="Subject: a\r\n l: 9\r\n"),  # folded: no header of its own
        b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length:\r\n\t3\r\n\r\nabc",
        b"OPTIONS sip:a@b SIP/2.0\nl: 3\n\na\r\n",
        message(b"abc", head="l: 3\r\n"),
        b"OPTIONS sip:a@b SIP/2.0\r\nno header\r\nl: 0\r\n\r\n",  # its reader refuses it alone
        b"OPTIONS sip:a@b SIP/2.0\r\nl: " + b"0" * 5000 + b"1\r\n\r\nx",
    ],
)
def test_a_message_ends_where_its_content_length_says(whole: bytes) -> None:
    assert frames(whole + message(b"next")) == [whole, message(b"next")]
    assert frames(whole[:-1]) == []


def test_line_breaks_count_only_between_messages() -> None:
    stream = b"\r\n\r\n" + message(b"\r\n\r\n") + b"\r\n" + message()
    expected = [LINE_BREAK, LINE_BREAK, message(b"\r\n\r\n"), LINE_BREAK, message()]
    assert frames(stream) == expected


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (b"OPTIONS sip:a@b SIP/2.0\r\n\r\n", "without Content-Length"),
        (message(head="l: 1\r\n"), "must be one number"),
        (b"OPTIONS sip:a@b SIP/2.0\r\nl: -1\r\n\r\n", "not '-1'"),
        (b"OPTIONS sip:a@b SIP/2.0\r\nl: 1, 1\r\n\r\n", "not '1, 1'"),
        ("OPTIONS sip:a@b SIP/2.0\r\nl: ²\r\n\r\n".encode(), "one number"),
        (b"OPTIONS sip:a@b SIP/2.0\r\nl: 65535\r\n\r\n", "more than 65535 bytes"),
        (b"OPTIONS sip:a@b SIP/2.0\r\nl: " + b"9" * 10000 + b"\r\n\r\n", "more than 65535 bytes"),
        (b"x" * (MAXIMUM_SIZE + 1), "more than 65535 bytes"),
    ],
)
def test_a_stream_that_cannot_be_framed_stays_broken(stream: bytes, why: str) -> None:
    framer = StreamFramer()
    framer.feed(message() + stream)
    assert framer.take() == message()
    for _ in range(2):
        with pytest.raises(MessageError, match=re.escape(why)):
            framer.take()
        framer.feed(message())


def test_the_longest_message_passes() -> None:
    head = len(message(b"x" * 65000)) - 65000
    longest = message(b"x" * (MAXIMUM_SIZE - head))
    assert len(longest) == MAXIMUM_SIZE
    assert frames(longest) == [longest]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


bodies = st.binary(max_size=40) | st.sampled_from([b"\r\n\r\n", b"\n\n", b"l: 5\r\n\r\n"])
streams = st.lists(
    st.builds(message, bodies, st.sampled_from(["l", "Content-Length", "CONTENT-length "]))
    | st.just(LINE_BREAK)
)


@given(streams, st.lists(st.integers(min_value=0)))
def test_any_cut_gives_the_same_messages(stream: list[bytes], places: list[int]) -> None:
    assert frames(*cut(b"".join(stream), places)) == stream


@given(
    st.lists(
        st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"l:", b"3", b" ", b"x: y\r\n", message()])
    ),
    st.lists(st.integers(min_value=0)),
)
def test_any_bytes_end_in_messages_or_one_error(parts: list[bytes], places: list[int]) -> None:
    def outcome(pieces: list[bytes]) -> tuple[list[bytes], bool]:
        framer, found = StreamFramer(), []
        try:
            for piece in pieces:
                framer.feed(piece)
                found.extend(iter(framer.take, None))
        except MessageError:
            return found, False
        return found, True

    data = b"".join(parts)
    assert outcome(cut(data, places)) == outcome([data])
