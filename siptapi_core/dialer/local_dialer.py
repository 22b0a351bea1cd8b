"""The dialer in this process: executes commands, owns the calls, publishes events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Protocol, assert_never

from siptapi_core.commands import (
    Caller,
    Calls,
    CallStatus,
    Command,
    Dial,
    Done,
    Explain,
    HangUp,
    Lines,
    LineStatus,
    ListCalls,
    ListHistory,
    ListLines,
    ListPlugins,
    Messages,
    Plugins,
    Redirect,
    Reject,
    Reload,
    Reloaded,
    Reply,
    Resolve,
    ShowCall,
    ShowMessages,
    ShownSettings,
    ShowSettings,
    ShowStatus,
    Status,
    Transfer,
)
from siptapi_core.contracts import Clock, Logger, Strategy
from siptapi_core.dialer.event_bus import Bus, EventBus
from siptapi_core.dialer.line import Line
from siptapi_core.dialer.outgoing_calls import OutgoingCalls, check_decision
from siptapi_core.dialer.strategy_memory import StrategyMemory
from siptapi_core.errors import DeniedError, NetworkError, RefusedError, UnknownNameError
from siptapi_core.events import CallId, Event, EventId, TracedMessage
from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.sip.uri import Uri

if TYPE_CHECKING:
    from siptapi_core.dialer.incoming_indication import IncomingIndication
    from siptapi_core.history import CallHistory


RECALLED_AT_ONCE = 1000
"""Events that are read from the history with one look."""
LINES_AT_ONCE = 100
"""Lines that are listed before calls have their turn again: some 3 ms."""


class Services(Protocol):
    """What a dialer has besides while it runs in a daemon."""

    @property
    def incoming(self) -> IncomingIndication:
        """The calls that come to the lines."""
        ...

    def line_status(self, line: LineStatus) -> LineStatus:
        """Fill in what is known of the line's registration."""
        ...

    async def reload(self) -> Reloaded:
        """Carry out `Reload`; raises SettingsError."""
        ...

    def status(self) -> Status:
        """Carry out `ShowStatus`."""
        ...

    def plugins(self) -> Plugins:
        """Carry out `ListPlugins`."""
        ...

    def shown_settings(self) -> ShownSettings:
        """Carry out `ShowSettings`."""
        ...


