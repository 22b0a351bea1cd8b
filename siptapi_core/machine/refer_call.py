"""The click-to-dial call: INVITE one party, REFER it to the other, follow the NOTIFYs, BYE.

`ReferPlan.first` says who is INVITEd: the user's phone, or the callee. Two machines run side by
side: the `PhoneLeg` to that party's phone and, once it is up, the `Referral`. This one joins them,
decides what is told, and when to leave::

    leg up ─────────▶ REFER, or wait           sipfrag 2xx ─────▶ answered, BYE at once
    transfer ───────▶ REFER                    sipfrag 300-699 ─▶ busy, ..., BYE after a while
    REFER refused ──▶ failed, BYE              silence ─────────▶ unknown, BYE
    hang-up ────────▶ CANCEL or BYE

(`ByePolicy` may put the BYE earlier or leave it to the phone.) Where the plan says not whom to
call, the party waits for a transfer; one that failed lets it wait on. The call has ended when the
leg is GONE and the referral DECIDED.

What is told is what was heard: a REFER that was accepted and never reported on is *unknown*, and
so is one after which we hung up, for the phone may go on calling.
"""

from __future__ import annotations

from collections.abc import Callable

from siptapi_core.errors import RefusedError
from siptapi_core.events import (
    AttemptHappening,
    CallEnded,
    CallFailed,
    HandedOver,
    Outcome,
    ReferAccepted,
    Reporter,
    Stage,
)
from siptapi_core.machine.call_ending import disturbed_by_invite, outcome_of, stage_of_invite
from siptapi_core.machine.party_events import answered, calling, ringing
from siptapi_core.machine.phone_leg import LegState, Locate, PhoneLeg
from siptapi_core.machine.refer_plan import ByePolicy, Party, ReferPlan
from siptapi_core.machine.referral import Referral, ReferralState
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.timers import Action, Timer
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.message import Request
from siptapi_core.sip.sipfrag import SipfragStatus
from siptapi_core.sip.uri import Uri
from siptapi_core.targets import Address

_TOO_LATE = "the phone has the call now and SIPTAPI has left it"
_ENDING = "the call has failed and is ending already"
_NOT_DECIDED = CallEnded(Outcome.UNKNOWN, Stage.PROXY)


