"""The registration of one line, from its first REGISTER to its last (RFC 3261 section 10).

::

    IDLE ─start─▶ REGISTERING ────────── not accepted ──────────▶ FAILED
                   │  ▲  ▲                                        │  ▲
                   │  │  └──────────── time to try again ─────────┘  │
               2xx │  └───── it expired ─────┐                       │
                   ▼                         │                       │
              REGISTERED ──── refresh ──▶ REFRESHING ─ not accepted ─┘
                   ▲                         │
                   └────────── 2xx ──────────┘

    unregister, from any:  nothing of ours can be there ───────────────────▶ GONE
                           else UNREGISTERING ─ any answer, out of time ───▶ GONE

A refresh comes in good time, or soon after the flow was lost; not accepted is whatever is refused,
and silence. While one REGISTER is under way no other is sent: an un-REGISTER waits for its answer.
A refresh that fails is a failed registration at once, though the registrar may keep the old binding
until it expires: what it said last was not yes.
"""

from __future__ import annotations

import enum
from typing import Protocol

from siptapi_core.errors import SiptapiError, UsageError
from siptapi_core.events import RegistrationChanged, RegistrationState
from siptapi_core.machine.binding import Binding
from siptapi_core.machine.flows import Flows
from siptapi_core.machine.registrar_answer import RegistrarAnswer
from siptapi_core.machine.registration_plan import RegistrationPlan
from siptapi_core.machine.renewal import renew_after, retry_after_failure
from siptapi_core.machine.timers import Action, Timer
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.targets import Address


class RegistrationPhase(enum.Enum):
    """The states drawn above."""

    IDLE = enum.auto()
    REGISTERING = enum.auto()
    REGISTERED = enum.auto()
    REFRESHING = enum.auto()
    FAILED = enum.auto()
    UNREGISTERING = enum.auto()
    GONE = enum.auto()


_STATES = {
    RegistrationPhase.IDLE: RegistrationState.UNREGISTERED,
    RegistrationPhase.REGISTERING: RegistrationState.REGISTERING,
    RegistrationPhase.REGISTERED: RegistrationState.REGISTERED,
    RegistrationPhase.REFRESHING: RegistrationState.REGISTERED,
    RegistrationPhase.FAILED: RegistrationState.FAILED,
    RegistrationPhase.UNREGISTERING: RegistrationState.UNREGISTERING,
    RegistrationPhase.GONE: RegistrationState.UNREGISTERED,
}
_BUSY = frozenset(
    {
        RegistrationPhase.REGISTERING,
        RegistrationPhase.REFRESHING,
        RegistrationPhase.UNREGISTERING,
    }
)


class RegistrationOwner(Protocol):
    """Whose registration it is."""

    def prepare(self, now: float) -> None:
        """A REGISTER is to be sent: find the next hop and the credentials.

        Call `Registration.proceed` or `Registration.cannot_proceed`, at once or later.
        """
        ...

    def on_changed(self, now: float) -> None:
        """The phase is another one."""
        ...