class LocalDialer:
    """See `siptapi_core.contracts.Dialer`.

    ``strategy(name)`` creates a strategy when it is first named, and raises UnknownNameError for a
    name that nobody offers. ``default_line`` is used where a command names none.
    ``tracers`` and ``messages_of`` are the network's, ``settings_file`` is for the words of errors,
    ``history`` is where past calls are found. ``listen`` opens the sockets, before the first call
    (None: they are open).
    """

    def __init__(
        self,
        *,
        events: EventBus,
        lines: Mapping[str, Line],
        default_line: str,
        strategy: Callable[[str], Strategy],
        memory: StrategyMemory,
        identifiers: Identifiers,
        clock: Clock,
        logger: Logger,
        tracers: list[Callable[[TracedMessage], None]],
        messages_of: Callable[[CallId], tuple[TracedMessage, ...]],
        settings_file: str = "",
        history: CallHistory | None = None,
        listen: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.services: Services | None = None
        """Those of the daemon that it runs in, if any."""
        self.default_line = default_line
        self.outgoing = OutgoingCalls(
            events=events,
            strategy=strategy,
            memory=memory,
            identifiers=identifiers,
            clock=clock,
            logger=logger,
            settings_file=settings_file,
        )
        self._lines = lines
        self._logger = logger
        self._history = history
        self._listen = listen
        self._tracers = tracers
        self._messages_in_memory = messages_of
        self._events = events
        self._messages: Bus[TracedMessage] = Bus()

    async def execute(  # noqa: C901, PLR0912  # one arm a command
        self, command: Command, caller: Caller
    ) -> Reply:
        """Carry out ``command`` for ``caller``; raises SiptapiError."""
        match command:
            case Dial():
                await self._be_heard()
                return self.outgoing.dial(command, self._line(command.line, caller), caller)
            case HangUp():
                await self.outgoing.get(command.call, caller).hang_up()
                return Done()
            case Transfer():
                call = self.outgoing.get(command.call, caller)
                await call.transfer(self._allowed(command, call.line, caller))
                return Done()
            case Reject():
                self._incoming(command.call, caller)[0].reject(command.call)
                return Done()
            case Redirect():
                incoming, line_name = self._incoming(command.call, caller)
                incoming.redirect(command.call, self._allowed(command, line_name, caller))
                return Done()
            case Explain():
                return self._line(command.line, caller).explain(command.text)
            case Resolve():
                line = self._line(command.line, caller)
                return await line.resolve(command.target, self._logger.bind(line=line.name))
            case ListCalls():
                return Calls(self._calls(caller))
            case ListLines():
                return Lines(tuple([status async for status in self._line_statuses(caller)]))
            case ListHistory():
                return await self._kept().list_calls(command, caller.lines)
            case ShowCall():
                return await self._kept().show_call(command.call, caller.lines)
            case ShowMessages():
                return Messages(await self._messages_of(command.call, caller))
            case Reload():
                return await self._daemon(caller).reload()
            case ShowStatus():
                return self._daemon(caller).status()
            case ListPlugins():
                return self._daemon(caller).plugins()
            case ShowSettings():
                return self._daemon(caller).shown_settings()
            case _:
                assert_never(command)

    def events(self, caller: Caller, after: EventId | None = None) -> AsyncIterator[Event]:
        """Events of the caller's lines, from now on or from the first after ``after``.

        What is not in memory any more comes from the history, where that is kept.
        """
        try:
            return self._events.subscribe_for(caller, after)
        except RefusedError:
            if after is None or self._history is None:
                raise
            return self._recalled(self._history, after, caller, self._events.subscribe_for(caller))

    @staticmethod
    async def _recalled(
        history: CallHistory, after: EventId, caller: Caller, since: AsyncIterator[Event]
    ) -> AsyncIterator[Event]:
        """What the history has after ``after``, then what came ``since``."""
        while events := await history.events_after(after, RECALLED_AT_ONCE):
            for event in events:
                if caller.may_use(event.line):
                    yield event
            after = events[-1].id
        async for event in since:
            if event.id > after:
                yield event

    def traced(self) -> AsyncIterator[TracedMessage]:
        """SIP messages from now on."""
        subscription = self._messages.subscribe()
        if self._trace not in self._tracers:
            self._tracers.append(self._trace)
        return subscription

    @property
    def problem(self) -> str:
        """What is wrong with the history, in words; empty: nothing."""
        return "" if self._history is None else self._history.problem

    def counters(self) -> dict[str, int]:
        """What is alive, by name."""
        return {
            "calls": len(self.outgoing),
            "listeners": len(self._events.subscriptions) + len(self._messages.subscriptions),
        }

    async def close(self) -> None:
        """Take no more calls, hang up those that we hold, wait a while, end the streams."""
        try:
            await self.outgoing.close()
        finally:
            self._events.close()
            self._messages.close()

    async def _be_heard(self) -> None:
        """Open the sockets, where they are not.

        Raises:
            RefusedError: they cannot be opened; a NetworkError would mean that a call may be made.
        """
        try:
            if self._listen is not None:
                await self._listen()
        except NetworkError as error:
            raise RefusedError(str(error)) from error
        self._listen = None

    def _allowed(self, command: Transfer | Redirect, line: str, caller: Caller) -> Uri:
        """What the command's number means on ``line``; raises NumberError, DeniedError."""
        explanation = self._line(line, caller).explain(command.number)
        check_decision(explanation, confirmed=command.confirmed)
        return explanation.dialled

    def _calls(self, caller: Caller) -> tuple[CallStatus, ...]:
        statuses = self.outgoing.statuses()
        if self.services is not None:
            statuses += self.services.incoming.statuses()
        return tuple(each for each in statuses if caller.may_use(each.line))

    async def _messages_of(self, call: CallId, caller: Caller) -> tuple[TracedMessage, ...]:
        if self._history is None:
            if call not in {status.call for status in self._calls(caller)}:
                raise RefusedError(f"there is no call {call!r} in progress, and no history is kept")
            return self._messages_in_memory(call)
        await self._history.show_call(call, caller.lines)
        return self._messages_in_memory(call) or await self._history.messages_of(call, caller.lines)

    def _trace(self, message: TracedMessage) -> None:
        if self._messages.subscriptions:
            self._messages.publish(message)
        else:
            self._tracers.remove(self._trace)

    def _line(self, name: str | None, caller: Caller) -> Line:
        wanted = self.default_line if name is None else name
        if name is None and not caller.may_use(wanted):
            wanted = next(filter(caller.may_use, self._lines), wanted)
        if wanted not in self._lines or not caller.may_use(wanted):
            usable = filter(caller.may_use, self._lines)
            raise UnknownNameError("line", wanted, known=tuple(usable))
        return self._lines[wanted]

    def _kept(self) -> CallHistory:
        if self._history is None:
            raise RefusedError("no history is kept: the settings say history.enabled = false")
        return self._history

    def _daemon(self, caller: Caller) -> Services:
        if self.services is None:
            raise RefusedError("there is no daemon: `siptapi serve` starts one")
        if caller.lines is not None:
            raise DeniedError("only who may use every line may do that")
        return self.services

    def _incoming(self, call: CallId, caller: Caller) -> tuple[IncomingIndication, str]:
        """Where an incoming call is held, and its line."""
        services = self.services
        status = None if services is None else services.incoming.status(call)
        if services is None or status is None or not caller.may_use(status.line):
            raise RefusedError(f"there is no incoming call {call!r} that rings; it may have ended")
        return services.incoming, status.line

    async def _line_statuses(self, caller: Caller) -> AsyncIterator[LineStatus]:
        """How the caller's lines are, with a pause for calls: there may be ten thousand."""
        for index, name in enumerate(tuple(filter(caller.may_use, self._lines))):
            if name in self._lines:  # since the last pause it may have been removed
                yield self._line_status(self._lines[name])
            if index % LINES_AT_ONCE == LINES_AT_ONCE - 1:
                await asyncio.sleep(0)

    def _line_status(self, line: Line) -> LineStatus:
        identity = line.identity("")
        status = LineStatus(
            name=line.name,
            account=str(identity.address_of_record),
            phone=str(identity.phone_address or identity.phone),
            strategies=line.strategies,
            active=line.active,
        )
        return status if self.services is None else self.services.line_status(status)
