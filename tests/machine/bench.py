"""What the machine's tests share: a clock, a wire that keeps what is sent, a peer's messages."""

from __future__ import annotations

from itertools import count

from attrs import evolve

from siptapi_core.machine.client_transaction import ClientTransaction
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.strangers import Strangers
from siptapi_core.machine.timers import SipTimers, TimerQueue
from siptapi_core.machine.user_agent import Stranger, UserAgent
from siptapi_core.sip.message import Headers, Message, Request, Response, parse_message
from siptapi_core.sip.uri import parse_uri
from siptapi_core.targets import Address, Transport
from siptapi_core.testing.counting_identifiers import CountingIdentifiers

PROXY = Address("192.0.2.1", 5060)
PHONE = Address("192.0.2.2", 5060)
STANDBY = Address("192.0.2.3", 5060)
SIPTAPI = Address("192.0.2.9", 5062)
TCP_PROXY = Address("192.0.2.1", 5060, Transport.TCP)


def make_request(
    method: str = "INVITE",
    *,
    uri: str = "sip:200@192.0.2.9",
    via: str = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-peer;rport",
    from_: str = "<sip:301@example.com>;tag=theirs",
    to: str = "<sip:200@example.com>",
    call_id: str = "call-of-peer",
    cseq: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
) -> Request:
    pairs = [
        ("Via", via),
        ("Max-Forwards", "70"),
        ("From", from_),
        ("To", to),
        ("Call-ID", call_id),
        ("CSeq", cseq or f"1 {method}"),
        *headers,
    ]
    return Request(method, parse_uri(uri), Headers(pairs), body)


LONG = ("Subject", "s" * 200)
"""A header of a request that leaves room for a whole answer: none is longer than its request."""


def without_via(request: Request) -> Request:
    return request.with_headers(request.headers.without("Via"))


class Wire:
    """What a single transaction lives in; ``sent`` are the messages with their moments."""

    def __init__(self) -> None:
        self.timers = SipTimers()
        self.queue = TimerQueue()
        self.now = 0.0
        self.sent: list[tuple[float, Message, Address]] = []
        self.forgotten: list[tuple[str, ...]] = []

    def send(self, data: bytes, to: Address) -> None:
        self.sent.append((self.now, parse_message(data), to))

    def forget(self, key: tuple[str, ...]) -> None:
        self.forgotten.append(key)

    def cancel(self, invite: ClientTransaction, now: float) -> None:
        raise AssertionError("no exchange, no CANCEL")

    def pass_until(self, moment: float) -> None:
        while (deadline := self.queue.next_deadline()) is not None and deadline <= moment:
            self.now = max(deadline, self.now)
            self.queue.run_due(self.now)
        self.now = moment

    @property
    def moments(self) -> list[float]:
        return [moment for moment, _, _ in self.sent]

    @property
    def last(self) -> Message:
        return self.sent[-1][1]


class Bench:
    """A user agent on the bench: the test is its network, its peers and its clock."""

    def __init__(
        self,
        *,
        on_stranger: Stranger | None = None,
        strangers: Strangers | None = None,
        timers: SipTimers | None = None,
    ) -> None:
        self.now = 0.0
        self.identifiers = CountingIdentifiers()
        self.agent = UserAgent(
            identifiers=self.identifiers,
            local_address=lambda towards: evolve(SIPTAPI, transport=towards.transport),
            timers=timers,
            on_stranger=on_stranger,
            strangers=strangers,
        )
        self.sent: list[tuple[float, Message, Address]] = []
        self._branches = count(1)

    def collect(self) -> None:
        for data, to in self.agent.datagrams():
            self.sent.append((self.now, parse_message(data), to))

    def receive(self, message: Message | bytes, source: Address = PROXY) -> None:
        data = message if isinstance(message, bytes) else message.encode()
        self.agent.receive(data, source, self.now)
        self.collect()

    def pass_until(self, moment: float) -> None:
        """Let time pass, timer by timer."""
        while (deadline := self.agent.next_timer()) is not None and deadline <= moment:
            self.now = max(deadline, self.now)
            self.agent.handle_timer(self.now)
            self.collect()
        self.now = moment

    def run_out(self) -> None:
        """Let every timer there is fire."""
        for _ in range(1000):
            deadline = self.agent.next_timer()
            if deadline is None:
                return
            self.pass_until(deadline)
        raise AssertionError("it never comes to rest")

    # --- what was sent ---

    def requests(self, method: str) -> list[Request]:
        self.collect()
        return [m for _, m, _ in self.sent if isinstance(m, Request) and m.method == method]

    def responses(self, method: str) -> list[Response]:
        self.collect()
        found = (m for _, m, _ in self.sent if isinstance(m, Response))
        return [response for response in found if response.cseq.method == method]

    def last(self, method: str) -> Request:
        return self.requests(method)[-1]

    def statuses(self, method: str) -> list[int]:
        return [response.status for response in self.responses(method)]

    def moments(self, method: str) -> list[float]:
        self.collect()
        return [t for t, m, _ in self.sent if isinstance(m, Request) and m.method == method]

    def destinations(self, method: str) -> list[Address]:
        self.collect()
        return [to for _, m, to in self.sent if isinstance(m, Request) and m.method == method]

    # --- what comes ---

    def branch(self) -> str:
        return f"z9hG4bK-peer-{next(self._branches)}"

    def answer(
        self,
        request: Request,
        status: int,
        *,
        reason: str | None = None,
        to_tag: str = "phone",
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        source: Address = PROXY,
    ) -> None:
        self.receive(
            request.response(status, reason, to_tag=to_tag, headers=headers, body=body), source
        )


class Recorder:
    """Remembers what a transaction tells its user."""

    def __init__(self) -> None:
        self.heard: list[object] = []
        self.sources: list[Address] = []
        self.problems: list[str] = []

    def on_response(
        self, transaction: ClientTransaction, response: Response, source: Address, now: float
    ) -> None:
        self.heard.append(response.status)
        self.sources.append(source)

    def on_timeout(self, transaction: ClientTransaction, now: float) -> None:
        self.heard.append(f"timeout {now:g}")

    def on_transport_error(self, transaction: ClientTransaction, problem: str, now: float) -> None:
        self.heard.append(f"transport error {now:g}")
        self.problems.append(problem)


class DialogRecorder:
    """A dialog's user that answers 200 and remembers."""

    def __init__(self, agent: UserAgent) -> None:
        self.agent = agent
        self.heard: list[str] = []
        self.moments: list[float] = []

    def on_request(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        self.heard.append(request.method)
        self.agent.respond(transaction, 200, now)

    def on_acknowledged(self, request: Request, now: float) -> None:
        self.heard.append(request.method)
        self.moments.append(now)
