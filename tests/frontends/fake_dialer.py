"""A dialer that plays a script: what happens after Dial, and after HangUp."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from siptapi_core.commands import Caller, Command, Dial, Dialling, Done, HangUp, Reply
from siptapi_core.errors import DeniedError
from siptapi_core.events import (
    CalleeAnswered,
    CalleeRinging,
    CalleeTrying,
    CallEnded,
    CallEvent,
    CallFailed,
    Direction,
    HandedOver,
    Happening,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    ReferAccepted,
    Reporter,
    Stage,
    TracedMessage,
)
from siptapi_core.numbers import Explanation, Kind
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Number
from siptapi_frontends.cli.calling import Connect, PlannedCall

ANSWERED: tuple[Happening, ...] = (
    PhoneCalling(strategy="refer-via-proxy"),
    PhoneRinging(),
    PhoneAnswered(),
    ReferAccepted(),
    CalleeTrying(),
    CalleeRinging(),
    CalleeAnswered(),
    HandedOver(),
    CallEnded(Outcome.ANSWERED, Stage.CALLEE),
)
REVERSE: tuple[Happening, ...] = (
    CalleeTrying("reverse", Reporter.SIPTAPI),
    CalleeRinging(180, Reporter.PROXY),
    CalleeAnswered(Reporter.PROXY),
    ReferAccepted(Reporter.PROXY),
    PhoneCalling("", Reporter.SIPFRAG),
    PhoneRinging(Reporter.SIPFRAG),
    PhoneAnswered(Reporter.SIPFRAG),
    HandedOver(),
    CallEnded(Outcome.ANSWERED, Stage.CALLEE),
)
NOTHING: tuple[Happening, ...] = ()
RINGING = ANSWERED[:2]
CANCELLED = (CallEnded(Outcome.CANCELLED, Stage.PHONE),)
BUSY: tuple[Happening, ...] = (
    *ANSWERED[:5],
    CallFailed(Stage.CALLEE, 486, "Busy Here"),
    CallEnded(Outcome.BUSY, Stage.CALLEE),
)


MESSAGES = (
    TracedMessage(0.0, Direction.SENT, "udp:127.0.0.1:5060", "x", "INVITE sip:10@pbx SIP/2.0\r\n"),
    TracedMessage(0.1, Direction.RECEIVED, "udp:127.0.0.1:5060", "x", "SIP/2.0 200 OK\r\n"),
)
NAMES = {"udp:127.0.0.1:5060": "proxy"}


def explanation(**changes: object) -> Explanation:
    values = {
        "input": "01/505641",
        "kind": Kind.NATIONAL,
        "e164": "+431505641",
        "formatted": "+43 1 505641",
        "dialled": SipUri("pbx.example", "+431505641"),
        "number": Number("+431505641"),
    }
    return Explanation(**(values | changes))  # type: ignore[arg-type]


def event(happening: Happening, number: int = 1, call: str = "c1") -> CallEvent:
    return CallEvent(number, call, "office", 1_700_000_000.0 + number, happening)


class FakeDialer:
    """``after_dial`` and ``after_hang_up`` are what happens then; an error among the latter is
    raised by HangUp. ``answers`` are those to other commands, by class; ``executed`` are all."""

    def __init__(
        self,
        after_dial: Iterable[Happening] = ANSWERED,
        after_hang_up: Iterable[Happening] | Exception = CANCELLED,
        *,
        confirmable: bool = False,
        warnings: tuple[str, ...] = (),
        messages: Iterable[TracedMessage] = (),
        pause: float = 0,
        goes_away: bool = False,
        answers: Mapping[type, Reply] | None = None,
    ) -> None:
        self.executed: list[Command] = []
        self.closed = False
        self._after_dial = tuple(after_dial)
        self._after_hang_up = after_hang_up
        self._explanation = explanation(warnings=warnings)
        self._messages = tuple(messages)
        self._happened: asyncio.Queue[Happening | None] = asyncio.Queue()
        self._confirmable = confirmable
        self._closing = asyncio.Event()
        self._pause = pause
        self._goes_away = goes_away
        self._answers = answers or {}

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[FakeDialer]:
        try:
            yield self
        finally:
            self.closed = True
            self._closing.set()

    def planned(self, dial: Dial, names: Mapping[str, str] | None = None) -> Connect:
        """What `place_call` is given to make ``dial`` on this dialer."""

        @asynccontextmanager
        async def connect() -> AsyncIterator[PlannedCall]:
            async with self.connect():
                yield PlannedCall(self, dial, names or {})

        return connect

    async def execute(self, command: Command, caller: Caller) -> Reply:
        assert caller.frontend == "cli"
        self.executed.append(command)
        if isinstance(command, HangUp):
            if isinstance(self._after_hang_up, Exception):
                raise self._after_hang_up
            self._happen(self._after_hang_up)
            return Done()
        if type(command) in self._answers:
            return self._answers[type(command)]
        assert isinstance(command, Dial)
        if self._confirmable and not command.confirmed:
            raise DeniedError("+43 900 1 must be confirmed (rule premium)", confirmable=True)
        self._happen(self._after_dial)
        if self._goes_away:
            self._happened.put_nowait(None)
        return Dialling(call="c1", line="office", explanation=self._explanation)

    def _happen(self, happenings: Iterable[Happening]) -> None:
        for happening in happenings:
            self._happened.put_nowait(happening)

    async def events(self, caller: Caller, after: int | None = None) -> AsyncIterator[CallEvent]:
        number = 0
        yield event(CallEnded(Outcome.BUSY, Stage.CALLEE), 99, call="somebody-elses")
        while (happening := await self._happened.get()) is not None:
            await asyncio.sleep(self._pause)
            number += 1
            yield event(happening, number)

    async def traced(self) -> AsyncIterator[TracedMessage]:
        for message in self._messages:
            yield message
        await self._closing.wait()
