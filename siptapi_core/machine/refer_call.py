"""The click-to-dial call: INVITE the phone, REFER it to the callee, follow the NOTIFYs, BYE.

Two things go on side by side, the leg to the phone and the referral::

    leg       IDLE ─start─▶ CALLING ─18x─▶ RINGING ─2xx─▶ UP ─our BYE─▶ LEAVING ─▶ GONE
                              │ └──────────2xx─────────────▶ │                      ▲ ▲
                              └─300-699, silence, cancelled ─┼──────────────────────┘ │
                                                             └────── phone's BYE ─────┘

    referral  NONE ─REFER─▶ SENT ─2xx or NOTIFY─▶ ACCEPTED ─final sipfrag, or a timer─▶ DECIDED
                ▲            │ 400, 491, 500 at once, a few times (a PBX that has not bridged yet)
                └────────────┘

The call has ended when the leg is GONE and the referral DECIDED. A hang-up sends CANCEL (once a
provisional response allows it), BYE, or ACK and BYE where the 200 crosses the CANCEL.

What is told is what was heard: a REFER that was accepted and never reported on is *unknown*, and
so is one after which we hung up, for the phone may go on calling.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

from attrs import frozen

from siptapi_core.errors import RefusedError
from siptapi_core.events import (
    CalleeAnswered,
    CalleeRinging,
    CalleeTrying,
    CallEnded,
    CallFailed,
    Disturbed,
    HandedOver,
    Happening,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    ReferAccepted,
    Reporter,
    Stage,
)
from siptapi_core.machine.authentication import Authentication
from siptapi_core.machine.call_ending import disturbed_by_invite, outcome_of, stage_of_invite
from siptapi_core.machine.dialog import Dialog
from siptapi_core.machine.dialog_service import SDP, DialogService
from siptapi_core.machine.exchange import Exchange
from siptapi_core.machine.refer_plan import ByePolicy, ReferPlan
from siptapi_core.machine.refer_progress import NotOurs, read_notify
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.timers import Action, Timer
from siptapi_core.machine.user_agent import ALLOW, UserAgent
from siptapi_core.sip.auth import Credentials
from siptapi_core.sip.message import Headers, Request, Response
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.sipfrag import SipfragStatus
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Transport

REPEATABLE = frozenset((400, 491, 500))
"""What a PBX says to a REFER that comes before it has bridged its two legs."""
REPEAT_WITHIN = 1.0
"""... and how soon after the REFER, in seconds; later it means something else."""
REPEAT_AFTER = 0.05
"""Seconds from such an answer to the next REFER."""
REPEATS = 3


Located = Callable[[tuple[Address, ...], float], None]
Locate = Callable[[SipUri, Located], None]


class Leg(enum.Enum):
    """Our dialog with the phone."""

    IDLE = enum.auto()
    CALLING = enum.auto()
    RINGING = enum.auto()
    UP = enum.auto()
    LEAVING = enum.auto()
    GONE = enum.auto()


class Referral(enum.Enum):
    """The phone's call to the callee, as far as we were told."""

    NONE = enum.auto()
    SENT = enum.auto()
    ACCEPTED = enum.auto()
    DECIDED = enum.auto()


@frozen
class _Established:
    """A dialog that a 2xx made, the way to its other end, and its ACK for repeating."""

    dialog: Dialog
    addresses: tuple[Address, ...]
    acknowledgement: bytes


