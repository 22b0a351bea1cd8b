"""The subscriber's side of a subscription, from SUBSCRIBE to the last NOTIFY (RFC 6665, RFC 3265).

::

    IDLE ─start─▶ SUBSCRIBING ──NOTIFY active, pending──▶ ACTIVE, PENDING ◀─┐ refresh in
                   ▲ ▲   │  │                              │  │       │     │ good time
                   │ │   │  └─489, 403, ...──▶ REFUSED ◀───┘  │       └─────┘
              time │ │   │                       rejected,    │ ended, expired,
            to try │ │   │ other, silence        noresource   │ forgotten (481)
             again │ └───┼────────────────at once─────────────┤
                   │     ▼                                    │
                  WAITING ◀───────────────────later───────────┘

    stop, from any: ─no dialog────────────────────────────────────▶ ENDED
                    └▶ ENDING ─last NOTIFY, refusal, out of time───▲

The dialog is made by the first NOTIFY, or by a 2xx that comes before it; forks of the SUBSCRIBE
that notify later get 481, and end there. A 2xx that no NOTIFY follows within 64*T1 is worth
nothing. Every try is a new dialog: what still comes for an old one gets 481.

A refresh that fails leaves the subscription as it is, unless the answer says that it is gone; it
is repeated until it expires. Where the way that the NOTIFYs come by is lost, one follows at once.
"""

from __future__ import annotations

import enum
from functools import partial
from typing import Protocol

from siptapi_core.errors import MessageError
from siptapi_core.machine.flows import Flows
from siptapi_core.machine.phone_leg import Locate
from siptapi_core.machine.renewal import renew_after, retry_after_failure
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.subscription_ending import (
    Ending,
    ends_subscription,
    refusal,
    seconds_of,
    termination,
)
from siptapi_core.machine.subscription_plan import SubscriptionPlan
from siptapi_core.machine.subscription_requests import SubscriptionRequests
from siptapi_core.machine.timers import Action, Timer
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.event import EventHeader, SubscriptionState
from siptapi_core.sip.message import Request, Response
from siptapi_core.targets import Address

SHORTEST_REFRESH = 5.0
"""Seconds from one SUBSCRIBE to the next, however short a subscription is granted."""
FULL_STATE_PAUSE = 60.0
"""... and before one that only asks for the full state."""
FIRST_WAIT, LONGEST_WAIT = 30.0, 3600.0
"""Seconds until another try: twice as long after each in a row, of which a random half is left
out."""
STEADY = 60.0
"""Seconds that a subscription must have lasted for its end not to count as one more in a row."""
LARGEST_EXPIRES = 86_400
"""Seconds: a server that wants more asked for gets no subscription."""


class SubscriberState(enum.Enum):
    """The states drawn above."""

    IDLE = enum.auto()
    SUBSCRIBING = enum.auto()
    PENDING = enum.auto()
    ACTIVE = enum.auto()
    WAITING = enum.auto()
    REFUSED = enum.auto()
    ENDING = enum.auto()
    ENDED = enum.auto()


_UP = (SubscriberState.ACTIVE, SubscriberState.PENDING)
_OVER = (SubscriberState.ENDING, SubscriberState.ENDED)


class SubscriptionOwner(Protocol):
    """Who wants to be notified."""

    def on_notify(self, body: bytes, content_type: str | None, now: float) -> bool:
        """A NOTIFY of the subscription, in order and answered already; its body may be empty.

        Returns whether the full state is to be asked for, by an early refresh.
        """
        ...

    def on_state(self, state: SubscriberState, reason: str, now: float) -> None:
        """The state is another one; ``reason`` says in words why, where there is more to say."""
        ...