class Registration:
    """One line at its registrar. Begins with `start`, ends in GONE and is never used again.

    Between its requests it keeps what the next one needs, and no message.
    """

    __slots__ = (
        *("_agent", "_awaits_way", "_binding", "_corrects", "_failures", "_flows", "_owner"),
        *("_plan", "_problem", "_timer", "_way", "phase"),
    )

    def __init__(
        self,
        plan: RegistrationPlan,
        *,
        agent: UserAgent,
        flows: Flows,
        owner: RegistrationOwner,
    ) -> None:
        self.phase = RegistrationPhase.IDLE
        self._plan = plan
        self._agent = agent
        self._flows = flows
        self._owner = owner
        self._binding = Binding(plan, agent)
        self._way: Address | None = None
        """The flow that we are registered by, and that we have joined."""
        self._awaits_way = False
        self._corrects = False
        """Whether this refresh gives the registrar the address that it showed us."""
        self._failures = 0
        self._problem: RegistrarAnswer | None = None
        self._timer: Timer | None = None

    @property
    def call_id(self) -> str:
        """The Call-ID of all its requests."""
        return self._binding.call_id

    @property
    def service_route(self) -> tuple[NameAddr, ...]:
        """The route for the line's requests outside dialogs (RFC 3608); empty: none."""
        return self._binding.service_route

    @property
    def is_busy(self) -> bool:
        """Whether a REGISTER is under way, or is about to be."""
        return self.phase in _BUSY

    def status(self, now: float) -> RegistrationChanged:
        """How it is: ``reason`` and ``status`` are of the last try, where that failed."""
        problem = self._problem or RegistrarAnswer()
        expires_at = self._binding.expires_at
        retry = self._timer if self.phase is RegistrationPhase.FAILED else None
        return RegistrationChanged(
            state=_STATES[self.phase],
            status=problem.status,
            reason=problem.reason,
            expires=None if expires_at is None or expires_at <= now else expires_at - now,
            retry_after=None if retry is None else max(retry[0] - now, 0.0),
        )

    def start(self, now: float) -> None:
        """Register, and stay registered."""
        self._try(RegistrationPhase.REGISTERING, now)

    def unregister(self, now: float, seconds: float) -> None:
        """Take back what the registrar may have of us; after ``seconds`` leave it as it is."""
        if self.phase in (RegistrationPhase.UNREGISTERING, RegistrationPhase.GONE):
            return
        was_busy = self.is_busy
        if not (self._binding.may_exist or self._binding.is_under_way):
            self._end(now)
            return
        self._set_timer(now + seconds, self.give_up)
        if was_busy:
            self._enter(RegistrationPhase.UNREGISTERING, now)
        else:
            self._try(RegistrationPhase.UNREGISTERING, now)

    def give_up(self, now: float) -> None:
        """End at once, and leave the binding to expire."""
        if self.phase is not RegistrationPhase.GONE:
            self._problem = RegistrarAnswer(reason="the registrar did not answer in time")
            self._binding.abandon(now)
            self._end(now)

    def proceed(
        self, addresses: tuple[Address, ...], credentials: Credentials | None, now: float
    ) -> None:
        """Send what is to be sent, to the first of ``addresses`` (not empty) that answers.

        The flow that we are registered by comes first, as long as it is one of them.
        """
        if not self._awaits_way:
            return
        self._awaits_way = False
        ordered = tuple(sorted(addresses, key=lambda address: address != self._way))
        if self.phase is RegistrationPhase.UNREGISTERING:
            self._binding.remove(ordered, credentials, self._on_removed, now)
        else:
            self._binding.register(ordered, credentials, self._on_answer, now)

    def cannot_proceed(self, error: SiptapiError, now: float) -> None:
        """There is no next hop or no password; ``error`` says why."""
        if self._awaits_way:
            self._awaits_way = False
            leaves = self.phase is RegistrationPhase.UNREGISTERING
            then = self._on_removed if leaves else self._on_answer
            then(RegistrarAnswer(reason=str(error), refused=isinstance(error, UsageError)), now)

    def on_flow_lost(self, now: float) -> None:
        """Nothing reaches us any more by the way that we registered: register again soon."""
        if self.phase is RegistrationPhase.REGISTERED and self._timer is not None:
            soon = now + self._agent.identifiers.jitter(0.0, self._agent.timers.t2)
            self._set_timer(min(soon, self._timer[0]), self._refresh)

    # --- its timers --------------------------------------------------------------------------

    def _refresh(self, now: float) -> None:
        expires_at = self._binding.expires_at
        assert expires_at is not None  # noqa: S101  # we are registered
        self._set_timer(expires_at, self._on_expired)
        self._try(RegistrationPhase.REFRESHING, now)

    def _on_expired(self, now: float) -> None:
        """The refresh is still under way, and the registrar may have forgotten us."""
        self._enter(RegistrationPhase.REGISTERING, now)

    # --- what comes of a REGISTER ------------------------------------------------------------

    def _on_answer(self, answer: RegistrarAnswer, now: float) -> None:
        self._problem = None if answer.way else answer
        if self.phase is RegistrationPhase.UNREGISTERING:
            self._go_on_unregistering(now)
        elif answer.way is None:
            self._fail(answer, now)
        else:
            self._on_bound(answer.way, now)

    def _on_bound(self, way: Address, now: float) -> None:
        if way != self._way:
            self._leave_flow()
        self._way = way
        self._flows.join(self, way, self._plan.keepalive, now)
        self._failures = 0
        expires_at = self._binding.expires_at
        assert expires_at is not None  # noqa: S101  # the registrar has just bound us
        self._corrects = self._binding.is_outdated(way) and not self._corrects
        if expires_at <= now:  # the first addresses were silent for so long
            self._try(RegistrationPhase.REGISTERING, now)
        elif self._corrects:
            self._refresh(now)
        else:
            wait = renew_after(expires_at - now, self._agent.identifiers.jitter)
            self._set_timer(now + wait, self._refresh)
            self._enter(RegistrationPhase.REGISTERED, now)

    def _fail(self, answer: RegistrarAnswer, now: float) -> None:
        self._leave_flow()
        self._failures += 1
        retry = self._plan.retry
        longest = min(retry.limit, retry.base * 2 ** min(self._failures, 30))
        if answer.refused:
            longest = max(longest, retry.refused)
        wait = retry_after_failure(
            longest,
            retry_after=answer.retry_after,
            spread=retry.base,
            jitter=self._agent.identifiers.jitter,
        )
        self._set_timer(now + wait, self.start)
        self._enter(RegistrationPhase.FAILED, now)

    def _go_on_unregistering(self, now: float) -> None:
        if self._binding.may_exist:
            self._try(RegistrationPhase.UNREGISTERING, now)
        else:
            self._end(now)

    def _on_removed(self, answer: RegistrarAnswer, now: float) -> None:
        self._problem = answer
        self._end(now)

    # --- moving on ---------------------------------------------------------------------------

    def _try(self, phase: RegistrationPhase, now: float) -> None:
        self._awaits_way = True
        self._enter(phase, now)
        self._owner.prepare(now)

    def _enter(self, phase: RegistrationPhase, now: float) -> None:
        self.phase = phase
        self._owner.on_changed(now)

    def _end(self, now: float) -> None:
        self._awaits_way = False
        self._stop_timer()
        self._leave_flow()
        self._enter(RegistrationPhase.GONE, now)

    def _leave_flow(self) -> None:
        if self._way is not None:
            self._flows.leave(self, self._way)
            self._way = None

    def _set_timer(self, deadline: float, action: Action) -> None:
        queue = self._agent.queue
        self._timer = queue.schedule(deadline, action, replacing=self._timer)

    def _stop_timer(self) -> None:
        self._agent.queue.cancel(self._timer)
        self._timer = None
