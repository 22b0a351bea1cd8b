"""What is kept of messages on the wire, and for how long."""

from __future__ import annotations

import pytest

from siptapi_core.events import Direction
from siptapi_core.net import kept_messages
from siptapi_core.net.kept_messages import KeptMessage, KeptMessages, call_id_of
from siptapi_core.targets import Address

PEER = Address("192.0.2.1", 5060)


def message(start: bytes, call_id: str, seconds: float = 0.0) -> KeptMessage:
    data = start + b" SIP/2.0\r\nCall-ID: " + call_id.encode() + b"\r\n\r\n"
    return KeptMessage(seconds, Direction.SENT, data, PEER)


def test_a_call_is_kept_from_its_invite_on() -> None:
    kept = KeptMessages()
    first, second = message(b"INVITE sip:a@b", "c1", 1.0), message(b"BYE sip:a@b", "c1", 2.0)
    for each in (message(b"REGISTER sip:b", "r1"), first, message(b"BYE sip:x", "c2"), second):
        kept.keep(*each)
    assert list(kept.of("c1")) == [first, second]
    assert list(kept.of("r1")) == list(kept.of("c2")) == []


def test_the_oldest_call_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    one = message(b"INVITE sip:a@b", "c1")
    monkeypatch.setattr(kept_messages, "MOST_BYTES", 3 * len(one.data))
    kept = KeptMessages()
    for call_id in ("c1", "c2", "c1", "c3"):
        kept.keep(*message(b"INVITE sip:a@b", call_id))
    assert [len(list(kept.of(call_id))) for call_id in ("c1", "c2", "c3")] == [0, 1, 1]


def test_of_one_call_there_are_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_messages, "MOST_OF_ONE", 2)
    kept = KeptMessages()
    for seconds in (1.0, 2.0, 3.0):
        kept.keep(*message(b"INVITE sip:a@b", "c1", seconds))
    assert [each.seconds for each in kept.of("c1")] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"BYE sip:a SIP/2.0\r\nCall-ID: x@y\r\n\r\n", b"x@y"),
        (b"BYE sip:a SIP/2.0\r\nCall-ID: x \r\nTo: b\r\n\r\n", b"x"),
        (b"BYE sip:a SIP/2.0\r\ni:x\r\n\r\n", b"x"),
        (b"BYE sip:a SIP/2.0\r\nCALL-ID\t:  x\r\n\r\n", b"x"),
        (b"no SIP at all", b""),
        (b"", b""),
    ],
)
def test_the_call_id_however_it_is_written(data: bytes, expected: bytes) -> None:
    assert call_id_of(data) == expected
