"""A dialer without telephones behind it, for what stands before dialers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from siptapi_core.commands import Caller, Command, Done, Reply
from siptapi_core.dialer.event_bus import Bus, EventBus
from siptapi_core.events import Event, EventId, TracedMessage
from siptapi_core.testing.fake_clock import FakeClock


class ScriptedDialer:
    """Answers each command as ``answers`` says, by its class: a reply, an error, or a function.

    ``executed`` are all commands with their callers; what it ``tells`` goes to who listens.
    """

    def __init__(self, answers: dict[type, Any] | None = None) -> None:
        self.answers = answers or {}
        self.executed: list[tuple[Command, Caller]] = []
        self.tells = EventBus(FakeClock())
        self.traces: Bus[TracedMessage] = Bus()

    async def execute(self, command: Command, caller: Caller) -> Reply:
        self.executed.append((command, caller))
        answer = self.answers.get(type(command), Done())
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            given: Callable[[Command], Awaitable[Reply]] = answer
            return await given(command)
        return answer  # type: ignore[no-any-return]

    def events(self, caller: Caller, after: EventId | None = None) -> AsyncIterator[Event]:
        return self.tells.subscribe_for(caller, after)

    def traced(self) -> AsyncIterator[TracedMessage]:
        return self.traces.subscribe()

    def close(self) -> None:
        self.tells.close()
        self.traces.close()
