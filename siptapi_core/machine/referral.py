"""The call that a party is asked to make, as far as we are told: REFER and NOTIFYs (RFC 3515).

::

    NONE ─REFER─▶ SENT ─2xx, or a NOTIFY─▶ ACCEPTED ─final sipfrag, or a timer─▶ DECIDED
      ▲             │                         │                                     ▲
      └─────────────┴── 400, 491, 500 within ─┘                                     │
                    │   1 s, a few times                                            │
                    └── any other refusal, or silence ──────────────────────────────┘

Once it is DECIDED, or while it waits to repeat, it can be started anew, to somebody else.

A PBX that has not bridged its two legs yet refuses the REFER, or accepts it and then says the
same in a sipfrag; 50 ms later it works. If the phone hangs up in between, that refusal was its
last word. A word that comes after silence was declared still counts.
"""

from __future__ import annotations

import enum
from functools import partial
from typing import Protocol

from siptapi_core.events import Stage
from siptapi_core.machine.exchange import Exchange
from siptapi_core.machine.phone_leg import LegState, PhoneLeg
from siptapi_core.machine.refer_plan import ReferPlan
from siptapi_core.machine.refer_progress import NotOurs, read_notify
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.timers import Action, Timer
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.message import Request, Response
from siptapi_core.sip.sipfrag import SipfragStatus
from siptapi_core.sip.uri import Uri

REPEATABLE = frozenset((400, 491, 500))
"""What a PBX says to a REFER that comes before it has bridged its two legs."""
REPEAT_WITHIN = 1.0
"""... and how soon after the REFER, in seconds; later it means something else."""
REPEAT_AFTER = 0.05
"""Seconds from such an answer to the next REFER."""
REPEATS = 3


class ReferralState(enum.Enum):
    """The states drawn above."""

    NONE = enum.auto()
    SENT = enum.auto()
    ACCEPTED = enum.auto()
    DECIDED = enum.auto()


class ReferralOwner(Protocol):
    """Who wants the other called. The last three are a decision; only one of them comes."""

    def on_refer_accepted(self, now: float) -> None:
        """The phone said that it will call."""
        ...

    def on_progress(self, status: int) -> None:
        """A sipfrag below 200."""
        ...

    def on_result(self, fragment: SipfragStatus, now: float) -> None:
        """A final sipfrag. After `on_silence` it can still be a 2xx."""
        ...

    def on_refer_refused(self, status: int, reason: str, now: float) -> None:
        """The phone will not call."""
        ...

    def on_silence(self, stage: Stage, reason: str, now: float) -> None:
        """Nobody will tell us: unknown."""
        ...