class Subscription:
    """One subscription for as long as it is wanted: begins with `start`, ends with `stop`.

    ``addresses`` are the plan's next hop, resolved, for the first SUBSCRIBE; without any, and
    before each later one, ``locate`` is asked as `PhoneLeg` does. ``flows`` are the user agent's.
    """

    __slots__ = (
        *("_addresses", "_agent", "_asked", "_corrects", "_expires_at", "_failures", "_flow"),
        *("_flows", "_locate", "_look_up", "_notified_since", "_owner", "_plan", "_requests"),
        *("_timer", "state"),
    )

    def __init__(
        self,
        plan: SubscriptionPlan,
        *,
        agent: UserAgent,
        flows: Flows,
        credentials: Credentials | None,
        locate: Locate,
        owner: SubscriptionOwner,
        addresses: tuple[Address, ...] = (),
    ) -> None:
        self.state = SubscriberState.IDLE
        self._plan = plan
        self._agent = agent
        self._flows = flows
        self._flow: Address | None = None
        """That which we have joined."""
        self._locate = locate
        self._owner = owner
        self._addresses = addresses
        self._requests = SubscriptionRequests(plan, agent, credentials)
        self._asked = plan.expires
        self._expires_at = 0.0
        self._notified_since: float | None = None
        self._corrects = False
        """Whether this SUBSCRIBE gives the other side the address that it showed us."""
        self._failures = 0
        self._look_up = 0
        """The look-up that counts: the answers to those before come too late."""
        self._timer: Timer | None = None

    def start(self, now: float) -> None:
        """Subscribe, and stay subscribed."""
        self._subscribe(now)

    def stop(self, now: float) -> None:
        """Unsubscribe; it takes 64*T1 at most. Asking again changes nothing."""
        if self.state in _OVER:
            return
        if self._requests.dialog is None:
            self._end(now)
            return
        self._requests.abandon(now)
        self._set_timer(now + self._agent.timers.transaction_timeout, self._end)
        self._enter(SubscriberState.ENDING, "", now)
        self._find_way()

    def on_flow_lost(self, now: float) -> None:
        """No NOTIFY reaches us any more by the way that we subscribed: refresh soon."""
        self._flow = None
        if self.state in _UP and self._timer is not None:
            soon = now + self._agent.identifiers.jitter(0.0, self._agent.timers.t2)
            self._set_timer(min(soon, self._timer[0]), self._refresh)

    # --- SUBSCRIBE ---------------------------------------------------------------------------

    def _subscribe(self, now: float, reason: str = "") -> None:
        self._agent.register(self._requests.call_id, self._requests.tag, self)
        self.state = SubscriberState.SUBSCRIBING
        self._owner.on_state(self.state, reason, now)  # even if it was: documents begin anew
        if self.state is not SubscriberState.SUBSCRIBING:
            return
        addresses, self._addresses = self._addresses, ()
        if addresses:
            self._send(addresses, now)
        else:
            self._set_timer(now + self._agent.timers.transaction_timeout, self._on_no_way)
            self._find_way()

    def _refresh(self, now: float) -> None:  # noqa: ARG002  # a timer's action is given the time
        self._set_timer(self._expires_at, self._on_expired)
        if not self._requests.is_under_way:
            self._find_way()

    def _find_way(self) -> None:
        self._look_up += 1
        self._locate(self._requests.next_hop, partial(self._on_way, self._look_up))

    def _on_way(self, look_up: int, addresses: tuple[Address, ...], now: float) -> None:
        if look_up != self._look_up:
            return
        ways = self._requests.ways(addresses)
        if ways:
            self._send(ways, now)
        else:
            self._on_no_way(now)

    def _on_no_way(self, now: float) -> None:
        self._lapse(Ending(reason=f"there is no way to {self._plan.next_hop}"), now)

    def _send(self, ways: tuple[Address, ...], now: float, *, again: bool = False) -> None:
        """Send the SUBSCRIBE that the state asks for; ``again``: 423 was said to the same."""
        self._look_up += 1
        expires = 0 if self.state is SubscriberState.ENDING else self._asked
        if self.state is SubscriberState.SUBSCRIBING:
            self._stop_timer()

        def on_final(request: Request, response: Response, now: float) -> None:
            least = min(seconds_of(response, "Min-Expires") or 0, LARGEST_EXPIRES)
            if self.state is SubscriberState.ENDING:
                self._on_unsubscribed(response.status, now)
            elif response.status < 300:  # noqa: PLR2004
                self._on_accepted(request, response, now)
            elif response.status == 423 and least > self._asked and not again:  # noqa: PLR2004
                self._asked = least
                self._send(self._requests.ways(()), now, again=True)
            else:
                self._on_refused(response, now)

        self._requests.send(ways, expires, on_final, self._on_failure, now)

    def _on_accepted(self, request: Request, response: Response, now: float) -> None:
        granted = seconds_of(response, "Expires")
        granted = self._asked if granted is None else min(granted, self._asked)
        self._expires_at = self._requests.sent_at + granted
        try:
            is_outdated = self._requests.accept(request, response)
        except MessageError as error:
            self._lapse(Ending(reason=f"the answer cannot be read: {error}"), now)
            return
        self._join_flow(now)
        self._forgive(now)
        self._corrects = is_outdated and not self._corrects
        if self._corrects:
            self._refresh(now)
        elif self._notified_since is None:
            deadline = min(self._expires_at, now + self._agent.timers.transaction_timeout)
            self._set_timer(deadline, self._on_no_notify)
        else:
            self._schedule_refresh(now)

    def _on_refused(self, response: Response, now: float) -> None:
        if self.state in _UP and not ends_subscription(response):
            self._repeat_refresh(refusal(response), now)
        else:
            self._lapse(refusal(response), now)

    def _on_failure(self, problem: str, now: float) -> None:
        if self.state is SubscriberState.ENDING:
            self._end(now)
        elif self.state in _UP:
            self._repeat_refresh(Ending(reason=problem), now)
        else:
            self._lapse(Ending(reason=problem), now)

    def _on_unsubscribed(self, status: int, now: float) -> None:
        if status < 300:  # noqa: PLR2004
            self._set_timer(now + self._agent.timers.t2, self._end)  # for the last NOTIFY
        else:
            self._end(now)

    # --- NOTIFY ------------------------------------------------------------------------------

    def on_request(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A request with our Call-ID and tag."""
        if request.method != "NOTIFY":
            self._agent.refuse_stranger(request, transaction, transaction.reply_to, now)
            return
        event = request.headers.get("Event")
        if event is None or EventHeader.parse(event).package != self._plan.package:
            self._agent.respond(transaction, 489, now)
            return
        state = SubscriptionState.parse(request.headers.get("Subscription-State") or "active")
        dialog = self._requests.dialog_of(request, is_first=self._notified_since is None)
        if dialog is None:
            self._agent.respond(transaction, 481, now)
        elif not dialog.take(request):
            self._agent.respond(transaction, 500, now)
        else:
            dialog.refresh_target(request)
            self._requests.dialog = dialog
            self._agent.respond(transaction, 200, now)
            self._on_notify(request, state, now)

    def on_acknowledged(self, request: Request, now: float) -> None:
        """An ACK: nothing here is answered so that one comes."""

    def _on_notify(self, notify: Request, state: SubscriptionState, now: float) -> None:
        if self.state is SubscriberState.ENDING:
            if state.is_terminated:
                self._end(now)
        elif state.is_terminated:
            self._owner.on_notify(notify.body, notify.content_type, now)
            if self.state not in _OVER:
                self._lapse(termination(state), now)
        else:
            self._note_expiry(state.expires, now)
            if state.state == "pending":
                self._enter(SubscriberState.PENDING, "waits to be allowed by the other side", now)
            else:
                self._enter(SubscriberState.ACTIVE, "", now)
            if self._owner.on_notify(notify.body, notify.content_type, now):
                self._ask_for_full_state(now)

    def _note_expiry(self, told: int | None, now: float) -> None:
        """``told`` is what a NOTIFY says; it may shorten the subscription (RFC 6665 4.2.1.4)."""
        seconds = self._asked if told is None else min(told, self._asked)
        is_first = self._notified_since is None
        if is_first:
            self._notified_since = now
        if self._expires_at <= now or (told is not None and now + seconds < self._expires_at - 1):
            self._expires_at = now + seconds
        elif not is_first:
            return
        self._schedule_refresh(now)

    # --- later -------------------------------------------------------------------------------

    def _schedule_refresh(self, now: float) -> None:
        wanted = now + renew_after(self._expires_at - now, self._agent.identifiers.jitter)
        self._refresh_at(max(wanted, self._requests.sent_at + SHORTEST_REFRESH))

    def _refresh_at(self, moment: float) -> None:
        if moment < self._expires_at:
            self._set_timer(moment, self._refresh)
        else:
            self._set_timer(self._expires_at, self._on_expired)

    def _ask_for_full_state(self, now: float) -> None:
        moment = max(now, self._requests.sent_at + FULL_STATE_PAUSE)
        is_sooner = self._timer is not None and moment < self._timer[0]
        if self.state in _UP and is_sooner and not self._requests.is_under_way:
            self._set_timer(moment, self._refresh)

    def _repeat_refresh(self, ending: Ending, now: float) -> None:
        self._failures += 1
        self._refresh_at(now + self._wait(ending))

    def _on_no_notify(self, now: float) -> None:
        self._lapse(Ending(reason="accepted, but no NOTIFY came"), now)

    def _on_expired(self, now: float) -> None:
        self._lapse(Ending(reason="expired before it was refreshed", at_once=True), now)

    def _lapse(self, ending: Ending, now: float) -> None:
        """There is no subscription any more, or none came about."""
        self._forgive(now)
        self._drop(now)
        if ending.for_good:
            self._enter(SubscriberState.REFUSED, ending.reason, now)
            return
        self._failures += 1
        if ending.at_once and self._failures == 1:
            self._subscribe(now, ending.reason)
        else:
            self._set_timer(now + self._wait(ending), self._subscribe)
            self._enter(SubscriberState.WAITING, ending.reason, now)

    def _wait(self, ending: Ending) -> float:
        """Seconds until another try; the failure that leads to it is counted already."""
        return retry_after_failure(
            min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self._failures - 1, 30)),
            retry_after=ending.retry_after,
            spread=FIRST_WAIT,
            jitter=self._agent.identifiers.jitter,
        )

    def _forgive(self, now: float) -> None:
        if self._notified_since is not None and now - self._notified_since >= STEADY:
            self._failures = 0

    # --- moving on ---------------------------------------------------------------------------

    def _enter(self, state: SubscriberState, reason: str, now: float) -> None:
        if state is not self.state:
            self.state = state
            self._owner.on_state(state, reason, now)

    def _end(self, now: float) -> None:
        self._drop(now)
        self._enter(SubscriberState.ENDED, "", now)

    def _join_flow(self, now: float) -> None:
        way = self._requests.way
        assert way is not None  # noqa: S101  # it was answered
        if way != self._flow:
            self._leave_flow()
        self._flow = way
        self._flows.join(self, way, self._plan.keepalive, now)

    def _leave_flow(self) -> None:
        if self._flow is not None:
            self._flows.leave(self, self._flow)
            self._flow = None

    def _drop(self, now: float) -> None:
        self._stop_timer()
        self._leave_flow()
        self._look_up += 1
        self._requests.abandon(now)
        self._agent.unregister(self._requests.call_id, self._requests.tag)
        self._requests.begin_anew()
        self._expires_at = 0.0
        self._notified_since = None
        self._corrects = False

    def _set_timer(self, deadline: float, action: Action) -> None:
        queue = self._agent.queue
        self._timer = queue.schedule(deadline, action, replacing=self._timer)

    def _stop_timer(self) -> None:
        self._agent.queue.cancel(self._timer)
        self._timer = None