class ReferCall:
    """One attempt at a call; the parameters are those of `PhoneLeg`.

    ``report`` gets every happening, `CallEnded` last. Drive it with `start`, `transfer` and
    `hang_up`; the rest comes from the user agent.
    """

    __slots__ = (
        "_agent",
        "_ended",
        "_first",
        "_hung_up",
        "_is_up",
        "_leg",
        "_plan",
        "_rang_too_long",
        "_refer_to",
        "_referral",
        "_report",
        "_reporter",
        "_second",
        "_timer",
        "_told",
        "has_ended",
    )

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
        self._first = plan.first
        self._second = plan.first.other
        self._reporter = Reporter.PHONE if plan.first is Party.PHONE else Reporter.PROXY
        self._refer_to = plan.refer_to
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
        self._told: tuple[type[AttemptHappening], ...] = ()
        self._is_up = False
        self._hung_up = False
        self._rang_too_long = False
        self._ended = _NOT_DECIDED
        self._timer: Timer  # from `start` on

    @property
    def call_id(self) -> str:
        """The Call-ID of our messages to the first party."""
        return self._leg.call_id

    def start(self, now: float) -> None:
        """Send the INVITE."""
        self._report(calling(self._first, Reporter.SIPTAPI, self._plan.strategy))
        timers = self._plan.timers
        is_phone = self._first is Party.PHONE
        limit = timers.ring_timeout if is_phone else timers.callee_timeout
        self._schedule(now + limit, self._on_ring_timeout)
        self._leg.start(now)

    def hang_up(self, now: float) -> None:
        """End it, whatever it is doing. Asking again changes nothing.

        Raises:
            RefusedError: the phone has the call now, or it has ended.
        """
        if self._hung_up and not self.has_ended:
            return
        self._check_held("hang up")
        self._hung_up = True
        if self._leg.state is LegState.UP:
            self._leg.leave(now)
        else:
            self._leg.cancel(now)

    def transfer(self, to: Uri, now: float) -> None:
        """Refer whom we hold to ``to``; where the first has not answered yet, do so when it has.

        Raises:
            RefusedError: a REFER is under way that may succeed, or we hold nobody any more.
        """
        self._check_held("transfer it")
        if self._answered:  # and by `ByePolicy.NEVER` we are still there
            raise RefusedError("the phone has the call now; transfer it on the phone")
        if self._hung_up or self._rang_too_long:
            raise RefusedError("the call is being ended")
        if self._referral.is_under_way:
            already = "was told whom to call already, and has not said what came of it"
            raise RefusedError(f"{self._first.device} {already}")
        self._refer_to = to
        if self._is_up:
            self._refer(to, now)

    def _check_held(self, what_to_do: str) -> None:
        """Refuse where nobody is held any more."""
        if self.has_ended and not self._answered:
            raise RefusedError("the call has ended already")
        if self._leg.state in (LegState.LEAVING, LegState.GONE):
            failed = not (self._answered or self._referral.is_under_way)
            raise RefusedError(_ENDING if failed else f"{_TOO_LATE}; {what_to_do} on the phone")

    # --- the leg of the first party ----------------------------------------------------------

    def on_phone_ringing(self) -> None:
        """It rings."""
        self._report(ringing(self._first, self._reporter))

    def on_phone_answered(self, now: float) -> None:  # noqa: ARG002  # the leg's owner's shape
        """Somebody picked up."""
        self._agent.queue.cancel(self._timer)
        self._report(answered(self._first, self._reporter))

    def on_phone_up(self, now: float) -> None:
        """Now it can be told whom to call."""
        self._is_up = True
        if self._refer_to is None:
            self._wait(now)
        else:
            self._refer(self._refer_to, now)

    def on_phone_failed(self, status: int | None, reason: str, now: float) -> None:
        """The INVITE came to nothing."""
        leg, party = self._leg, Stage(self._first)
        stage = stage_of_invite(status, rang=leg.rang, direct=self._plan.direct, party=self._first)
        outcome = Outcome.FAILED if status is None else outcome_of(status)
        cancelled = status is None or outcome is Outcome.CANCELLED
        if self._hung_up:
            outcome = Outcome.CANCELLED
        elif self._rang_too_long and leg.provisional and cancelled:
            outcome, stage, status = Outcome.NO_ANSWER, party, None
            reason = f"nobody picked up {self._first.device}"
        disturbed = disturbed_by_invite(
            status, rang=leg.rang, provisional=leg.provisional, lost=leg.lost
        )
        if status is None:
            reporter = Reporter.SIPTAPI
        else:
            reporter = self._reporter if stage is party else Reporter.PROXY
        self._report(CallFailed(stage, status, reason, disturbed, reporter))
        self._decide(outcome, stage)
        self._finish(now)

    def on_phone_gone(self, now: float, *, by_phone: bool) -> None:
        """The dialog with the first party is over."""
        if self._referral.state is ReferralState.DECIDED:
            self._finish(now)
        elif by_phone and self._referral.is_repeating and not self._hung_up:
            self._referral.on_leg_gone(now)
        elif self._referral.state is ReferralState.NONE:
            self._on_gone_untold(now, by_phone=by_phone)
        elif self._hung_up:
            may_go_on = f"hung up; {self._first.device} may go on calling: hang up there as well"
            stage = Stage(self._second)
            self._report(CallFailed(stage, None, may_go_on))
            self._decide(Outcome.UNKNOWN, stage)
            self._finish(now)
        elif by_phone:
            self._referral.on_leg_gone(now)
        else:  # we left on purpose, and wait for what the phone reports
            self._tell(HandedOver())

    def _on_gone_untold(self, now: float, *, by_phone: bool) -> None:
        """The dialog is over, and nobody was told to call."""
        stage, device = Stage(self._first), self._first.device
        outcome, reason = Outcome.CANCELLED, f"{device} hung up before it was told to call"
        if self._hung_up:
            reason = "hung up"
        elif self._rang_too_long:
            outcome, reason = Outcome.NO_ANSWER, "picked up too late"
        elif not by_phone:
            outcome, reason = Outcome.FAILED, f"{device} does not answer any more"
        self._report(CallFailed(stage, None, reason))
        self._decide(outcome, stage)
        self._finish(now)

    def on_notify(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """The first party's phone reports."""
        self._referral.on_notify(request, transaction, now)

    def _on_ring_timeout(self, now: float) -> None:
        self._rang_too_long = True
        self._leg.cancel(now)

    # --- the referral to the second party ----------------------------------------------------

    def _refer(self, to: Uri, now: float) -> None:
        self._agent.queue.cancel(self._timer)
        self._told = ()
        self._referral.start(to, now)

    def _wait(self, now: float) -> None:
        """Hold the party until a transfer says whom it shall call."""
        self._referral.reset()
        self._schedule(now + self._plan.timers.transfer_timeout, self._on_transfer_timeout)

    def _on_transfer_timeout(self, now: float) -> None:
        stage, seconds = Stage(self._first), self._plan.timers.transfer_timeout
        self._report(CallFailed(stage, None, f"transferred to nobody for {seconds:g} s"))
        self._decide(Outcome.CANCELLED, stage)
        self._leg.leave(now)

    def on_refer_accepted(self, now: float) -> None:
        """The first party's phone will call."""
        self._tell(ReferAccepted(self._reporter))
        if self._plan.bye is ByePolicy.ON_ACCEPT:
            self._leg.leave(now)

    def on_progress(self, status: int) -> None:
        """It calls, or the second party's phone rings."""
        self._tell(calling(self._second, Reporter.SIPFRAG))
        if status > 100:  # noqa: PLR2004
            self._tell(ringing(self._second, Reporter.SIPFRAG, status))

    def on_result(self, fragment: SipfragStatus, now: float) -> None:
        """The second party answered or not."""
        if self.has_ended:
            return
        if 200 <= fragment.status < 300:  # noqa: PLR2004
            self._tell(answered(self._second, Reporter.SIPFRAG))
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
        stage = Stage(self._second)
        failed = CallFailed(stage, fragment.status, fragment.reason, reported_by=Reporter.SIPFRAG)
        if not self._waits_on_after(failed, now):
            self._decide(outcome, stage)
            self._leave(now, linger=self._plan.timers.failure_linger)

    def on_refer_refused(self, status: int, reason: str, now: float) -> None:
        """The first party's phone will not call."""
        outcome = Outcome.REJECTED if status in (403, 603) else Outcome.FAILED
        if self._leg.state is not LegState.UP and not self._referral.refused_first:
            outcome = Outcome.CANCELLED  # hung up, here or there, before it was accepted
        failed = CallFailed(Stage.REFER, status, reason, reported_by=self._reporter)
        if not self._waits_on_after(failed, now):
            self._decide(outcome, Stage.REFER)
            self._leg.leave(now)
            self._finish_if_gone(now)

    def on_silence(self, stage: Stage, reason: str, now: float) -> None:
        """Nobody will tell."""
        self._report(CallFailed(stage, None, reason))
        self._decide(Outcome.UNKNOWN, stage)
        self._leg.leave(now)
        self._finish_if_gone(now)

    def _waits_on_after(self, failed: CallFailed, now: float) -> bool:
        """Tell that a transfer failed; whether the party is there for another one."""
        self._report(failed)
        waits_on = self._plan.refer_to is None and self._leg.state is LegState.UP
        if waits_on:
            self._wait(now)
        return waits_on

    # --- the end -----------------------------------------------------------------------------

    def _leave(self, now: float, *, linger: float = 0.0) -> None:
        """Leave the phone as the plan says; it may have left us already."""
        if self._leg.state is not LegState.UP:
            self._finish_if_gone(now)
            return
        if self._plan.bye is ByePolicy.NEVER:
            linger = self._plan.timers.dialog_limit
        if linger:
            self._schedule(now + linger, self._leg.leave)
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
        self._agent.queue.cancel(self._timer)
        if self._answered:
            self._tell(HandedOver())
        self._report(self._ended)
        self._report = _nobody
        self._referral.close(now)
        self._leg.close(now, self._referral.forget)

    def _tell(self, happening: AttemptHappening) -> None:
        """Report what is worth telling once."""
        if type(happening) not in self._told:
            self._told += (type(happening),)
            self._report(happening)

    def _schedule(self, deadline: float, action: Action) -> None:
        self._timer = self._agent.queue.schedule(deadline, action)


def _nobody(happening: AttemptHappening) -> None:
    """Who is told of what has ended: what listened need not live as long as late packets may."""
