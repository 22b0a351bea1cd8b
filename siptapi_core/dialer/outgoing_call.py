"""One call that a line makes: its strategies one after the other, its state, its events.

The call owns the fallback: the next strategy is tried in the same call only while the attempt
says that nobody was disturbed. A strategy may be anybody's plugin: whatever it raises ends the
attempt with words, never the dialer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, get_args

from siptapi_core.commands import CallState, CallStatus
from siptapi_core.contracts import Attempt, Capability, DialRequest, Logger, Network, Strategy
from siptapi_core.dialer.strategy_memory import StrategyMemory
from siptapi_core.errors import (
    NotSupportedError,
    PluginError,
    RefusedError,
    SettingsError,
    SiptapiError,
    UsageError,
)
from siptapi_core.events import (
    AttemptHappening,
    CalleeAnswered,
    CalleeRinging,
    CalleeTrying,
    CallEnded,
    CallFailed,
    CallId,
    CallPlaced,
    Disturbed,
    Happening,
    Outcome,
    PhoneAnswered,
    PhoneRinging,
    ReferAccepted,
    Stage,
    StrategyFellBack,
    TransferRequested,
    fields_of,
)
from siptapi_core.logs import LEVELS
from siptapi_core.sip.uri import Uri

PATIENCE = 5.0
"""Seconds that an attempt may take to pass on what a person wants."""

_STATES: dict[type[Happening], CallState] = {
    PhoneRinging: CallState.PHONE_RINGING,
    PhoneAnswered: CallState.PHONE_ANSWERED,
    ReferAccepted: CallState.CONNECTING,
    CalleeTrying: CallState.CONNECTING,
    CalleeRinging: CallState.CALLEE_RINGING,
    CalleeAnswered: CallState.CONNECTED,
    CallEnded: CallState.ENDED,
}

_REPORTABLE = get_args(AttemptHappening)  # isinstance takes a tuple faster than a union

Named = tuple[str, Strategy]


class OutgoingCall:
    """A call in progress. ``publish`` puts a happening into its envelope and tells everyone.

    ``settings_file`` is for the words of what a strategy lacks in the settings.
    """

    __slots__ = (
        "_attempt",
        "_frontend",
        "_has_choice",
        "_hung_up",
        "_is_logged",
        "_logger",
        "_look_up",
        "_memory",
        "_network",
        "_number",
        "_publish",
        "_settings_file",
        "_started",
        "_waiting",
        "id",
        "line",
        "outcome",
        "request",
        "stage",
        "state",
        "strategy",
    )

    def __init__(
        self,
        *,
        call: CallId,
        request: DialRequest,
        number: str,
        frontend: str,
        strategies: Sequence[Named],
        network: Network,
        memory: StrategyMemory,
        publish: Callable[[OutgoingCall, Happening], None],
        started: float,
        logger: Logger,
        settings_file: str = "",
    ) -> None:
        self.id = call
        self.line = request.line.name
        self.state = CallState.CALLING_PHONE
        self.outcome: Outcome | None = None
        self.stage: Stage | None = None
        self.strategy = strategies[0][0]
        self.request = request
        """What the strategies are given."""
        self._number = number
        self._frontend = frontend
        self._waiting = list(strategies)
        self._has_choice = len(strategies) > 1
        self._network = network
        self._memory = memory
        self._publish = publish
        self._started = started
        self._logger = logger
        self._is_logged = logger.is_enabled_for(LEVELS["info"])
        self._settings_file = settings_file
        self._attempt: Attempt | None = None
        self._look_up: asyncio.Task[Uri] | None = None
        self._hung_up = False

    def begin(self, callee: Coroutine[Any, Any, Uri] | None = None) -> None:
        """Start the first strategy that can, or first find out what the ``callee`` is.

        Raises:
            UsageError: the line's settings lack what the only, or last, strategy needs.
            PluginError: that strategy broke its contract.
        """
        if callee is None:
            passed_over = self._start_first()
            self._tell_placed()
            self._tell_all(passed_over)
        else:
            self._tell_placed()
            self._look_up = asyncio.get_running_loop().create_task(callee)

    async def run(self) -> None:
        """Follow the look-up and the attempts to the end; `CallEnded` is the last that is told."""
        if self._look_up is not None:
            await self._start_after(self._look_up)
        while self._attempt is not None:
            self._attempt = await self._follow(self._attempt)

    async def hang_up(self) -> None:
        """End it.

        Raises:
            RefusedError: the phone has it now, or it has ended.
            NotSupportedError: this strategy cannot hang up.
            PluginError: the strategy broke its contract.
        """
        if self._look_up is not None and self._attempt is None and self.outcome is None:
            self._hung_up = True
            self._look_up.cancel()
            return
        attempt = self._attempt
        if attempt is None:
            raise RefusedError("the call has ended already")
        before, self._hung_up = self._hung_up, True  # from now on no other strategy is tried
        try:
            supported = Capability.HANG_UP in attempt.capabilities
            if supported:
                await self._in_time(attempt.hang_up(), "hang up")
        except Exception as error:
            self._hung_up = before
            if isinstance(error, SiptapiError):
                raise
            raise _broken(self.strategy, error) from error
        if not supported:
            self._hung_up = before
            raise NotSupportedError(f"the strategy {self.strategy!r} cannot hang up")

    async def transfer(self, to: Uri) -> None:
        """Send the party that we hold to ``to``.

        Raises:
            RefusedError: nobody is held now.
            NotSupportedError: this strategy cannot transfer.
            PluginError: the strategy broke its contract.
        """
        attempt = self._attempt
        if attempt is None:
            raise RefusedError("nobody can be transferred: nobody is held")
        try:
            supported = Capability.TRANSFER in attempt.capabilities
            if supported:
                await self._in_time(attempt.transfer(to), "transfer")
        except SiptapiError:
            raise
        except Exception as error:
            raise _broken(self.strategy, error) from error
        if not supported:
            raise NotSupportedError(f"the strategy {self.strategy!r} cannot transfer")
        self._waiting.clear()  # another strategy would call whom nobody wants any more
        self._tell(TransferRequested(str(to)))

    async def _in_time(self, doing: Awaitable[None], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE) as limit:
                await doing
        except TimeoutError:
            if not limit.expired():  # it is the strategy's own
                raise
            words = f"the strategy {self.strategy!r} did not {what} within {PATIENCE:g} s"
            raise PluginError(words) from None

    def status(self) -> CallStatus:
        """The call as it is now."""
        return CallStatus(
            call=self.id,
            line=self.line,
            number=self._number,
            strategy=self.strategy,
            state=self.state,
            started=self._started,
            outcome=self.outcome,
            stage=self.stage,
        )

    async def _start_after(self, look_up: asyncio.Task[Uri]) -> None:
        await asyncio.wait([look_up])
        if self._hung_up:
            self._tell(CallEnded(Outcome.CANCELLED, Stage.PROXY))
            return
        failure: BaseException | None = look_up.exception()
        if failure is None:
            self.request = self.request.evolve(callee=look_up.result())
            try:
                self._tell_all(self._start_first())
            except (UsageError, PluginError) as error:
                failure = error
        if failure is not None:
            self._tell(_failed(failure))
            self._tell(CallEnded(Outcome.FAILED, Stage.PROXY))

    def _start_first(self) -> list[StrategyFellBack]:
        """Start the first strategy that can; returns what was passed over, which nobody knows."""
        passed_over: list[StrategyFellBack] = []
        while self._attempt is None:
            self.strategy, strategy = self._waiting.pop(0)
            try:
                self._attempt = self._start(self.strategy, strategy)
            except (UsageError, PluginError) as error:
                if not self._waiting:
                    raise
                next_ = self._waiting[0][0]
                passed_over.append(StrategyFellBack(self.strategy, next_, str(error)))
        return passed_over

    async def _follow(self, attempt: Attempt) -> Attempt | None:
        """Tell what ``attempt`` reports; returns the attempt that takes its place, if any."""
        failure: CallFailed | None = None
        kept_back = False
        try:
            async for happening in attempt.events():
                if not isinstance(happening, _REPORTABLE):
                    raise TypeError(f"it reported {happening!r}")  # noqa: TRY301  # as below
                if isinstance(happening, CallFailed):
                    failure = happening
                    kept_back = self._may_fall_back(failure)
                    if kept_back:
                        continue  # told as StrategyFellBack, once the attempt has ended
                if isinstance(happening, CallEnded):
                    return self._end(happening, failure, kept_back=kept_back)
                self._tell(happening)
        except asyncio.CancelledError:  # the dialer closes, and the attempt did not end in time
            self._tell(CallEnded(Outcome.UNKNOWN, Stage.PROXY))
            raise
        except Exception as error:  # noqa: BLE001  # a plugin's attempt may raise anything
            self._logger.error(  # noqa: TRY400  # our Logger has no exception()
                "strategy broke", strategy=self.strategy, why=repr(error)
            )
            reason = f"the strategy {self.strategy!r} broke: {error!r}"
        else:
            reason = f"the strategy {self.strategy!r} ended without saying how the call went"
        self._tell(CallFailed(Stage.PROXY, None, reason, Disturbed.MAYBE))
        self._tell(CallEnded(Outcome.UNKNOWN, Stage.PROXY))
        return None

    def _end(
        self, ended: CallEnded, failure: CallFailed | None, *, kept_back: bool
    ) -> Attempt | None:
        if failure is not None and kept_back:
            why = failure.reason
            while self._waiting and not self._hung_up:
                self._fall_back(why)
                name, strategy = self._waiting.pop(0)
                try:
                    return self._start(name, strategy)
                except (UsageError, PluginError) as error:
                    why = str(error)
                    failure = _failed(error)
            self._tell(failure)
        self._learn(ended, failure)
        self._tell(ended)
        return None

    def _start(self, name: str, strategy: Strategy) -> Attempt:
        self._logger.debug("strategy chosen", strategy=name)
        try:
            attempt = strategy.start(self.request, self._network)
        except SettingsError as error:
            raise error.in_file(self._settings_file) from None
        except UsageError:
            raise
        except Exception as error:
            raise _broken(name, error) from error
        if not hasattr(attempt, "events"):
            raise PluginError(f"the strategy {name!r} broke: its start returned {attempt!r}")
        return attempt

    def _may_fall_back(self, failure: CallFailed) -> bool:
        return bool(self._waiting) and failure.disturbed is Disturbed.NO and not self._hung_up

    def _fall_back(self, why: str) -> None:
        failed, self.strategy = self.strategy, self._waiting[0][0]
        self._tell(StrategyFellBack(failed, self.strategy, why))

    def _learn(self, ended: CallEnded, failure: CallFailed | None) -> None:
        """A REFER that was refused, or led to no word at all, is the strategy's failure."""
        if not self._has_choice:
            return
        refused = ended.stage is Stage.REFER and ended.outcome is not Outcome.CANCELLED
        silent = ended.outcome is Outcome.UNKNOWN and not self._hung_up
        if refused or silent:
            why = failure.reason if failure is not None else str(ended.outcome)
            self._memory.remember(self.line, self.strategy, why)
        elif ended.stage is Stage.CALLEE and ended.outcome is not Outcome.UNKNOWN:
            self._memory.forget(self.line, self.strategy)

    def _tell_placed(self) -> None:
        self._tell(CallPlaced(self._number, str(self.request.callee), self._frontend))

    def _tell_all(self, happenings: Iterable[Happening]) -> None:
        for happening in happenings:
            self._tell(happening)

    def _tell(self, happening: Happening) -> None:
        # Where the callee came first, the phone rings while the call is connected.
        if self.state is not CallState.CONNECTED or isinstance(happening, CallEnded):
            self.state = _STATES.get(type(happening), self.state)
        if isinstance(happening, CallEnded):
            self.outcome, self.stage = happening.outcome, happening.stage
        if self._is_logged:
            self._logger.info(happening.name, **fields_of(happening))
        self._publish(self, happening)


def _failed(error: BaseException) -> CallFailed:
    code = error.code if isinstance(error, SiptapiError) else ""
    return CallFailed(Stage.PROXY, None, str(error), Disturbed.NO, code=code)


def _broken(name: str, error: Exception) -> PluginError:
    return PluginError(f"the strategy {name!r} broke: {error!r}")
