"""The click-to-dial call: INVITE the phone, REFER it to the callee, follow the NOTIFYs, BYE.

Two machines run side by side: the `PhoneLeg` and, once it is up, the `Referral`. This one joins
them, decides what is told, and when to leave::

    leg up ─────────▶ REFER                    sipfrag 2xx ─────▶ answered, BYE at once
    REFER refused ──▶ failed, BYE              sipfrag 300-699 ─▶ busy, ..., BYE after a while
    hang-up ────────▶ CANCEL or BYE            silence ─────────▶ unknown, BYE

(`ByePolicy` may put the BYE earlier or leave it to the phone.) The call has ended when the leg is
GONE and the referral DECIDED.

What is told is what was heard: a REFER that was accepted and never reported on is *unknown*, and
so is one after which we hung up, for the phone may go on calling.
"""

from __future__ import annotations

from collections.abc import Callable

from siptapi_core.errors import RefusedError
from siptapi_core.events import (
    AttemptHappening,
    CalleeAnswered,
    CalleeRinging,
    CalleeTrying,
    CallEnded,
    CallFailed,
    HandedOver,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    ReferAccepted,
    Reporter,
    Stage,
)
from siptapi_core.machine.call_ending import disturbed_by_invite, outcome_of, stage_of_invite
from siptapi_core.machine.phone_leg import LegState, Locate, PhoneLeg
from siptapi_core.machine.refer_plan import ByePolicy, ReferPlan
from siptapi_core.machine.referral import Referral, ReferralState
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.timers import Timer
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.message import Request
from siptapi_core.sip.sipfrag import SipfragStatus
from siptapi_core.targets import Address

_TOO_LATE = "the phone has the call now and SIPTAPI has left it; hang up on the phone"
_ENDING = "the call has failed and is ending already"
_MAY_GO_ON = "hung up; the phone may go on calling: hang up there as well"


