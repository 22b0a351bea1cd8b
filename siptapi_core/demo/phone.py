"""A simulated desk phone: rings, is picked up, transfers when it is told to by REFER.

It speaks real SIP through the same transactions and dialogs as everything else here, has no I/O
of its own (a `siptapi_core.machine.endpoint.Endpoint`), and writes down what it saw, so that a
test can hold what SIPTAPI claims against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from attrs import field, frozen

from siptapi_core.demo.phone_calls import CallPhase, IncomingCall, OutgoingCall
from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.timers import SipTimers
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.message import Request
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.values import Compared, Value


class Behaviour(Value, kw_only=True):
    """What the phone, or the person at it, does by itself. Times are seconds.

    ``answer_after`` None: it rings until the caller gives up. ``reject_with`` is a SIP status
    given at once instead of ringing, ``gives_up_with`` one given when it rang for too long.
    ``refuse_refer`` is a status for REFER; ``notifies`` False: it accepts the REFER and never says
    another word. ``reports_ringing``: it sends NOTIFYs with the 18x that it gets, which many
    phones do not. ``hangs_up_after``: so long after it picked up, the person puts it down.
    ``busy_when_used``: whoever calls during another call is told 486.
    """

    answer_after: float | None = 0.0
    reject_with: int | None = None
    refuse_refer: int | None = None
    notifies: bool = True
    reports_ringing: bool = True
    gives_up_after: float = 20.0
    gives_up_with: int = 480
    hangs_up_after: float | None = None
    busy_when_used: bool = False


@frozen(kw_only=True, eq=False, repr=False)
class PhoneAccount(Compared):
    """Who the phone is: ``user`` at ``domain``, and the proxy that its calls go through.

    ``display_name`` is what those see whom it calls.
    """

    user: str
    domain: str
    proxy: Address
    credentials: Credentials | None = None
    display_name: str = ""
    uri: SipUri = field(init=False)

    @uri.default
    def _address_of_record(self) -> SipUri:
        return SipUri(host=self.domain, user=self.user)


class SimulatedPhone:
    """A phone at ``address``; see `Behaviour`.

    ``seen`` lists what happened to it, in order: ``invited``, ``ringing``, ``answered``,
    ``rejected 486``, ``cancelled``, ``referred``, ``calling sip:...``, ``callee 180``,
    ``hung up``. ``on_change`` is called after each.
    """

    def __init__(
        self,
        account: PhoneAccount,
        address: Address,
        *,
        identifiers: Identifiers,
        behaviour: Behaviour | None = None,
        timers: SipTimers | None = None,
    ) -> None:
        self.account = account
        self.address = address
        self.behaviour = behaviour or Behaviour()
        self.seen: list[str] = []
        self.on_change: Callable[[str], None] = lambda _what: None
        self.agent = UserAgent(
            identifiers=identifiers,
            local_address=lambda _towards: address,
            timers=timers,
            product="SIPTAPI simulated phone",
            on_stranger=self._on_request,
        )
        self.incoming: list[IncomingCall] = []
        self.outgoing: list[OutgoingCall] = []

    @property
    def contact(self) -> str:
        """Its Contact, as a header's value."""
        return f"<{SipUri(host=self.address.host, user=self.account.user, port=self.address.port)}>"

    @property
    def is_used(self) -> bool:
        """Whether it rings, calls or holds a call."""
        return any(call.phase is not CallPhase.OVER for call in (*self.incoming, *self.outgoing))

    def note(self, what: str) -> None:
        """Write down what happened."""
        self.seen.append(what)
        self.on_change(what)

    def answer(self, now: float) -> None:
        """Pick up whatever rings."""
        for call in tuple(self.incoming):
            call.answer(now)

    def reject(self, now: float, status: int = 486) -> None:
        """Refuse whatever rings."""
        for call in tuple(self.incoming):
            call.reject(status, now)

    def hang_up(self, now: float) -> None:
        """Put the receiver down."""
        for call in (*self.incoming, *self.outgoing):
            call.hang_up(now)

    def call(self, target: SipUri, report: Callable[[int, str, float], None], now: float) -> None:
        """Call ``target`` through the proxy; ``report(status, reason, now)`` gets each response."""
        call = OutgoingCall(self, target, report)
        self.outgoing.append(call)
        call.start(now)

    def receive(self, data: bytes, source: Address, now: float) -> None:
        """A datagram came."""
        self.agent.receive(data, source, now)

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        self.agent.handle_timer(now)

    def next_timer(self) -> float | None:
        """When to call `handle_timer`."""
        return self.agent.next_timer()

    def datagrams(self) -> Iterable[tuple[bytes, Address]]:
        """What is to be sent."""
        return self.agent.datagrams()

    def _on_request(
        self, request: Request, transaction: ServerTransaction, source: Address, now: float
    ) -> None:
        if request.method == "OPTIONS":
            self.agent.respond(transaction, 200, now, headers=(("Allow", "REFER"),))
            return
        if request.method != "INVITE":
            self.agent.refuse_stranger(request, transaction, source, now)
            return
        self.note("invited")
        call = IncomingCall(self, request, transaction)
        behaviour = self.behaviour
        refusal = 486 if behaviour.busy_when_used and self.is_used else behaviour.reject_with
        if refusal is not None:
            call.reject(refusal, now)
            return
        self.incoming.append(call)
        call.ring(now)
        if behaviour.answer_after is not None:
            self.agent.queue.schedule(now + behaviour.answer_after, call.answer)
        given_up = partial(call.reject, behaviour.gives_up_with)
        self.agent.queue.schedule(now + behaviour.gives_up_after, given_up)