class ReferCall:
    """One attempt at a call. ``addresses`` are the plan's next hop, resolved, not empty.

    ``locate(uri, then)`` resolves a URI of the route set or the phone's Contact and calls
    ``then(addresses, now)``, at once or later, with no address where there is none. ``report``
    gets every happening, `CallEnded` last. Drive it with `start` and `hang_up`; the
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
        report: Callable[[Happening], None],
    ) -> None:
        self.plan = plan
        self.leg = Leg.IDLE
        self.referral = Referral.NONE
        self.call_id = agent.identifiers.call_id()
        self._agent = agent
        self._addresses = addresses
        self._locate = locate
        self._report = report
        self._authentication = Authentication(credentials, agent.identifiers)
        self._from = plan.from_.with_tag(agent.identifiers.tag())
        self._contact = self._make_contact()
        self._service = DialogService(
            agent,
            call_id=self.call_id,
            contact=self._contact,
            address=agent.local_address(addresses[0]).host,
        )
        self._invite_cseq = 0
        self._invite: Exchange | None = None
        self._refer: Exchange | None = None
        self._refer_cseqs: tuple[int, ...] = ()
        self._refer_sent_at = 0.0
        self._repeats = 0
        self._accepted_at = 0.0
        self._notified = False
        self._provisional = False
        self._rang = False
        self._told: set[type[Happening]] = set()
        self._cancelled_because: Outcome | None = None
        self._established: dict[str, _Established | None] = {}
        self._main: _Established | None = None
        self._outcome = Outcome.UNKNOWN
        self._stage = Stage.PROXY
        self._step_timer: Timer | None = None
        self._leave_timer: Timer | None = None
        self.has_ended = False

    # --- what the attempt asks for ---------------------------------------------------------

    def start(self, now: float) -> None:
        """Send the INVITE."""
        if self.has_ended:
            return
        self.leg = Leg.CALLING
        self._agent.register(self.call_id, self._from.tag or "", self)
        self._report(PhoneCalling(strategy=self.plan.strategy))
        self._invite = self._exchange(
            self._make_invite(),
            self._addresses,
            self._next_invite_cseq,
            self._on_invite_response,
            self._on_invite_failure,
        )
        self._set_step_timer(now + self.plan.timers.ring_timeout, self._on_ring_timeout)
        self._invite.start(now)

    def hang_up(self, now: float) -> None:
        """End it, whatever it is doing. Asking again changes nothing.

        Raises:
            RefusedError: the phone has the call now, or it has ended.
        """
        if self._cancelled_because is Outcome.CANCELLED and not self.has_ended:
            return
        if self.leg in (Leg.LEAVING, Leg.GONE):
            raise RefusedError(
                "the call has ended already"
                if self.has_ended and self._outcome is not Outcome.ANSWERED
                else "the phone has the call now and SIPTAPI has left it; hang up on the phone"
            )
        self._cancelled_because = Outcome.CANCELLED
        if self.leg is Leg.IDLE:
            self.leg = Leg.GONE
            self._decide(Outcome.CANCELLED, Stage.PROXY)
            self._finish(now)
        elif self.leg is Leg.UP:
            if self._main is not None:
                self._leave(now)
        else:
            self._cancel_invite(now)

    # --- the INVITE ------------------------------------------------------------------------

    def _on_invite_response(self, response: Response, now: float) -> None:
        status = response.status
        if status < 200:  # noqa: PLR2004
            self._on_provisional(status, now)
        elif status < 300:  # noqa: PLR2004
            self._on_invite_accepted(response, now)
        elif not self._established:
            because = self._cancelled_because
            if because is None or (because is Outcome.NO_ANSWER and status != 487):  # noqa: PLR2004
                because = outcome_of(status)
            self._fail_invite(because, status, response.reason, now)

    def _on_provisional(self, status: int, now: float) -> None:
        if self._established:
            return
        self._provisional = True
        if status > 100:  # noqa: PLR2004
            self._rang = True
            self.leg = Leg.RINGING
            self._tell(PhoneRinging())
        if self._cancelled_because is not None:
            self._cancel_invite(now)

    def _on_invite_failure(self, problem: str, now: float) -> None:
        self._fail_invite(self._cancelled_because or Outcome.FAILED, None, problem, now)

    def _on_ring_timeout(self, now: float) -> None:
        self._cancelled_because = Outcome.NO_ANSWER
        self._cancel_invite(now)

    def _cancel_invite(self, now: float) -> None:
        """RFC 3261 9.1: only after a provisional response; before, we wait for one."""
        invite = self._invite
        if invite is not None and invite.can_cancel and not invite.is_cancelled:
            invite.cancel(now)
            deadline = now + self._agent.timers.transaction_timeout
            self._set_step_timer(deadline, self._on_cancel_timeout)

    def _on_cancel_timeout(self, now: float) -> None:
        assert self._invite is not None  # noqa: S101  # it was cancelled
        self._invite.abandon(now)
        because = self._cancelled_because or Outcome.CANCELLED
        self._fail_invite(because, None, "no answer to the CANCEL", now)

    def _fail_invite(self, outcome: Outcome, status: int | None, reason: str, now: float) -> None:
        rang, direct = self._rang, self.plan.direct
        stage = stage_of_invite(status, rang=rang, direct=direct)
        if self._cancelled_because is Outcome.NO_ANSWER and outcome is Outcome.NO_ANSWER:
            stage, reason = Stage.PHONE, "nobody picked up the phone"
        self.leg = Leg.GONE
        self._decide(outcome, stage)
        reporter = Reporter.SIPTAPI
        if status is not None:
            reporter = Reporter.PHONE if stage is Stage.PHONE else Reporter.PROXY
        disturbed = disturbed_by_invite(status, rang=rang, provisional=self._provisional)
        if self._cancelled_because is not None:
            disturbed = Disturbed.YES  # the user, or the ringing phone, knows of it
        self._report(CallFailed(stage, status, reason, disturbed, reporter))
        self._finish(now)

    # --- picked up -------------------------------------------------------------------------

    def _on_invite_accepted(self, response: Response, now: float) -> None:
        tag = response.to.tag or ""
        if tag in self._established:
            known = self._established[tag]
            if known is not None:  # its ACK was lost
                self._agent.transactions.send(known.acknowledgement, known.addresses[0])
            return
        assert self._invite is not None  # noqa: S101  # it is being answered
        is_first = not self._established and not self.has_ended
        self._established[tag] = None
        invite = self._invite.request
        dialog = Dialog.from_response(invite, response)
        if is_first:
            self._cancel_step_timer()
            self.leg = Leg.UP
            self._tell(PhoneAnswered())

        def acknowledge(addresses: tuple[Address, ...], now: float) -> None:
            way = addresses or (self._invite_destination,)
            request = dialog.create_request(
                "ACK", headers=_credentials_of(invite), cseq=invite.cseq.number
            )
            data = self._agent.transactions.send_request(request, way[0])
            established = self._established[tag] = _Established(dialog, way, data)
            if is_first:
                self._main = established
                self._on_up(now)
            else:  # another branch of a forked INVITE was picked up as well (RFC 3261 13.2.2.4)
                self._bye(established, now, lambda _: None)

        if self.plan.direct or dialog.next_hop == self.plan.next_hop:
            acknowledge((self._invite_destination,), now)
        else:
            self._locate(dialog.next_hop, acknowledge)

    def _on_up(self, now: float) -> None:
        if self.leg is not Leg.UP:
            return  # the phone's BYE was faster
        if self._cancelled_because is not None:
            self._leave(now)
        else:
            self._send_refer(now)

    # --- the REFER -------------------------------------------------------------------------

    def _send_refer(self, now: float) -> None:
        assert self._main is not None  # noqa: S101  # the leg is up
        dialog = self._main.dialog
        request = dialog.create_request(
            "REFER",
            headers=[
                ("Contact", self._contact),
                ("Refer-To", f"<{self.plan.refer_to}>"),
                ("Referred-By", f"<{self.plan.referred_by}>"),
                ("User-Agent", self._agent.product),
            ],
        )
        self.referral = Referral.SENT
        self._notified = False
        self._refer_sent_at = now
        self._refer = self._exchange(
            request,
            self._main.addresses,
            dialog.next_cseq,
            self._on_refer_response,
            self._on_refer_failure,
        )
        self._refer.start(now)

    def _on_refer_response(self, response: Response, now: float) -> None:
        status = response.status
        if status < 200 or self.referral is Referral.DECIDED:  # noqa: PLR2004
            return
        if status < 300:  # noqa: PLR2004
            self._accept(now)
        elif self._may_repeat(status, now):
            self._repeat_refer(now)
        else:
            self._refuse_refer(status, response.reason, now)

    def _refuse_refer(self, status: int, reason: str, now: float) -> None:
        if self.leg is Leg.UP:
            outcome = Outcome.REJECTED if status in (403, 603) else Outcome.FAILED
            self._decide(outcome, Stage.REFER)
            self._report(CallFailed(Stage.REFER, status, reason, reported_by=Reporter.PHONE))
            self._leave(now)
        else:  # hung up, here or there, before it was accepted
            self._decide(Outcome.CANCELLED, Stage.REFER)
            self._finish_if_gone(now)

    def _on_refer_failure(self, problem: str, now: float) -> None:
        if self.referral is Referral.SENT:
            self._give_up(Stage.REFER, f"the phone did not answer the REFER: {problem}", now)

    def _may_repeat(self, status: int, now: float) -> bool:
        return (
            status in REPEATABLE
            and self._repeats < REPEATS
            and now - self._refer_sent_at <= REPEAT_WITHIN
            and CalleeRinging not in self._told
            and self.leg is Leg.UP
        )

    def _repeat_refer(self, now: float) -> None:
        assert self._refer is not None  # noqa: S101  # it was refused
        self._repeats += 1
        self._refer_cseqs = self._all_refer_cseqs
        self.referral = Referral.NONE

        def again(now: float) -> None:
            if self.leg is Leg.UP:
                self._send_refer(now)

        self._set_step_timer(now + REPEAT_AFTER, again)

    def _accept(self, now: float) -> None:
        if self.referral is not Referral.SENT:
            return
        self.referral = Referral.ACCEPTED
        self._accepted_at = now
        self._tell(ReferAccepted())
        self._set_step_timer(now + self.plan.timers.notify_timeout, self._on_no_notify)
        if self.plan.bye is ByePolicy.ON_ACCEPT:
            self._leave(now)

    def _on_no_notify(self, now: float) -> None:
        seconds = self.plan.timers.notify_timeout
        self._give_up(Stage.CALLEE, f"the phone reported nothing for {seconds:g} s", now)

    def _on_callee_timeout(self, now: float) -> None:
        seconds = self.plan.timers.callee_timeout
        self._give_up(Stage.CALLEE, f"the phone reported no result for {seconds:g} s", now)

    # --- what the phone tells --------------------------------------------------------------

    def on_request(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A request inside one of the call's dialogs."""
        established = self._established.get(request.from_.tag or "")
        if established is None:
            self._agent.respond(transaction, 481, now)
            return
        if not established.dialog.take(request):
            self._agent.respond(transaction, 500, now)
        elif request.method == "NOTIFY":
            self._on_notify(request, transaction, now)
        elif request.method == "BYE":
            self._agent.respond(transaction, 200, now)
            if established is self._main:
                self._on_bye(now)
        elif self.leg is Leg.GONE:
            self._agent.respond(transaction, 481, now)
        else:
            self._service.on_request(established.dialog, request, transaction, now)

    def on_acknowledged(self, request: Request, now: float) -> None:
        """The ACK of a re-INVITE."""
        self._service.on_acknowledged(request, now)

    def _on_notify(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        reading = read_notify(request, self._all_refer_cseqs)
        if isinstance(reading, NotOurs):
            self._agent.respond(transaction, reading.status, now)
            return
        self._agent.respond(transaction, 200, now)
        if reading is None or self.has_ended or self.referral is Referral.NONE:
            return
        self._accept(now)
        if reading.status is None:
            if self.referral is Referral.ACCEPTED:
                self._give_up(Stage.CALLEE, "the phone stopped reporting without a result", now)
            return
        if self.referral is Referral.ACCEPTED and not self._notified:
            self._notified = True
            deadline = self._accepted_at + self.plan.timers.callee_timeout
            self._set_step_timer(deadline, self._on_callee_timeout)
        self._on_sipfrag(reading.status, now)

    def _on_sipfrag(self, fragment: SipfragStatus, now: float) -> None:
        status = fragment.status
        if self.referral is Referral.DECIDED and not (
            self._outcome is Outcome.UNKNOWN and 200 <= status < 300  # noqa: PLR2004
        ):
            return
        if status < 200:  # noqa: PLR2004
            self._tell(CalleeTrying())
            if status > 100:  # noqa: PLR2004
                self._tell(CalleeRinging(status))
        elif status < 300:  # noqa: PLR2004
            self._tell(CalleeAnswered())
            self._decide(Outcome.ANSWERED, Stage.CALLEE)
            if self.plan.bye is ByePolicy.NEVER:
                self._leave_later(now + self.plan.timers.dialog_limit)
            else:
                self._leave(now)
        elif self._may_repeat(status, now):
            self._repeat_refer(now)
        else:
            self._on_callee_failure(fragment, now)

    def _on_callee_failure(self, fragment: SipfragStatus, now: float) -> None:
        left = self.leg is not Leg.UP
        outcome = outcome_of(fragment.status)
        if left and fragment.status >= 500 and fragment.status < 600:  # noqa: PLR2004
            # The phone lost its leg to us while it was calling; its call goes on.
            outcome = Outcome.UNKNOWN
        if self._cancelled_because is not None and outcome is not Outcome.CANCELLED:
            outcome = Outcome.UNKNOWN
        self._decide(outcome, Stage.CALLEE)
        failed = CallFailed(
            Stage.CALLEE, fragment.status, fragment.reason, reported_by=Reporter.SIPFRAG
        )
        self._report(failed)
        if left:
            self._finish_if_gone(now)
        elif self.plan.bye is ByePolicy.NEVER:
            self._leave_later(now + self.plan.timers.dialog_limit)
        else:
            self._leave_later(now + self.plan.timers.failure_linger)

    def _on_bye(self, now: float) -> None:
        if self.leg is Leg.GONE:
            return
        self.leg = Leg.GONE
        self._cancel_leave_timer()
        if self.referral is Referral.NONE:
            self._decide(Outcome.CANCELLED, Stage.PHONE)
        elif self.referral is Referral.SENT and self._cancelled_because is None:
            # A REFER that crosses a BYE is often not answered at all; do not wait for timer F.
            self._set_step_timer(now + self._agent.timers.t2, self._on_bye_before_accept)
        elif self.referral is Referral.ACCEPTED:
            self._set_step_timer(now + self.plan.timers.notify_timeout, self._on_no_notify)
        self._finish_if_gone(now)

    def _on_bye_before_accept(self, now: float) -> None:
        problem = "the phone hung up and did not answer the REFER"
        self._give_up(Stage.REFER, problem, now)

    # --- leaving ---------------------------------------------------------------------------

    def _give_up(self, stage: Stage, reason: str, now: float) -> None:
        """Nobody will tell us any more: unknown."""
        self._decide(Outcome.UNKNOWN, stage)
        self._report(CallFailed(stage, None, reason))
        if self.leg is Leg.UP:
            self._leave(now)
        else:
            self._finish_if_gone(now)

    def _leave_later(self, deadline: float) -> None:
        if self.leg is Leg.UP:
            self._leave_timer = self._agent.queue.schedule(deadline, self._leave)
        else:
            self._finish_if_gone(deadline)

    def _leave(self, now: float) -> None:
        if self.leg is not Leg.UP:
            self._finish_if_gone(now)
            return
        assert self._main is not None  # noqa: S101  # the leg is up
        self.leg = Leg.LEAVING
        self._cancel_leave_timer()
        self._bye(self._main, now, self._on_left)

    def _bye(self, established: _Established, now: float, then: Callable[[float], None]) -> None:
        """Say BYE. Whatever comes back, or nothing, the dialog is over (RFC 3261 15.1.1)."""
        dialog = established.dialog

        def on_response(response: Response, now: float) -> None:
            if response.status >= 200:  # noqa: PLR2004
                then(now)

        request = dialog.create_request("BYE", headers=[("User-Agent", self._agent.product)])
        self._exchange(
            request,
            established.addresses,
            dialog.next_cseq,
            on_response,
            lambda _, now: then(now),
        ).start(now)

    def _on_left(self, now: float) -> None:
        if self.leg is Leg.LEAVING:
            self.leg = Leg.GONE
            self._finish_if_gone(now)

    def _finish_if_gone(self, now: float) -> None:
        if self.leg is not Leg.GONE or self.has_ended:
            return
        if self.referral is Referral.DECIDED:
            self._finish(now)
        elif self._cancelled_because is not None:
            reason = "hung up; the phone may go on calling: hang up there as well"
            if self.referral is Referral.NONE:
                self._decide(Outcome.CANCELLED, Stage.PHONE)
            else:
                self._decide(Outcome.UNKNOWN, Stage.CALLEE)
                self._report(CallFailed(Stage.CALLEE, None, reason))
            self._finish(now)
        elif self.plan.bye is ByePolicy.ON_ACCEPT:
            self._tell(HandedOver())

    def _decide(self, outcome: Outcome, stage: Stage) -> None:
        self._outcome, self._stage = outcome, stage
        self.referral = Referral.DECIDED
        self._cancel_step_timer()

    def _finish(self, now: float) -> None:
        if self._outcome is Outcome.ANSWERED:
            self._tell(HandedOver())
        self.has_ended = True
        self._cancel_step_timer()
        self._cancel_leave_timer()
        self._report(CallEnded(self._outcome, self._stage))
        tag = self._from.tag or ""
        deadline = now + self._agent.timers.transaction_timeout
        # Until then its NOTIFYs and BYEs are still answered properly.
        self._agent.queue.schedule(deadline, lambda _: self._agent.unregister(self.call_id, tag))

    # --- making things ---------------------------------------------------------------------

    def _exchange(
        self,
        request: Request,
        addresses: tuple[Address, ...],
        next_cseq: Callable[[], int],
        on_response: Callable[[Response, float], None],
        on_failure: Callable[[str, float], None],
    ) -> Exchange:
        return Exchange(
            self._agent.transactions,
            request,
            addresses,
            authentication=self._authentication,
            next_cseq=next_cseq,
            on_response=on_response,
            on_failure=on_failure,
        )

    def _make_invite(self) -> Request:
        plan = self.plan
        headers = [
            *(("Route", str(route)) for route in plan.route),
            ("Max-Forwards", "70"),
            ("From", str(self._from)),
            ("To", f"<{plan.target}>"),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self._next_invite_cseq()} INVITE"),
            ("Contact", self._contact),
            ALLOW,
            ("Allow-Events", "refer"),
            ("User-Agent", self._agent.product),
            *plan.invite_headers,
            SDP,
        ]
        return Request("INVITE", plan.target, Headers(headers), self._service.offer())

    def _make_contact(self) -> str:
        first = self._addresses[0]
        local = self._agent.local_address(first)
        user = self.plan.from_.uri.user if isinstance(self.plan.from_.uri, SipUri) else None
        uri = SipUri(host=local.host, user=user, port=local.port)
        if first.transport is not Transport.UDP:
            uri = uri.with_parameter("transport", first.transport)
        return str(NameAddr(uri=uri))

    def _next_invite_cseq(self) -> int:
        self._invite_cseq += 1
        return self._invite_cseq

    @property
    def _invite_destination(self) -> Address:
        assert self._invite is not None  # noqa: S101  # it is being answered
        return self._invite.destination

    @property
    def _all_refer_cseqs(self) -> tuple[int, ...]:
        if self._refer is None or self.referral is Referral.NONE:
            return self._refer_cseqs
        return (*self._refer_cseqs, self._refer.request.cseq.number)

    def _tell(self, happening: Happening) -> None:
        """Report what is worth telling once."""
        if type(happening) not in self._told:
            self._told.add(type(happening))
            self._report(happening)

    def _set_step_timer(self, deadline: float, action: Action) -> None:
        self._cancel_step_timer()
        self._step_timer = self._agent.queue.schedule(deadline, action)

    def _cancel_step_timer(self) -> None:
        if self._step_timer is not None:
            self._step_timer.cancel()
            self._step_timer = None

    def _cancel_leave_timer(self) -> None:
        if self._leave_timer is not None:
            self._leave_timer.cancel()
            self._leave_timer = None


def _credentials_of(invite: Request) -> list[tuple[str, str]]:
    """The ACK of a 2xx carries the same credentials as its INVITE (RFC 3261 22.1)."""
    return [
        (name, value)
        for name in ("Authorization", "Proxy-Authorization")
        for value in invite.headers.lines(name)
    ]
