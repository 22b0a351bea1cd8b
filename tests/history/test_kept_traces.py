"""SIP messages in the history: kept for a call, for who may see it, the latest only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from history_bench import in_memory

from siptapi_core.events import Direction, TracedMessage
from siptapi_core.history import messages
from siptapi_core.history.messages import keep_messages, messages_of

INVITE = TracedMessage(
    1e9, Direction.SENT, "udp:192.0.2.1:5060", "x", "INVITE sip:ü@b\r\n", "c1", "udp:192.0.2.7:4000"
)
BYE = TracedMessage(1e9 + 1, Direction.RECEIVED, "udp:192.0.2.1:5060", "x", "BYE sip:a@b", "c1")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with in_memory() as connection:
        yield connection


def test_they_come_back_as_they_were(connection: sqlite3.Connection) -> None:
    keep_messages(connection, "c1", "office", (INVITE,))
    keep_messages(connection, "c1", "office", (INVITE, BYE))
    assert messages_of(connection, "c1", None) == (INVITE, BYE)
    assert messages_of(connection, "c2", None) == ()


def test_only_for_who_may_use_the_line(connection: sqlite3.Connection) -> None:
    keep_messages(connection, "c1", "office", (INVITE,))
    assert messages_of(connection, "c1", frozenset({"office"})) == (INVITE,)
    assert messages_of(connection, "c1", frozenset({"home"})) == ()


def test_the_latest_calls_only(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "KEPT_CALLS", 2)
    for call in ("c1", "c2", "c1", "c3"):
        keep_messages(connection, call, "office", (INVITE,))
    kept = [call for call in ("c1", "c2", "c3") if messages_of(connection, call, None)]
    assert kept == ["c1", "c3"]