class ReferCall:
    """One attempt at a call; the parameters are those of `PhoneLeg`.

    ``report`` gets every happening, `CallEnded` last. Drive it with `start` and `hang_up`; the
    rest comes from the user agent.
    """

    def __init__(
        self,
        plan: ReferPlan,
        *,
        agent: UserAgent,
        addresses: tuple[Address, ...],
        credentials: Credentials | None,
        locate: Locate,
        report: Callable[[AttemptHappening], None],
    ) -> None:
        self.has_ended = False
        self._plan = plan
        self._agent = agent
        self._report = report
        self._leg = PhoneLeg(
            plan,
            agent=agent,
            addresses=addresses,
            credentials=credentials,
            locate=locate,
            owner=self,
        )
        self._referral = Referral(plan, leg=self._leg, agent=agent, owner=self)
        self._told: set[type[AttemptHappening]] = set()
        self._hung_up = False
        self._rang_too_long = False
        self._ended = CallEnded(Outcome.UNKNOWN, Stage.PROXY)
        self._ring_timer: Timer | None = None
        self._leave_timer: Timer | None = None

    def start(self, now: float) -> None:
        """Send the INVITE."""
        self._report(PhoneCalling(strategy=self._plan.strategy))
        deadline = now + self._plan.timers.ring_timeout
        self._ring_timer = self._agent.queue.schedule(deadline, self._on_ring_timeout)
        self._leg.start(now)

    def hang_up(self, now: float) -> None:
        """End it, whatever it is doing. Asking again changes nothing.

        Raises:
            RefusedError: the phone has the call now, or it has ended.
        """
        if self.has_ended:
            raise RefusedError(_TOO_LATE if self._answered else "the call has ended already")
        if self._hung_up:
            return
        if self._leg.state in (LegState.LEAVING, LegState.GONE):
            failed = self._referral.state is ReferralState.DECIDED and not self._answered
            raise RefusedError(_ENDING if failed else _TOO_LATE)
        self._hung_up = True
        if self._leg.state is LegState.UP:
            self._leg.leave(now)
        else:
            self._leg.cancel(now)

    # --- the leg -----------------------------------------------------------------------------

    def on_phone_ringing(self) -> None:
        """The user's phone rings."""
        self._report(PhoneRinging())

    def on_phone_answered(self, now: float) -> None:  # noqa: ARG002  # the leg's owner's shape
        """The user picked up."""
        self._stop_timers()
        self._report(PhoneAnswered())

    def on_phone_up(self, now: float) -> None:
        """Now the phone can be told whom to call."""
        self._referral.start(now)

    def on_phone_failed(self, status: int | None, reason: str, now: float) -> None:
        """The INVITE came to nothing."""
        leg = self._leg
        stage = stage_of_invite(status, rang=leg.rang, direct=self._plan.direct)
        outcome = Outcome.FAILED if status is None else outcome_of(status)
        cancelled = status is None or outcome is Outcome.CANCELLED
        if self._hung_up:
            outcome = Outcome.CANCELLED
        elif self._rang_too_long and leg.provisional and cancelled:
            outcome, stage, status = Outcome.NO_ANSWER, Stage.PHONE, None
            reason = "nobody picked up the phone"
        disturbed = disturbed_by_invite(status, rang=leg.rang, provisional=leg.provisional)
        if status is None:
            reporter = Reporter.SIPTAPI
        else:
            reporter = Reporter.PHONE if stage is Stage.PHONE else Reporter.PROXY
        self._report(CallFailed(stage, status, reason, disturbed, reporter))
        self._decide(outcome, stage)
        self._finish(now)

    def on_phone_gone(self, now: float, *, by_phone: bool) -> None:
        """The dialog with the phone is over."""
        if self._referral.state is ReferralState.DECIDED:
            self._finish(now)
        elif by_phone and self._referral.is_repeating and not self._hung_up:
            self._referral.on_leg_gone(now)
        elif self._referral.state is ReferralState.NONE:
            outcome, reason = Outcome.CANCELLED, "the phone hung up before it was told to call"
            if self._hung_up:
                reason = "hung up"
            elif not by_phone:
                outcome, reason = Outcome.NO_ANSWER, "picked up too late"
            self._report(CallFailed(Stage.PHONE, None, reason))
            self._decide(outcome, Stage.PHONE)
            self._finish(now)
        elif self._hung_up:
            self._report(CallFailed(Stage.CALLEE, None, _MAY_GO_ON))
            self._decide(Outcome.UNKNOWN, Stage.CALLEE)
            self._finish(now)
        elif by_phone:
            self._referral.on_leg_gone(now)
        else:  # we left on purpose, and wait for what the phone reports
            self._tell(HandedOver())

    def on_notify(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """The phone reports."""
        self._referral.on_notify(request, transaction, now)

    def _on_ring_timeout(self, now: float) -> None:
        self._rang_too_long = True
        self._leg.cancel(now)

    # --- the referral ------------------------------------------------------------------------

    def on_refer_accepted(self, now: float) -> None:
        """The phone will call."""
        self._tell(ReferAccepted())
        if self._plan.bye is ByePolicy.ON_ACCEPT:
            self._leg.leave(now)

    def on_callee_progress(self, status: int) -> None:
        """The phone calls, or the callee's phone rings."""
        self._tell(CalleeTrying())
        if status > 100:  # noqa: PLR2004
            self._tell(CalleeRinging(status))

    def on_callee_result(self, fragment: SipfragStatus, now: float) -> None:
        """The callee answered or not."""
        if self.has_ended:
            return
        if 200 <= fragment.status < 300:  # noqa: PLR2004
            self._tell(CalleeAnswered())
            self._decide(Outcome.ANSWERED, Stage.CALLEE)
            self._leave(now)
            return
        outcome = outcome_of(fragment.status)
        left = self._leg.state is not LegState.UP and not self._referral.refused_first
        if self._hung_up and outcome is not Outcome.CANCELLED:
            outcome = Outcome.UNKNOWN
        if left and 500 <= fragment.status < 600:  # noqa: PLR2004
            # The phone lost its leg to us while it was calling; its call goes on.
            outcome = Outcome.UNKNOWN
        failed = CallFailed(
            Stage.CALLEE, fragment.status, fragment.reason, reported_by=Reporter.SIPFRAG
        )
        self._report(failed)
        self._decide(outcome, Stage.CALLEE)
        self._leave(now, linger=self._plan.timers.failure_linger)

    def on_refer_refused(self, status: int, reason: str, now: float) -> None:
        """The phone will not call."""
        outcome = Outcome.REJECTED if status in (403, 603) else Outcome.FAILED
        if self._leg.state is not LegState.UP and not self._referral.refused_first:
            outcome = Outcome.CANCELLED  # hung up, here or there, before it was accepted
        self._report(CallFailed(Stage.REFER, status, reason, reported_by=Reporter.PHONE))
        self._decide(outcome, Stage.REFER)
        self._leg.leave(now)
        self._finish_if_gone(now)

    def on_silence(self, stage: Stage, reason: str, now: float) -> None:
        """Nobody will tell."""
        self._report(CallFailed(stage, None, reason))
        self._decide(Outcome.UNKNOWN, stage)
        self._leg.leave(now)
        self._finish_if_gone(now)

    # --- the end -----------------------------------------------------------------------------

    def _leave(self, now: float, *, linger: float = 0.0) -> None:
        """Leave the phone as the plan says; it may have left us already."""
        if self._leg.state is not LegState.UP:
            self._finish_if_gone(now)
            return
        if self._plan.bye is ByePolicy.NEVER:
            linger = self._plan.timers.dialog_limit
        if linger:
            self._leave_timer = self._agent.queue.schedule(now + linger, self._leg.leave)
        else:
            self._leg.leave(now)

    @property
    def _answered(self) -> bool:
        return self._ended.outcome is Outcome.ANSWERED

    def _decide(self, outcome: Outcome, stage: Stage) -> None:
        self._ended = CallEnded(outcome, stage)
        self._referral.stop()

    def _finish_if_gone(self, now: float) -> None:
        if self._leg.state is LegState.GONE:
            self._finish(now)

    def _finish(self, now: float) -> None:
        if self.has_ended:
            return
        self.has_ended = True
        self._stop_timers()
        if self._answered:
            self._tell(HandedOver())
        self._report(self._ended)
        self._leg.close(now)

    def _tell(self, happening: AttemptHappening) -> None:
        """Report what is worth telling once."""
        if type(happening) not in self._told:
            self._told.add(type(happening))
            self._report(happening)

    def _stop_timers(self) -> None:
        for timer in (self._ring_timer, self._leave_timer):
            if timer is not None:
                timer.cancel()
