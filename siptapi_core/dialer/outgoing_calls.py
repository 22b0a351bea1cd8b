"""The calls that lines make: begun, kept until they end, hung up when the dialer closes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from siptapi_core.commands import Caller, CallStatus, Dial, Dialling
from siptapi_core.contracts import Clock, DialRequest, Logger, Strategy
from siptapi_core.dialer.event_bus import EventBus
from siptapi_core.dialer.line import Line
from siptapi_core.dialer.outgoing_call import OutgoingCall
from siptapi_core.dialer.strategy_memory import StrategyMemory
from siptapi_core.errors import DeniedError, RefusedError, SiptapiError
from siptapi_core.events import CallId
from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.numbers import Decision, Explanation, Kind
from siptapi_core.sip.uri import SipUri, Uri

GOODBYE_SECONDS, GOODBYE_SECONDS_A_CALL = 5.0, 0.002
"""How long `OutgoingCalls.close` may take to hang up all calls, and to wait for their end."""
AT_A_TIME = 20
"""Calls that are hung up before the loop has its turn again: some milliseconds."""

T = TypeVar("T")


class OutgoingCalls:
    """Every call in progress. ``strategy(name)`` is as in `LocalDialer`."""

    def __init__(
        self,
        *,
        events: EventBus,
        strategy: Callable[[str], Strategy],
        memory: StrategyMemory,
        identifiers: Identifiers,
        clock: Clock,
        logger: Logger,
        settings_file: str,
    ) -> None:
        self.on_begun: list[Callable[[SipUri, Uri], None]] = []
        """Told of each call that is about to be made who may call its account because of it: the
        account itself and, where the callee is called first, the callee."""
        self.on_over: list[Callable[[SipUri, Uri], None]] = []
        """... and once more when the call is over."""
        self.on_ended: list[Callable[[OutgoingCall], None]] = []
        """Told of each call that has just ended."""
        self.admit: Callable[[int], None] = lambda _calls: None
        """Raises BusyError where there cannot be one more call beside so many."""
        self._events = events
        self._strategy = strategy
        self._memory = memory
        self._identifiers = identifiers
        self._clock = clock
        self._logger = logger
        self._settings_file = settings_file
        self._calls: dict[CallId, OutgoingCall] = {}
        self._none_left = asyncio.Event()
        self._may_call: dict[CallId, list[Uri]] = {}
        self._closing = False

    def __len__(self) -> int:
        """How many there are."""
        return len(self._calls)

    def statuses(self) -> list[CallStatus]:
        """Each as it is now."""
        return [call.status() for call in self._calls.values()]

    def dial(self, command: Dial, line: Line, caller: Caller) -> Dialling:
        """Carry out ``command`` on ``line``.

        Raises:
            SiptapiError: nothing was dialled; the words say why.
        """
        if self._closing:
            raise RefusedError("SIPTAPI is shutting down and takes no more calls")
        if not line.active:
            raise RefusedError(f"line {line.name!r} is not active (lines.{line.name}.active)")
        explanation = line.explain(command.number)
        check_decision(explanation, confirmed=command.confirmed)
        if explanation.kind is not Kind.EMERGENCY:
            self.admit(len(self._calls))
        if command.strategy is None:
            names = self._memory.order(line.name, line.strategies)
        else:
            names = (command.strategy,)
        number = explanation.number
        call_id = self._identifiers.tag()
        logger = self._logger.bind(call=call_id, line=line.name)
        said, e164 = command.country_code, explanation.e164
        if said and e164 and not e164.startswith(f"+{said}"):
            logger.warning("the number is of another country", said=said, read=e164)
        shown = str(number or explanation.dialled)
        identity = line.identity(shown)
        call = OutgoingCall(
            call=call_id,
            request=DialRequest(
                callee=explanation.dialled,
                line=identity,
                number=number,
                is_emergency=explanation.kind is Kind.EMERGENCY,
            ),
            number=shown,
            frontend=caller.frontend,
            strategies=[(name, self._strategy(name)) for name in names],
            network=line.network(call_id, logger),
            memory=self._memory,
            events=self._events,
            owner=self,
            started=self._clock.time(),
            logger=logger,
            settings_file=self._settings_file,
        )
        call.begin(line.callee(explanation, logger) if line.looks_up(explanation) else None)
        self._calls[call.id] = call
        self._expect(call, identity.address_of_record)
        return Dialling(call=call.id, line=line.name, explanation=explanation)

    def get(self, call_id: CallId, caller: Caller) -> OutgoingCall:
        """The call of that id, if the caller may know of it.

        Raises:
            RefusedError: there is none in progress.
        """
        call = self._calls.get(call_id)
        if call is None or not caller.may_use(call.line):
            raise RefusedError(f"there is no call {call_id!r} in progress; it may have ended")
        return call

    async def drain(self, seconds: float) -> None:
        """Take no more calls, and wait until there is none, ``seconds`` at most."""
        self._closing = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._until_none_is_left()

    async def close(self) -> None:
        """Take no more calls, hang up those that there are, and wait a while for their end.

        There may be thousands: meanwhile the loop turns, and what their phones say is heard.
        """
        self._closing = True
        seconds = GOODBYE_SECONDS + GOODBYE_SECONDS_A_CALL * len(self._calls)
        with suppress(TimeoutError):
            try:
                async with asyncio.timeout(seconds):
                    await self._hang_up_all()
                    await self._until_none_is_left()
            finally:  # also where nobody wants to wait any more: each is told to have ended
                await self._give_up(tuple(self._calls.values()))

    async def _until_none_is_left(self) -> None:
        while self._calls:
            self._none_left.clear()
            await self._none_left.wait()

    async def _hang_up_all(self) -> None:
        async with asyncio.TaskGroup() as hanging_up:
            async for call in _few_at_a_time(tuple(self._calls.values())):
                hanging_up.create_task(self._hang_up(call))

    async def _give_up(self, stuck: Sequence[OutgoingCall]) -> None:
        if stuck:
            self._logger.warning("calls did not end in time", calls=len(stuck))
            async for call in _few_at_a_time(stuck):
                call.give_up()

    async def _hang_up(self, call: OutgoingCall) -> None:
        try:
            await call.hang_up()
        except SiptapiError as error:
            self._logger.debug("not hung up", call=call.id, why=str(error))

    def _expect(self, call: OutgoingCall, caller: Uri) -> None:
        self._may_call.setdefault(call.id, []).append(caller)
        for tell in self.on_begun:
            tell(call.request.line.address_of_record, caller)

    def expect_callee(self, call: OutgoingCall) -> None:
        """The callee of ``call`` is called before the phone, and may so call us."""
        self._expect(call, call.request.callee)

    def forget(self, call: OutgoingCall) -> None:
        """It has ended."""
        del self._calls[call.id]
        for caller in self._may_call.pop(call.id):
            for tell in self.on_over:
                tell(call.request.line.address_of_record, caller)
        for tell_of_end in self.on_ended:
            tell_of_end(call)
        if not self._calls:
            self._none_left.set()


async def _few_at_a_time(items: Sequence[T]) -> AsyncIterator[T]:
    for number, item in enumerate(items, 1):
        yield item
        if number % AT_A_TIME == 0:
            await asyncio.sleep(0)


def check_decision(explanation: Explanation, *, confirmed: bool) -> None:
    """Raise DeniedError where the line's rules forbid a number, or nobody ``confirmed`` it."""
    rule = f" (rule {explanation.rule})" if explanation.rule else ""
    if explanation.decision is Decision.DENY:
        raise DeniedError(f"{explanation.formatted} may not be dialled{rule}")
    if explanation.decision is Decision.CONFIRM and not confirmed:
        raise DeniedError(
            f"{explanation.formatted} must be confirmed before it is dialled{rule}",
            confirmable=True,
        )
