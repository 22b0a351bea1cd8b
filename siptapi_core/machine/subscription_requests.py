"""The SUBSCRIBEs of one subscription, and the dialog that they and the NOTIFYs share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from siptapi_core.errors import MessageError
from siptapi_core.machine.authentication import Answered, Authentication
from siptapi_core.machine.dialog import Dialog
from siptapi_core.machine.exchange import Exchange, FailureHandler
from siptapi_core.machine.own_address import OwnAddress
from siptapi_core.machine.own_contact import OwnContact
from siptapi_core.machine.subscription_plan import SubscriptionPlan
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.message import Headers, Request, Response
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address

FinalHandler = Callable[[Request, Response, float], None]


class SubscriptionRequests:
    """One try after the other: each has its Call-ID and tag, and a dialog once there is one.

    At most one SUBSCRIBE is under way. What is learnt of nonces and of our own address stays.
    """

    __slots__ = (
        *("_agent", "_answered", "_credentials", "_cseq", "_exchange", "_own_address", "_plan"),
        *("call_id", "dialog", "sent_at", "tag", "way"),
    )

    call_id: str
    tag: str
    dialog: Dialog | None
    sent_at: float
    """When the last SUBSCRIBE was sent, monotonic seconds."""
    way: Address | None
    """Where the last SUBSCRIBE went that is over."""
    _cseq: int

    def __init__(
        self, plan: SubscriptionPlan, agent: UserAgent, credentials: Credentials | None
    ) -> None:
        self._plan = plan
        self._agent = agent
        self._credentials = credentials
        self._own_address = OwnAddress(plan)
        self._answered: tuple[Answered, ...] = ()
        self._exchange: Exchange | None = None
        self.begin_anew()

    @property
    def is_under_way(self) -> bool:
        """Whether a SUBSCRIBE waits for its answer."""
        return self._exchange is not None

    @property
    def next_hop(self) -> SipUri:
        """What leads to where the next one is sent."""
        return self._plan.next_hop if self.dialog is None else self.dialog.next_hop

    def begin_anew(self) -> None:
        """Forget the dialog; the next SUBSCRIBE begins another."""
        self.call_id = self._agent.identifiers.call_id()
        self.tag = self._agent.identifiers.tag()
        self.dialog = None
        self.sent_at = 0.0
        self._cseq = 0
        self.way = None

    def ways(self, addresses: tuple[Address, ...]) -> tuple[Address, ...]:
        """``addresses``, or `way` where there are none."""
        known = self.way
        if known is None:
            return addresses
        # As in a call: the certificate was checked for the name that we meant.
        return tuple(known if str(a) == str(known) else a for a in addresses) or (known,)

    def send(
        self,
        addresses: tuple[Address, ...],
        expires: int,
        on_final: FinalHandler,
        on_failure: FailureHandler,
        now: float,
    ) -> None:
        """Ask ``addresses`` (not empty) for ``expires`` seconds.

        ``on_final`` is given the request and its final response, ``on_failure`` told in words why
        nobody answered.
        """
        authentication = Authentication(self._credentials, self._agent.identifiers, self._answered)

        def on_response(response: Response, now: float) -> None:
            if response.status >= 200:  # noqa: PLR2004
                self._answered = authentication.answered
                self.abandon(now)  # what comes twice or late does not count
                on_final(exchange.request, response, now)

        def fail(problem: str, now: float) -> None:
            self._answered = authentication.answered
            self.abandon(now)
            on_failure(problem, now)

        self.sent_at = now
        self._exchange = exchange = Exchange(
            self._agent.transactions,
            authentication.authorize(self._make_request(expires)),
            addresses,
            authentication=authentication,
            next_cseq=self._next_cseq,
            on_response=on_response,
            on_failure=fail,
            prepare=self._with_contact,
            own_address=self._own_address,
        )
        exchange.start(now)

    def abandon(self, now: float) -> None:
        """Wait for no answer any more."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.abandon(now)
            self.way = exchange.destination

    def accept(self, request: Request, response: Response) -> bool:
        """Take the 2xx of ``request``; whether a NAT shows us elsewhere than we said in it.

        Raises:
            MessageError: what a dialog needs of it cannot be read.
        """
        if self.dialog is None:
            self.dialog = Dialog.from_response(request, response)
        else:
            with suppress(MessageError):  # then the Contact of before counts
                self.dialog.refresh_target(response)
        given = request.contact
        assert given is not None  # noqa: S101  # _with_contact
        assert isinstance(given.uri, SipUri)  # noqa: S101
        assert self.way is not None  # noqa: S101  # it was answered
        address = Address(given.uri.host, given.uri.port or 0)
        return self._own_address.towards(self.way, address) != address

    def dialog_of(self, notify: Request, *, is_first: bool) -> Dialog | None:
        """The dialog that ``notify`` belongs to or, as the first, makes; None: another fork's.

        Raises:
            MessageError: what a dialog needs of it cannot be read.
        """
        known = self.dialog
        if known is not None and NameAddr.parse(known.remote).tag == notify.from_.tag:
            return known
        return Dialog.from_request(notify, self.tag) if is_first else None

    def _make_request(self, expires: int) -> Request:
        plan = self._plan
        headers = [
            ("Event", plan.package),
            ("Accept", plan.accept),
            ("Expires", str(expires)),
            ("User-Agent", self._agent.product),
        ]
        if self.dialog is not None:
            number = self._next_cseq()
            return self.dialog.create_request("SUBSCRIBE", headers=headers, cseq=number)
        pairs = [
            *(("Route", str(route)) for route in plan.route),
            ("Max-Forwards", "70"),
            ("From", str(plan.from_.with_tag(self.tag))),
            ("To", f"<{plan.target}>"),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self._next_cseq()} SUBSCRIBE"),
            *headers,
        ]
        return Request("SUBSCRIBE", plan.target, Headers(pairs))

    def _with_contact(self, request: Request, to: Address, own: Address) -> Request:
        """``request`` with the Contact at which ``to`` reaches us."""
        contact = OwnContact(self._plan, to, own)
        return request.with_headers(request.headers.replaced("Contact", contact.value))

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq
