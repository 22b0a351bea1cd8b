"""Our binding at the registrar, as far as we know it, and the REGISTERs that change it.

Only Contacts of our own are ever named, to be kept for some seconds or with ``expires=0``; never
``*``, for the account's other Contacts are the user's phones. One that we gave before and that
would be another now (a new connection, another address that a NAT shows) is removed in the same
request.

RFC 5626 (``outbound``, ``reg-id``) and ``+sip.instance`` are left out on purpose. They need an edge
proxy that knows them, and an instance id that outlives the process. What they would give is there
without: the PBX sends to where we came from, `siptapi_core.machine.flows` notices a lost way, and
a line has one way only.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from siptapi_core.machine.authentication import Answered, Authentication
from siptapi_core.machine.exchange import Exchange, Prepare
from siptapi_core.machine.line_of_request import LINE_PARAMETER
from siptapi_core.machine.own_address import OwnAddress
from siptapi_core.machine.registrar_answer import (
    RegistrarAnswer,
    granted,
    least_expires,
    refusal,
    service_route,
)
from siptapi_core.machine.registration_plan import RegistrationPlan
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.message import Headers, Request, Response
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Transport

_MOST_CONTACTS = 4
"""That the registrar may have of us: what is older is left to expire."""

Done = Callable[[RegistrarAnswer, float], None]


class Binding:
    """The binding of one line: one Call-ID, and a rising CSeq, through its whole life.

    At most one REGISTER is under way (RFC 3261 10.2): `register` and `remove` are for when none is.
    """

    __slots__ = (
        *("_agent", "_answered", "_asked", "_contacts", "_cseq", "_exchange", "_own_address"),
        *("_plan", "_sent", "_tag", "call_id", "expires_at", "service_route"),
    )

    def __init__(self, plan: RegistrationPlan, agent: UserAgent) -> None:
        self.call_id = agent.identifiers.call_id()
        self.expires_at: float | None = None
        """When the registrar may forget it, monotonic seconds; None: there is none."""
        self.service_route: tuple[NameAddr, ...] = ()
        self._plan = plan
        self._agent = agent
        self._tag = agent.identifiers.tag()
        self._cseq = 0
        self._asked = plan.expires
        self._own_address = OwnAddress(plan)
        self._answered: tuple[Answered, ...] = ()
        self._contacts: tuple[str, ...] = ()
        """Those that the registrar may have, the latest last."""
        self._exchange: Exchange | None = None
        self._sent: tuple[str, ...] = ()
        """Those of the request under way: of each address that it was sent to, one."""

    @property
    def may_exist(self) -> bool:
        """Whether the registrar has a Contact of ours, or may have."""
        return bool(self._contacts)

    @property
    def is_under_way(self) -> bool:
        """Whether a REGISTER waits for its answer."""
        return self._exchange is not None

    def is_outdated(self, way: Address) -> bool:
        """Whether a response by ``way`` showed us another address than our Contact gives."""
        given = _uri(self._contacts[-1])
        address = Address(given.host, given.port or 0)
        return self._own_address.towards(way, address) != address

    def register(
        self,
        addresses: tuple[Address, ...],
        credentials: Credentials | None,
        done: Done,
        now: float,
        *,
        again: bool = False,
    ) -> None:
        """Ask for the binding, or that it be kept longer; ``done`` is told how that ended.

        ``again`` says that the same was refused because too few seconds were asked for.
        """
        # Its clock may run since our first packet, whichever of them it has heard.
        began = now

        def on_final(response: Response, exchange: Exchange, now: float) -> None:
            request, way = exchange.origin(response)
            if response.status < 300:  # noqa: PLR2004
                self._take(response, request, began)
                answer = RegistrarAnswer(way=way)
                if self.expires_at is None:
                    answer = RegistrarAnswer(reason="the registrar did not keep our Contact")
            elif (least := least_expires(response)) > self._asked and not again:
                self._asked = least
                self.register((way,), credentials, done, now, again=True)
                return
            else:
                self._note(self._sent[:-1])
                answer = refusal(response, credentials, exchange.reason(response))
            done(answer, now)

        request = self._make_request([("Expires", str(self._asked))])
        self._send(request, self._with_contacts, addresses, credentials, on_final, done, now)

    def remove(
        self,
        addresses: tuple[Address, ...],
        credentials: Credentials | None,
        done: Done,
        now: float,
    ) -> None:
        """Ask that all be forgotten that the registrar may have of us."""

        def on_final(response: Response, exchange: Exchange, now: float) -> None:
            if response.status < 300:  # noqa: PLR2004
                self._contacts = ()
                self.expires_at = None
                done(RegistrarAnswer(), now)
            else:
                done(refusal(response, credentials, exchange.reason(response)), now)

        headers = [("Contact", f"{contact};expires=0") for contact in self._contacts]
        request = self._make_request([*headers, ("Expires", "0")])
        self._send(request, _as_it_is, addresses, credentials, on_final, done, now)

    def abandon(self, now: float) -> None:
        """Wait for no answer any more, and send nothing again."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.abandon(now)

    def _send(
        self,
        request: Request,
        prepare: Prepare,
        addresses: tuple[Address, ...],
        credentials: Credentials | None,
        on_final: Callable[[Response, Exchange, float], None],
        done: Done,
        now: float,
    ) -> None:
        authentication = Authentication(credentials, self._agent.identifiers, self._answered)

        def on_response(response: Response, now: float) -> None:
            if response.status >= 200:  # noqa: PLR2004
                exchange = self._exchange
                assert exchange is not None  # noqa: S101  # abandoned it would tell nothing
                self._answered = authentication.answered
                self.abandon(now)  # nothing of it is kept to absorb what comes twice
                on_final(response, exchange, now)

        def on_failure(problem: str, now: float) -> None:
            self._answered = authentication.answered
            self._exchange = None
            self._note(self._sent)
            done(RegistrarAnswer(reason=problem), now)

        self._sent = ()
        self._exchange = Exchange(
            self._agent.transactions,
            authentication.authorize(request),
            addresses,
            authentication=authentication,
            next_cseq=self._answer_challenge,
            on_response=on_response,
            on_failure=on_failure,
            prepare=prepare,
            own_address=self._own_address,
        )
        self._exchange.start(now)

    def _take(self, response: Response, request: Request, began: float) -> None:
        """The 2xx of ``request``: it lists what the registrar has now (RFC 3261 10.3)."""
        bound, *removed = [
            line.partition(";expires=")[0] for line in request.headers.lines("Contact")
        ]
        self._note(self._sent)
        self._contacts = tuple(each for each in self._contacts if each not in (bound, *removed))
        seconds = granted(response, _uri(bound), self._asked)
        if seconds:
            self._contacts = (*self._contacts, bound)
        self.expires_at = began + seconds if seconds else None
        self.service_route = service_route(response)

    def _make_request(self, headers: list[tuple[str, str]]) -> Request:
        plan = self._plan
        return Request(
            "REGISTER",
            evolve(plan.account, user=None, password=None, parameters=(), headers=()),
            Headers(
                [
                    *(("Route", str(route)) for route in plan.route),
                    ("Max-Forwards", "70"),
                    ("From", str(NameAddr(plan.account, plan.display_name).with_tag(self._tag))),
                    ("To", f"<{plan.account}>"),
                    ("Call-ID", self.call_id),
                    ("CSeq", f"{self._next_cseq()} REGISTER"),
                    *headers,
                    ("Supported", "path"),
                    ("User-Agent", self._agent.product),
                ]
            ),
        )

    def _with_contacts(self, request: Request, to: Address, own: Address) -> Request:
        """``request`` with the Contact at which ``to`` reaches us, and without our old ones."""
        contact = self._contact_towards(to, own)
        others = [each for each in (*self._contacts, *self._sent) if each != contact]
        self._sent = (*self._sent, contact)
        lines = [f"{contact};expires={self._asked}"]
        lines += [f"{other};expires=0" for other in dict.fromkeys(others)]
        return request.with_headers(request.headers.replaced("Contact", *lines))

    def _note(self, contacts: tuple[str, ...]) -> None:
        """The registrar may have ``contacts`` too: it said nothing of them."""
        self._contacts = tuple(dict.fromkeys((*self._contacts, *contacts)))[-_MOST_CONTACTS:]
        self._sent = ()

    def _contact_towards(self, to: Address, own: Address) -> str:
        plan = self._plan
        top = plan.route[0].uri if plan.route else plan.account
        secure = any(isinstance(u, SipUri) and u.scheme == "sips" for u in (plan.account, top))
        uri = SipUri(
            host=own.host,
            user=plan.account.user,
            port=own.port,
            scheme="sips" if secure else "sip",
            parameters=((LINE_PARAMETER, plan.token),),
        )
        if to.transport is not Transport.UDP and not secure:
            uri = uri.with_parameter("transport", to.transport)
        return str(NameAddr(uri))

    def _answer_challenge(self) -> int:
        self._sent = self._sent[:-1]  # what was challenged has bound nothing
        return self._next_cseq()

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq


def _as_it_is(request: Request, _to: Address, _own: Address) -> Request:
    return request


def _uri(contact: str) -> SipUri:
    uri = NameAddr.parse(contact).uri
    assert isinstance(uri, SipUri)  # noqa: S101  # we made it
    return uri
