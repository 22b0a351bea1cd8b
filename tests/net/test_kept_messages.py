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


def test_the_oldest_calls_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    one = message(b"INVITE sip:a@b", "c1")
    monkeypatch.setattr(kept_messages, "MOST_BLOCKS", 2)
    monkeypatch.setattr(kept_messages, "BLOCK", 2 * len(one.data) + 3)
    kept = KeptMessages()

    def keep(*call_ids: str) -> list[int]:
        for call_id in call_ids:
            kept.keep(*message(b"INVITE sip:a@b", call_id))
        found = [list(kept.of(f"c{number}")) for number in range(1, 7)]
        for number, messages in enumerate(found, 1):
            assert set(messages) <= {message(b"INVITE sip:a@b", f"c{number}")}
        return [*map(len, found)]

    assert keep("c1", "c2", "c1", "c3") == [2, 1, 1, 0, 0, 0]
    assert keep("c4") == [0, 0, 1, 1, 0, 0], "two blocks of two are full, and the first is needed"
    assert keep("c3", "c5") == [0, 0, 0, 1, 1, 0], "a call is forgotten as a whole"
    assert keep("c3", "c6") == [0, 0, 1, 0, 1, 1]


def test_a_call_that_is_forgotten_in_its_midst_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    one = message(b"INVITE sip:a@b", "c1")
    monkeypatch.setattr(kept_messages, "MOST_BLOCKS", 1)
    monkeypatch.setattr(kept_messages, "BLOCK", len(one.data))
    kept = KeptMessages()
    kept.keep(*one)
    kept.keep(*message(b"BYE sip:a@b", "c1"))
    kept.keep(*message(b"BYE sip:a@b", "c1"))
    assert list(kept.of("c1")) == []


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
