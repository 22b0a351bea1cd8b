"""Messages of calls that went wrong are kept, once their last message came."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from siptapi_core.dialer import failed_calls
from siptapi_core.dialer.failed_calls import FailedCalls
from siptapi_core.events import Direction, Outcome, TracedMessage

MESSAGE = TracedMessage(1e9, Direction.SENT, "udp:192.0.2.1:5060", "x", "BYE sip:a@b SIP/2.0")


class Kept:
    def __init__(self) -> None:
        self.calls: dict[str, tuple[str, tuple[TracedMessage, ...]]] = {}
        self.written = asyncio.Event()

    async def keep_messages(self, call, line, messages) -> None:
        await asyncio.sleep(0)
        self.calls[call] = (line, messages)
        self.written.set()


def ended(outcome: Outcome, call: str = "c1") -> SimpleNamespace:
    return SimpleNamespace(id=call, line="office", outcome=outcome)


@pytest.mark.parametrize("outcome", Outcome)
def test_only_what_did_not_go_well(outcome: Outcome) -> None:
    async def main() -> Kept:
        kept = Kept()
        failed = FailedCalls(kept, lambda _call: (MESSAGE,))
        failed.on_ended(ended(outcome))
        await failed.close()
        return kept

    went_well = outcome in {Outcome.ANSWERED, Outcome.CANCELLED}
    assert asyncio.run(main()).calls == ({} if went_well else {"c1": ("office", (MESSAGE,))})


def test_what_comes_shortly_after_the_end_is_among_them(monkeypatch) -> None:
    monkeypatch.setattr(failed_calls, "SETTLED_AFTER", 0.0)

    async def main() -> None:
        kept, messages = Kept(), [MESSAGE]
        failed = FailedCalls(kept, lambda _call: tuple(messages))
        failed.on_ended(ended(Outcome.BUSY))
        messages.append(MESSAGE)
        await asyncio.wait_for(kept.written.wait(), 5)
        assert kept.calls == {"c1": ("office", (MESSAGE, MESSAGE))}
        await failed.close()

    asyncio.run(main())


def test_a_call_that_sent_nothing_is_left_out() -> None:
    async def main() -> None:
        kept = Kept()
        failed = FailedCalls(kept, lambda _call: ())
        failed.on_ended(ended(Outcome.FAILED))
        await failed.close()
        assert kept.calls == {}

    asyncio.run(main())


def test_when_thousands_fail_at_once_the_latest_are_kept_one_after_the_other(monkeypatch) -> None:
    monkeypatch.setattr(failed_calls, "SETTLED_AFTER", 0.0)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main() -> None:
        kept = Kept()
        failed = FailedCalls(kept, lambda _call: (MESSAGE,))
        turning = asyncio.create_task(turn())
        for number in range(failed_calls.MOST_WAITING + 5):
            failed.on_ended(ended(Outcome.FAILED, f"c{number}"))
        await failed.close()
        turning.cancel()
        assert len(kept.calls) == failed_calls.MOST_WAITING
        assert "c4" not in kept.calls
        assert turns >= failed_calls.MOST_WAITING

    asyncio.run(main())
