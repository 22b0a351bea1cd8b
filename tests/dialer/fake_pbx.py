"""A PBX on a loopback socket, as far as lines need one: registrar, notifier, and caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count

from dialer_bench import RecordingLogger

from siptapi_core.contracts import Offer, Resolved
from siptapi_core.dialer.event_bus import EventBus
from siptapi_core.dialer.incoming_indication import IncomingIndication
from siptapi_core.dialer.line_factory import LineFactory
from siptapi_core.dialer.line_services import LineServices
from siptapi_core.events import Happening, LineHappening
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.plugin_loading import Offers, PluginCatalog
from siptapi_core.settings import parse
from siptapi_core.sip.auth import Authorization
from siptapi_core.sip.message import Headers, Request, Response, parse_message
from siptapi_core.targets import Address

LOOPBACK = "127.0.0.1"


class FakePbx(asyncio.DatagramProtocol):
    """Answers a request with its method's entry in ``statuses``, by default 200; None: never.

    Who registers with another than ``password``, where there is one, is asked for it. ``requests``
    and ``responses`` are all that came.
    """

    def __init__(self) -> None:
        self.statuses: dict[str, int | None] = {}
        self.password: str | None = None
        self.service_route = ""
        self.requests: list[Request] = []
        self.responses: list[Response] = []
        self.heard = asyncio.Event()
        self._numbers = count(1)
        self._subscribers: dict[str, tuple[Request, tuple[str, int]]] = {}
        self._source = ("", 0)

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        if not data.strip():
            return
        message = parse_message(data)
        self._source = source
        if isinstance(message, Response):
            self.responses.append(message)
            if message.cseq.method == "INVITE" and message.status >= 300:
                self._acknowledge(message)
        else:
            self.requests.append(message)
            self._answer(message)
        self.heard.set()

    def sent(self, method: str) -> list[Request]:
        """What came with that method."""
        return [request for request in self.requests if request.method == method]

    def statuses_of(self, method: str) -> list[int]:
        """How requests of ours were answered."""
        return [response.status for response in self.responses if response.cseq.method == method]

    def _answer(self, request: Request) -> None:
        status = self.statuses.get(request.method, 200)
        if status is None:
            return
        headers = [("Contact", f"<sip:{self.address.host}:{self.address.port}>")]
        if request.method == "REGISTER":
            headers = [("Contact", each) for each in request.headers.lines("Contact")]
            if self.service_route:
                headers.append(("Service-Route", self.service_route))
            given = request.headers.get("Authorization")
            if self.password is not None and not (
                given and Authorization.parse(given).verify("REGISTER", b"", self.password)
            ):
                status = 401
                headers = [("WWW-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"')]
        elif request.method == "SUBSCRIBE":
            headers.append(("Expires", str(request.expires)))
        response = request.response(status, to_tag="pbx", headers=headers)
        self.transport.sendto(response.encode(), self._source)
        if request.method == "SUBSCRIBE" and status == 200:
            self._subscribers[str(request.to.uri)] = (request, self._source)
            self.notify(str(request.to.uri), last=request.expires == 0)

    # --- as a notifier ---

    def notify(self, subscribed: str, dialogs: str = "", *, last: bool = False) -> None:
        """Tell whoever subscribed to that URI of ``dialogs``, which are all there are."""
        subscribe, source = self._subscribers[subscribed]
        number = next(self._numbers)
        body = (
            f'<dialog-info version="{number}" state="full" entity="{subscribed}">'
            f"{dialogs}</dialog-info>"
        )
        headers = self._headers("NOTIFY", number, f"{subscribe.to};tag=pbx", str(subscribe.from_))
        headers += [
            ("Call-ID", subscribe.call_id),
            ("Event", "dialog"),
            ("Subscription-State", "terminated" if last else "active;expires=600"),
            ("Content-Type", "application/dialog-info+xml"),
        ]
        uri = subscribe.contacts[0].uri
        request = Request("NOTIFY", uri, Headers(headers), body.encode())
        self.transport.sendto(request.encode(), source)

    # --- as a caller ---

    def invite(self, user: str, *headers: tuple[str, str], caller: str = "301") -> Request:
        """Call the Contact that ``user`` registered last."""
        register = [each for each in self.sent("REGISTER") if each.to.uri.user == user][-1]
        uri, number = register.contacts[0].uri, next(self._numbers)
        written = self._headers(
            "INVITE", number, f"<sip:{caller}@pbx.example>;tag=caller{number}", str(register.to)
        )
        written += [("Call-ID", f"call-{number}"), *headers]
        request = Request("INVITE", uri, Headers(written))
        self.transport.sendto(request.encode(), (uri.host, uri.port))
        return request

    def cancel(self, invite: Request, *reasons: str) -> None:
        """The CANCEL of ``invite``."""
        headers = invite.headers.replaced("CSeq", f"{invite.cseq.number} CANCEL")
        for reason in reasons:
            headers = headers.with_last("Reason", reason)
        self._send(Request("CANCEL", invite.uri, headers.without("Contact")))

    def _acknowledge(self, final: Response) -> None:
        headers = [
            ("Via", str(final.via)),
            ("From", str(final.from_)),
            ("To", str(final.to)),
            ("Call-ID", final.call_id),
            ("CSeq", f"{final.cseq.number} ACK"),
        ]
        self._send(Request("ACK", final.to.uri, Headers(headers)))

    def _headers(self, method: str, number: int, from_: str, to: str) -> list[tuple[str, str]]:
        place = f"{self.address.host}:{self.address.port}"
        return [
            ("Via", f"SIP/2.0/UDP {place};branch=z9hG4bK-{number}"),
            ("Max-Forwards", "70"),
            ("From", from_),
            ("To", to),
            ("CSeq", f"{number} {method}"),
            ("Contact", f"<sip:{place}>"),
        ]

    def _send(self, request: Request) -> None:
        self.transport.sendto(request.encode(), self._source)

    @classmethod
    async def open(cls) -> FakePbx:
        loop = asyncio.get_running_loop()
        transport, pbx = await loop.create_datagram_endpoint(cls, local_addr=(LOOPBACK, 0))
        pbx.transport = transport
        pbx.address = Address(*transport.get_extra_info("sockname")[:2])
        return pbx

    async def resolve(self, target: object, context: object) -> Resolved:
        """As a resolver: everything leads here. ``asked`` is for what."""
        self.asked = target
        return Resolved(targets=(self.address,), why="it is there")


class Office:
    """Lines of ``text`` at a PBX, with what they do besides calling; ``told`` is what was told."""

    def __init__(self, text: str, network: SipNetwork, pbx: FakePbx) -> None:
        self.pbx = pbx
        self.network = network
        self.logger = network.logger
        self.lines = LineFactory(parse(text), _catalog(pbx), network, str.upper)
        self.events = EventBus(network.clock)
        self.told: list[tuple[str, Happening | LineHappening]] = []
        self.events.sinks.append(lambda event: self._take(event.line, event.happening))
        identifiers = network.agent.identifiers
        self.incoming = IncomingIndication(
            network,
            events=self.events,
            identifiers=identifiers,
            clock=network.clock,
            logger=self.logger,
        )
        self.services = LineServices(
            self.lines,
            network,
            directory=self.incoming.lines,
            events=self.events,
            identifiers=identifiers,
            logger=self.logger,
        )

    def _take(self, line: str, happening: Happening | LineHappening) -> None:
        self.told.append((line, happening))
        self.pbx.heard.set()

    async def update(self, text: str | None = None) -> None:
        """Do as the settings say, or as these do from now on."""
        names = dict.fromkeys(self.lines)
        if text is not None:
            self.lines.change(parse(text))
        await self.services.update(names | dict.fromkeys(self.lines))

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for it; it is asked when the PBX heard something or something was told."""
        async with asyncio.timeout(10):
            while not condition():
                self.pbx.heard.clear()
                await self.pbx.heard.wait()

    def happened(self, line: str, kind: type) -> list[Happening | LineHappening]:
        """What of that kind was told of ``line``."""
        return [each for name, each in self.told if name == line and isinstance(each, kind)]


@asynccontextmanager
async def office(text: str) -> AsyncIterator[Office]:
    network = await SipNetwork.open(
        clock=SystemClock(),
        identifiers=SystemIdentifiers(),
        logger=RecordingLogger(),
        hosts=(LOOPBACK,),
    )
    pbx = await FakePbx.open()
    made = Office(text, network, pbx)
    try:
        yield made
        await made.services.close(1.0)
    finally:
        pbx.transport.close()
        await network.close()


def _catalog(pbx: FakePbx) -> PluginCatalog:
    offer = Offer(name="hosts", summary="s", create=lambda *_: pbx)
    return PluginCatalog(
        strategies=Offers("strategy", {}),
        resolvers=Offers("resolver", {"hosts": offer}),
        frontends=Offers("front end", {}),
        observers=Offers("observer", {}),
        commands=Offers("command", {}),
        records=(),
    )


def run(main: Callable[[], object]) -> None:
    asyncio.run(asyncio.wait_for(main(), 20))