class Referral:
    """The REFER over ``leg``, which is up when `start` is called."""

    __slots__ = (
        "_accepted_at",
        "_agent",
        "_earlier_cseqs",
        "_leg",
        "_notified",
        "_owner",
        "_plan",
        "_rang",
        "_refer",
        "_refer_to",
        "_refusal",
        "_repeats",
        "_sent_at",
        "_silent",
        "_timer",
        "refused_first",
        "state",
    )

    def __init__(
        self, plan: ReferPlan, *, leg: PhoneLeg, agent: UserAgent, owner: ReferralOwner
    ) -> None:
        self.state = ReferralState.NONE
        self.refused_first = False
        """The phone hung up after it had refused: not the hang-up was why it does not call."""
        self._plan = plan
        self._refer_to: Uri | None = None
        self._leg = leg
        self._agent = agent
        self._owner = owner
        self._refer: Exchange | None = None
        self._earlier_cseqs: tuple[int, ...] = ()
        self._sent_at = 0.0
        self._repeats = 0
        self._accepted_at = 0.0
        self._notified = False
        self._rang = False
        self._silent = False
        self._timer: Timer | None = None
        self._refusal: Action | None = None  # tells the owner; only between two REFERs

    @property
    def is_repeating(self) -> bool:
        """Whether the phone refused a REFER, and the next is about to be sent."""
        return self._refusal is not None

    @property
    def is_under_way(self) -> bool:
        """Whether a REFER may still succeed."""
        return self.state in (ReferralState.SENT, ReferralState.ACCEPTED)

    def start(self, refer_to: Uri, now: float) -> None:
        """Send the REFER to ``refer_to``; none is under way."""
        self._refer_to = refer_to
        self._repeats = 0
        self._rang = self._silent = False
        self._forget_refer(now)
        self._agent.queue.cancel(self._timer)
        self._send(now)

    def _send(self, now: float) -> None:
        self._refusal = None
        self.state = ReferralState.SENT
        self._notified = False
        self._sent_at = now
        self._refer = self._leg.request(
            "REFER",
            headers=(
                ("Contact", self._leg.contact),
                ("Refer-To", f"<{self._refer_to}>"),
                ("Referred-By", f"<{self._plan.referred_by}>"),
            ),
            on_response=self._on_response,
            on_failure=self._on_failure,
            now=now,
        )

    def on_leg_gone(self, now: float) -> None:
        """The phone said BYE: it may still report, but not for as long."""
        if self._refusal is not None:
            refusal = self._refusal
            self.refused_first = True
            self.stop()
            refusal(now)
        elif self.state is ReferralState.SENT:
            # A REFER that crosses a BYE is often not answered at all; do not wait for timer F.
            self._schedule(now + self._agent.timers.t2, self._on_no_answer)
        elif self.state is ReferralState.ACCEPTED:
            self._schedule(now + self._plan.timers.notify_timeout, self._on_no_notify)

    def reset(self) -> None:
        """Nobody is asked to call anybody, as in the beginning."""
        self.state = ReferralState.NONE

    def stop(self) -> None:
        """Nothing more is of interest."""
        self.state = ReferralState.DECIDED
        self._refusal = None
        self._agent.queue.cancel(self._timer)

    def close(self, now: float) -> None:
        """The call has ended: what is left to do is to answer late NOTIFYs."""
        self._forget_refer(now)

    def forget(self) -> None:
        """Nothing can come any more: let the owner go, who knows us."""
        del self._owner

    def on_notify(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A NOTIFY inside the dialog, in order."""
        reading = read_notify(request, self._cseqs)
        if isinstance(reading, NotOurs):
            self._agent.respond(transaction, reading.status, now)
            return
        self._agent.respond(transaction, 200, now)
        if reading is None or self.state is ReferralState.NONE:
            return
        self._accept(now)
        if reading.status is not None:
            self._on_sipfrag(reading.status, now)
        elif self.state is ReferralState.ACCEPTED:
            self._fall_silent(self._called, "stopped reporting without a result", now)

    # --- the REFER's responses ---------------------------------------------------------------

    def _on_response(self, response: Response, now: float) -> None:
        status = response.status
        if status < 200 or self.state is not ReferralState.SENT:  # noqa: PLR2004
            return  # who notifies has accepted, whatever another copy of the REFER is answered
        if status < 300:  # noqa: PLR2004
            self._accept(now)
        else:
            refused = partial(self._owner.on_refer_refused, status, response.reason)
            self._repeat_or_end(status, refused, now)

    def _on_failure(self, problem: str, now: float) -> None:
        if self.state is not ReferralState.SENT:
            return
        silent = partial(self._fall_silent, Stage.REFER, f"did not answer the REFER: {problem}")
        if self._refer is not None and self._refer.may_have_arrived:
            # Its answer went with the connection; a phone that has it will soon report.
            self._schedule(now + self._agent.timers.t2, silent)
        else:
            silent(now)

    def _accept(self, now: float) -> None:
        if self.state is ReferralState.SENT:
            self.state = ReferralState.ACCEPTED
            self._accepted_at = now
            self._schedule(now + self._plan.timers.notify_timeout, self._on_no_notify)
            self._owner.on_refer_accepted(now)

    def _may_repeat(self, status: int, now: float) -> bool:
        return (
            status in REPEATABLE
            and self._repeats < REPEATS
            and now - self._sent_at <= REPEAT_WITHIN
            and not self._rang
            and self._leg.state is LegState.UP
        )

    def _repeat_or_end(self, status: int, tell_owner: Action, now: float) -> None:
        if self._may_repeat(status, now):
            self._repeat(now)
            self._refusal = tell_owner
        else:
            self.stop()
            tell_owner(now)

    def _repeat(self, now: float) -> None:
        self._repeats += 1
        self._forget_refer(now)
        self.state = ReferralState.NONE

        def again(now: float) -> None:
            if self._leg.state is LegState.UP:
                self._send(now)

        self._schedule(now + REPEAT_AFTER, again)

    def _forget_refer(self, now: float) -> None:
        """Its own late answer must not count for the next."""
        if self._refer is not None:
            self._earlier_cseqs = self._cseqs
            self._refer.abandon(now)
            self._refer = None

    # --- the NOTIFYs -------------------------------------------------------------------------

    def _on_sipfrag(self, fragment: SipfragStatus, now: float) -> None:
        status = fragment.status
        if self.state is ReferralState.DECIDED:
            if self._silent and 200 <= status < 300:  # noqa: PLR2004
                self._silent = False
                self._owner.on_result(fragment, now)
            return
        if not self._notified:
            self._notified = True
            deadline = self._accepted_at + self._plan.timers.callee_timeout
            self._schedule(deadline, self._on_callee_timeout)
        if not fragment.is_final:
            self._rang = self._rang or status > 100  # noqa: PLR2004
            self._owner.on_progress(status)
        else:
            ended = partial(self._owner.on_result, fragment)
            self._repeat_or_end(status, ended, now)

    # --- silence -----------------------------------------------------------------------------

    def _on_no_answer(self, now: float) -> None:
        self._fall_silent(Stage.REFER, "hung up and did not answer the REFER", now)

    def _on_no_notify(self, now: float) -> None:
        seconds = self._plan.timers.notify_timeout
        self._fall_silent(self._called, f"reported nothing for {seconds:g} s", now)

    def _on_callee_timeout(self, now: float) -> None:
        seconds = self._plan.timers.callee_timeout
        self._fall_silent(self._called, f"reported no result for {seconds:g} s", now)

    def _fall_silent(self, stage: Stage, what: str, now: float) -> None:
        self._silent = True
        self.stop()
        self._owner.on_silence(stage, f"{self._plan.first.device} {what}", now)

    @property
    def _called(self) -> Stage:
        return Stage(self._plan.first.other)

    @property
    def _cseqs(self) -> tuple[int, ...]:
        if self._refer is None:
            return self._earlier_cseqs
        return (*self._earlier_cseqs, self._refer.request.cseq.number)

    def _schedule(self, deadline: float, action: Action) -> None:
        queue = self._agent.queue
        self._timer = queue.schedule(deadline, action, replacing=self._timer)
