"""A proxy that forks a call to the user's phone and to SIPTAPI, all three on a lossy link."""

from __future__ import annotations

from siptapi_core.demo.phone import Behaviour, PhoneAccount, SimulatedPhone
from siptapi_core.events import IncomingRinging
from siptapi_core.machine.client_transaction import NOBODY, ClientState, ClientTransaction
from siptapi_core.machine.incoming_call import IncomingCall, IncomingHappening
from siptapi_core.machine.incoming_calls import IncomingCalls
from siptapi_core.machine.line_of_request import IncomingLine
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.message import Headers, Request, Response, parse_message
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.testing.counting_identifiers import CountingIdentifiers
from siptapi_core.testing.lossy_link import Decide, LossyLink

PROXY, PHONE, SIPTAPI = (Address(f"192.0.2.{n}", 5060) for n in (1, 2, 9))
ACCOUNT = SipUri(host="example.com", user="200")
CONTACT = SipUri.parse(f"sip:200@{SIPTAPI.host}:{SIPTAPI.port};line=token")
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'


class Branch:
    """One branch of the fork: a client transaction and the CANCEL that may follow."""

    def __init__(self, fork: ForkingProxy, uri: SipUri, to: Address) -> None:
        self.status = 0
        self.cancelled_with: str | None = None
        self._fork = fork
        self._uri = uri
        self._to = to
        self._transaction: ClientTransaction | None = None
        self._cancel_sent = False

    def start(self, now: float) -> None:
        headers = Headers(
            [
                ("Max-Forwards", "69"),
                ("From", '"Bob" <sip:301@example.com>;tag=caller'),
                ("To", f"<{ACCOUNT}>"),
                ("Call-ID", "forked-call"),
                ("CSeq", "1 INVITE"),
                ("Contact", f"<sip:301@{PROXY.host}>"),
            ]
        )
        request = Request("INVITE", self._uri, headers)
        self._transaction = self._fork.agent.transactions.request(request, self._to, self, now)

    def cancel(self, reason: str, now: float) -> None:
        """Once, as soon as a provisional response has come (RFC 3261 9.1)."""
        if self.cancelled_with is None and self.status < 200:
            self.cancelled_with = reason
            self._send_cancel(now)

    def on_response(
        self, transaction: ClientTransaction, response: Response, source: Address, now: float
    ) -> None:
        self.status = response.status
        self._send_cancel(now)
        if 200 <= response.status < 300:
            target = response.contact
            assert target is not None
            assert isinstance(target.uri, SipUri)
            headers = [
                ("Max-Forwards", "70"),
                *((name, response.headers.only(name)) for name in ("From", "To", "Call-ID")),
                ("CSeq", "1 ACK"),
            ]
            acknowledgement = Request("ACK", target.uri, Headers(headers))
            self._fork.agent.transactions.send_request(acknowledgement, self._to)
        self._fork.on_response(response.status, now)

    def on_timeout(self, transaction: ClientTransaction, now: float) -> None:
        self.status = 408

    def on_transport_error(self, transaction: ClientTransaction, problem: str, now: float) -> None:
        raise AssertionError(problem)

    def _send_cancel(self, now: float) -> None:
        invite = self._transaction
        assert invite is not None
        if (
            self.cancelled_with is None
            or self._cancel_sent
            or invite.state is not ClientState.PROCEEDING
        ):
            return
        self._cancel_sent = True
        sent = invite.request
        headers = sent.headers.replaced("CSeq", "1 CANCEL").without("Contact")
        if self.cancelled_with:
            headers = headers.with_last("Reason", self.cancelled_with)
        request = Request("CANCEL", sent.uri, headers)
        layer, via, key = self._fork.agent.transactions, invite.via, (invite.key[0], "CANCEL")
        data = request.with_headers(request.headers.with_first("Via", via)).encode()
        layer._clients[key] = ClientTransaction(
            layer, key, request, via, data, self._to, self._to, NOBODY, now
        )


class ForkingProxy:
    """Caller and proxy in one: rings everybody, and cancels the others once somebody decides."""

    def __init__(self, identifiers: CountingIdentifiers) -> None:
        self.agent = UserAgent(identifiers=identifiers, local_address=lambda _to: PROXY)
        self.phone = Branch(self, SipUri(host=PHONE.host, user="200"), PHONE)
        self.siptapi = Branch(self, CONTACT, SIPTAPI)
        self.abandoned = False

    def start(self, now: float) -> None:
        self.phone.start(now)
        self.siptapi.start(now)

    def on_response(self, status: int, now: float) -> None:
        if 200 <= status < 300:
            self._cancel(ELSEWHERE, now)
        elif status >= 600:
            self._cancel(f"SIP;cause={status}", now)

    def abandon(self, now: float) -> None:
        """The caller gives up."""
        self.abandoned = True
        self._cancel("", now)

    def _cancel(self, reason: str, now: float) -> None:
        self.phone.cancel(reason, now)
        self.siptapi.cancel(reason, now)


class ForkedCall:
    """Everybody, joined; ``told`` is what SIPTAPI reported."""

    def __init__(
        self,
        *,
        fate: Decide,
        phone: Behaviour,
        sends_reason: bool = False,
        send_180: bool = True,
    ) -> None:
        identifiers = CountingIdentifiers()
        self.proxy = ForkingProxy(identifiers)
        account = PhoneAccount(user="200", domain="example.com", proxy=PROXY)
        self.phone = SimulatedPhone(account, PHONE, identifiers=identifiers, behaviour=phone)
        self.agent = UserAgent(identifiers=identifiers, local_address=lambda _to: SIPTAPI)
        self.told: list[IncomingHappening] = []
        self.shown: list[IncomingCall] = []
        self.calls = IncomingCalls(self.agent, report=self._report)
        self.calls.lines.put(
            IncomingLine(
                name="office",
                account=ACCOUNT,
                next_hop=SipUri(ACCOUNT.host),
                token="token",
                send_180=send_180,
                sends_reason=sends_reason,
            )
        )
        self.link = LossyLink(fate=fate)
        for endpoint, address in (
            (self.proxy.agent, PROXY),
            (self.phone, PHONE),
            (self.agent, SIPTAPI),
        ):
            self.link.join(endpoint, address)

    def _report(self, call: IncomingCall, happening: IncomingHappening) -> None:
        self.told.append(happening)
        if isinstance(happening, IncomingRinging):
            self.shown.append(call)

    def run(self) -> None:
        self.proxy.start(self.link.clock.monotonic())
        self.link.run()

    def answers(self) -> set[tuple[str, int]]:
        """What SIPTAPI answered, by method."""
        messages = (
            parse_message(packet.data) for packet in self.link.packets if packet.source == SIPTAPI
        )
        return {(m.cseq.method, m.status) for m in messages if isinstance(m, Response)}
