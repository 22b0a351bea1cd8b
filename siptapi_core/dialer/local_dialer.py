"""The dialer in this process: executes commands, owns the calls, publishes events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Protocol, assert_never

from siptapi_core.commands import (
    Caller,
    Calls,
    Command,
    Dial,
    Dialling,
    Done,
    Explain,
    HangUp,
    Lines,
    LineStatus,
    ListCalls,
    ListHistory,
    ListLines,
    Redirect,
    Reject,
    Reload,
    Reloaded,
    Reply,
    Resolve,
    ShowCall,
    ShowStatus,
    Status,
    Transfer,
)
from siptapi_core.contracts import Clock, DialRequest, Logger, Strategy
from siptapi_core.dialer.event_bus import Bus, EventBus
from siptapi_core.dialer.line import Line
from siptapi_core.dialer.outgoing_call import OutgoingCall
from siptapi_core.dialer.strategy_memory import StrategyMemory
from siptapi_core.errors import DeniedError, RefusedError, SiptapiError, UnknownNameError
from siptapi_core.events import CallEnded, Event, EventId, Happening, TracedMessage
from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.numbers import Decision, Explanation


class Services(Protocol):
    """What a dialer has besides while it runs in a daemon."""

    async def reload(self) -> Reloaded:
        """Carry out `Reload`; raises SettingsError."""
        ...

    def status(self) -> Status:
        """Carry out `ShowStatus`."""
        ...


GOODBYE_SECONDS = 5.0
"""How long `LocalDialer.close` waits for calls that it hung up."""


class LocalDialer:
    """See `siptapi_core.contracts.Dialer`.

    ``strategy(name)`` creates a strategy when it is first named, and raises UnknownNameError for a
    name that nobody offers. ``default_line`` is used where a command names none.
    ``tracers`` is the network's list, ``settings_file`` for the words of errors.
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
        settings_file: str = "",
    ) -> None:
        self.services: Services | None = None
        """Those of the daemon that it runs in, if any."""
        self._lines = lines
        self.default_line = default_line
        self._strategy = strategy
        self._memory = memory
        self._identifiers = identifiers
        self._clock = clock
        self._logger = logger
        self._tracers = tracers
        self._settings_file = settings_file
        self._events = events
        self._messages: Bus[TracedMessage] = Bus()
        self._calls: dict[str, OutgoingCall] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    async def execute(  # noqa: C901  # one arm a command
        self, command: Command, caller: Caller
    ) -> Reply:
        """Carry out ``command`` for ``caller``; raises SiptapiError."""
        match command:
            case Dial():
                return self._dial(command, caller)
            case HangUp():
                await self._call(command.call, caller).hang_up()
                return Done()
            case Transfer():
                call = self._call(command.call, caller)
                explanation = self._line(call.line, caller).explain(command.number)
                _check_decision(explanation, confirmed=command.confirmed)
                await call.transfer(explanation.dialled)
                return Done()
            case Reject() | Redirect():
                raise RefusedError(f"there is no incoming call {command.call!r}")
            case ListHistory() | ShowCall():
                raise RefusedError("no history is kept")
            case Reload():
                return await self._daemon(caller).reload()
            case ShowStatus():
                return self._daemon(caller).status()
            case Explain():
                return self._line(command.line, caller).explain(command.text)
            case Resolve():
                line = self._line(command.line, caller)
                return await line.resolve(command.target, self._logger.bind(line=line.name))
            case ListCalls():
                seen = [c for c in self._calls.values() if caller.may_use(c.line)]
                return Calls(tuple(call.status() for call in seen))
            case ListLines():
                seen_lines = [line for line in self._lines.values() if caller.may_use(line.name)]
                return Lines(tuple(_status(line) for line in seen_lines))
            case _:
                assert_never(command)

    def events(self, caller: Caller, after: EventId | None = None) -> AsyncIterator[Event]:
        """Events of the caller's lines, from now on or from the first after ``after``."""
        return self._events.subscribe_for(caller, after)

    def traced(self) -> AsyncIterator[TracedMessage]:
        """SIP messages from now on."""
        subscription = self._messages.subscribe()
        if self._trace not in self._tracers:
            self._tracers.append(self._trace)
        return subscription

    def counters(self) -> dict[str, int]:
        """What is alive, by name."""
        return {
            "calls": len(self._calls),
            "listeners": len(self._events.subscriptions) + len(self._messages.subscriptions),
        }

    async def drain(self, seconds: float) -> None:
        """Take no more calls, and wait until there is none, ``seconds`` at most."""
        self._closing = True
        if self._tasks:
            await asyncio.wait(tuple(self._tasks.values()), timeout=seconds)

    async def close(self) -> None:
        """Take no more calls, hang up those that we hold, wait a while, end the streams."""
        self._closing = True
        for call in tuple(self._calls.values()):
            try:
                await call.hang_up()
            except SiptapiError as error:
                self._logger.debug("not hung up", call=call.id, why=str(error))
        if self._tasks:
            _, stuck = await asyncio.wait(tuple(self._tasks.values()), timeout=GOODBYE_SECONDS)
            for task in stuck:
                task.cancel()
            if stuck:
                self._logger.warning("calls did not end in time", calls=len(stuck))
                await asyncio.wait(stuck)
        self._events.close()
        self._messages.close()

    def _dial(self, command: Dial, caller: Caller) -> Dialling:
        if self._closing:
            raise RefusedError("SIPTAPI is shutting down and takes no more calls")
        line = self._line(command.line, caller)
        explanation = line.explain(command.number)
        _check_decision(explanation, confirmed=command.confirmed)
        if command.strategy is None:
            names = self._memory.order(line.name, line.strategies)
        else:
            names = (command.strategy,)
        number = explanation.number
        call_id = self._identifiers.tag()
        logger = self._logger.bind(call=call_id, line=line.name)
        call = OutgoingCall(
            call=call_id,
            request=DialRequest(
                callee=explanation.dialled,
                line=line.identity(str(number or explanation.dialled)),
                number=number,
            ),
            number=str(number or explanation.dialled),
            frontend=caller.frontend,
            strategies=[(name, self._strategy(name)) for name in names],
            network=line.network(logger),
            memory=self._memory,
            publish=self._publish,
            started=self._clock.time(),
            logger=logger,
            settings_file=self._settings_file,
        )
        call.begin(line.callee(explanation, logger) if line.looks_up(explanation) else None)
        self._calls[call.id] = call
        task = asyncio.get_running_loop().create_task(call.run())
        self._tasks[call.id] = task
        task.add_done_callback(partial(self._forget, call.id))
        return Dialling(call=call.id, line=line.name, explanation=explanation)

    def _forget(self, call: str, task: asyncio.Task[None]) -> None:
        self._calls.pop(call, None)
        self._tasks.pop(call, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._logger.error("call broke", call=call, why=repr(error))

    def _publish(self, call: OutgoingCall, happening: Happening) -> None:
        if isinstance(happening, CallEnded):
            self._calls.pop(call.id, None)
        self._events.tell_of_call(call.id, call.line, happening)

    def _trace(self, message: TracedMessage) -> None:
        if self._messages.subscriptions:
            self._messages.publish(message)
        else:
            self._tracers.remove(self._trace)

    def _line(self, name: str | None, caller: Caller) -> Line:
        wanted = name
        if wanted is None:
            usable = filter(caller.may_use, self._lines)
            first = next(usable, self.default_line)
            wanted = self.default_line if caller.may_use(self.default_line) else first
        if wanted not in self._lines or not caller.may_use(wanted):
            usable = filter(caller.may_use, self._lines)
            raise UnknownNameError("line", wanted, known=tuple(usable))
        return self._lines[wanted]

    def _daemon(self, caller: Caller) -> Services:
        if self.services is None:
            raise RefusedError("there is no daemon: `siptapi serve` starts one")
        if caller.lines is not None:
            raise RefusedError("only who may use every line may do that")
        return self.services

    def _call(self, call_id: str, caller: Caller) -> OutgoingCall:
        call = self._calls.get(call_id)
        if call is None or not caller.may_use(call.line):
            raise RefusedError(f"there is no call {call_id!r} in progress; it may have ended")
        return call


def _status(line: Line) -> LineStatus:
    identity = line.identity("")
    return LineStatus(
        name=line.name,
        account=str(identity.address_of_record),
        phone=str(identity.phone_address or identity.phone),
        strategies=line.strategies,
    )


def _check_decision(explanation: Explanation, *, confirmed: bool) -> None:
    rule = f" (rule {explanation.rule})" if explanation.rule else ""
    if explanation.decision is Decision.DENY:
        raise DeniedError(f"{explanation.formatted} may not be dialled{rule}")
    if explanation.decision is Decision.CONFIRM and not confirmed:
        raise DeniedError(
            f"{explanation.formatted} must be confirmed before it is dialled{rule}",
            confirmable=True,
        )
