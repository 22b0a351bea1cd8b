"""One call that a line makes: its strategies one after the other, its state, its events.

The call owns the fallback: the next strategy is tried in the same call only while the attempt
says that nobody was disturbed. A strategy may be anybody's plugin: whatever it raises ends the
attempt with words, never the dialer. Most attempts are SIPTAPI's own, and report by themselves; the
events of any other are read by a task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, get_args

from siptapi_core.commands import CallState, CallStatus
from siptapi_core.contracts import Attempt, Capability, DialRequest, Logger, Network, Strategy
from siptapi_core.dialer.event_bus import EventBus
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
from siptapi_core.net.line_network import ReferAttempt
from siptapi_core.sip.uri import Uri

if TYPE_CHECKING:
    from siptapi_core.dialer.outgoing_calls import OutgoingCalls

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
    """A call in progress, one of ``owner``; ``events`` tell what happens, `CallEnded` last.

    ``settings_file`` is for the words of what a strategy lacks in the settings.
    """

    __slots__ = (
        "_attempt",
        "_events",
        "_failure",
        "_frontend",
        "_has_choice",
        "_hung_up",
        "_is_kept_back",
        "_is_logged",
        "_logger",
        "_memory",
        "_network",
        "_number",
        "_owner",
        "_settings_file",
        "_started",
        "_task",
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
        events: EventBus,
        owner: OutgoingCalls,
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
        self._events = events
        self._owner = owner
        self._started = started
        self._logger = logger
        self._is_logged = logger.is_enabled_for(LEVELS["info"])
        self._settings_file = settings_file
        self._attempt: Attempt | None = None
        self._failure: CallFailed | None = None
        """The last that the attempt reported."""
        self._is_kept_back = False
        """Whether that is told as `StrategyFellBack`, once the attempt has ended."""
        self._task: asyncio.Task[Any] | None = None
        """What looks the callee up, or reads the events of an attempt that is not ours."""
        self._hung_up = False

    def begin(self, callee: Coroutine[Any, Any, Uri] | None = None) -> None:
        """Start the first strategy that can, or first find out what the ``callee`` is.

        Raises:
            UsageError: the line's settings lack what the only, or last, strategy needs.
            PluginError: that strategy broke its contract.
        """
        passed_over = self._start_first() if callee is None else []
        self._tell(CallPlaced(self._number, str(self.request.callee), self._frontend))
        for each in passed_over:
            self._tell(each)
        if callee is not None:
            self._task = asyncio.get_running_loop().create_task(callee)
            self._task.add_done_callback(self._start_after)

    def give_up(self) -> None:
        """End it here, however far it is."""
        self._end_unknown()
        if self._task is not None:
            self._task.cancel()

    async def hang_up(self) -> None:
        """End it.

        Raises:
            RefusedError: the phone has it now, or it has ended.
            NotSupportedError: this strategy cannot hang up.
            PluginError: the strategy broke its contract.
        """
        attempt = self._attempt
        if attempt is None:
            if self.outcome is not None or self._task is None:
                raise RefusedError("the call has ended already")
            self._hung_up = True
            self._task.cancel()
            return
        before, self._hung_up = self._hung_up, True  # from now on no other strategy is tried
        try:
            await self._ask(attempt, Capability.HANG_UP)
        except SiptapiError:
            self._hung_up = before
            raise

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
        await self._ask(attempt, Capability.TRANSFER, to)
        self._waiting.clear()  # another strategy would call whom nobody wants any more
        self._tell(TransferRequested(str(to)))

    async def _ask(self, attempt: Attempt, capability: Capability, *arguments: Uri) -> None:
        """Have ``attempt`` do what a person wants: a capability is the name of its method."""
        what = capability.replace("_", " ")
        try:
            supported = capability in attempt.capabilities
            if supported:
                await self._in_time(getattr(attempt, capability)(*arguments), what)
        except SiptapiError:
            raise
        except Exception as error:
            raise _broken(self.strategy, error) from error
        if not supported:
            raise NotSupportedError(f"the strategy {self.strategy!r} cannot {what}")

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

    def _start_after(self, look_up: asyncio.Task[Uri]) -> None:
        if self.outcome is not None:  # given up
            return
        if self._hung_up or look_up.cancelled():
            self._tell(CallEnded(Outcome.CANCELLED, Stage.PROXY))
            return
        failure: BaseException | None = look_up.exception()
        if failure is None:
            self.request = self.request.evolve(callee=look_up.result())
            try:
                for each in self._start_first():
                    self._tell(each)
            except (UsageError, PluginError) as error:
                failure = error
        if failure is not None:
            self._tell(_failed(failure))
            self._tell(CallEnded(Outcome.FAILED, Stage.PROXY))

    def _start_first(self) -> list[StrategyFellBack]:
        """Start the first strategy that can; returns what was passed over, which nobody knows."""
        passed_over: list[StrategyFellBack] = []
        while self._attempt is None:
            try:
                self._start_next()
            except (UsageError, PluginError) as error:
                if not self._waiting:
                    raise
                passed_over.append(self._fell_back(str(error)))
        return passed_over

    async def _read(self, attempt: Attempt) -> None:
        """Take what ``attempt``, which may be anybody's, reports."""
        try:
            async for happening in attempt.events():
                if not isinstance(happening, _REPORTABLE):
                    raise TypeError(f"it reported {happening!r}")  # noqa: TRY301  # as below
                self._on_happening(happening)
                if self._attempt is not attempt:
                    return
        except asyncio.CancelledError:  # given up, or by what it waited for
            self._end_unknown()
            raise
        except Exception as error:  # noqa: BLE001  # a plugin's attempt may raise anything
            self._logger.error(  # noqa: TRY400  # our Logger has no exception()
                "strategy broke", strategy=self.strategy, why=repr(error)
            )
            reason = f"the strategy {self.strategy!r} broke: {error!r}"
        else:
            reason = f"the strategy {self.strategy!r} ended without saying how the call went"
        self._end_unknown(CallFailed(Stage.PROXY, None, reason, Disturbed.MAYBE))

    def _end_unknown(self, failure: CallFailed | None = None) -> None:
        """Tell that nobody knows how it went. Harmless where it has ended."""
        if self.outcome is None:
            if failure is not None:
                self._tell(failure)
            self._tell(CallEnded(Outcome.UNKNOWN, Stage.PROXY))

    def _on_happening(self, happening: AttemptHappening) -> None:
        """The attempt reports; `CallEnded` is its last word."""
        if self.outcome is not None:  # given up
            return
        if isinstance(happening, CallEnded):
            self._on_attempt_ended(happening)
            return
        if isinstance(happening, CallFailed):
            self._failure = happening
            undisturbed = happening.disturbed is Disturbed.NO
            self._is_kept_back = undisturbed and bool(self._waiting) and not self._hung_up
            if self._is_kept_back:
                return
        self._tell(happening)

    def _on_attempt_ended(self, ended: CallEnded) -> None:
        failure = self._failure
        if failure is not None and self._is_kept_back:
            why = failure.reason
            while self._waiting and not self._hung_up:
                self._tell(self._fell_back(why))
                try:
                    self._start_next()
                except (UsageError, PluginError) as error:
                    why, failure = str(error), _failed(error)
                else:
                    return
            self._tell(failure)
        self._learn(ended, failure)
        self._tell(ended)

    def _start_next(self) -> None:
        name, strategy = self._waiting.pop(0)
        self.strategy = name
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
        self._attempt, self._failure, self._is_kept_back = attempt, None, False
        if isinstance(attempt, ReferAttempt):
            attempt.report_to(self._on_happening)
        else:
            self._task = asyncio.get_running_loop().create_task(self._read(attempt))

    def _fell_back(self, why: str) -> StrategyFellBack:
        return StrategyFellBack(self.strategy, self._waiting[0][0], why)

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

    def _tell(self, happening: Happening) -> None:
        # Where the callee came first, the phone rings while the call is connected.
        if self.state is not CallState.CONNECTED or isinstance(happening, CallEnded):
            self.state = _STATES.get(type(happening), self.state)
        if isinstance(happening, CallEnded):
            self.outcome, self.stage = happening.outcome, happening.stage
            self._attempt = None
            self._owner.forget(self)
        elif isinstance(happening, CalleeTrying) and happening.strategy:
            self._owner.expect_callee(self)
        if self._is_logged:
            self._logger.info(happening.name, **fields_of(happening))
        try:
            self._events.tell_of_call(self.id, self.line, happening)
        except Exception as error:  # noqa: BLE001  # a defect of ours; the phone rings all the same
            self._logger.error(  # noqa: TRY400  # as above
                "event not told", happening=happening.name, why=repr(error)
            )


def _failed(error: BaseException) -> CallFailed:
    code = error.code if isinstance(error, SiptapiError) else ""
    return CallFailed(Stage.PROXY, None, str(error), Disturbed.NO, code=code)


def _broken(name: str, error: Exception) -> PluginError:
    return PluginError(f"the strategy {name!r} broke: {error!r}")
