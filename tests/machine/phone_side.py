"""The other side of a call, played line by line: the proxy, the phone, and what they report."""

from __future__ import annotations

from typing import Any

from bench import PHONE, PROXY, Bench

from siptapi_core.events import CallEnded, CallFailed, Happening
from siptapi_core.machine.phone_leg import Located, PhoneLeg
from siptapi_core.machine.refer_call import ReferCall
from siptapi_core.machine.refer_plan import CallTimers, ReferPlan
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.sip.auth import Credentials
from siptapi_core.sip.message import Headers, Request
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address

CONTACT = ("Contact", "<sip:201@192.0.2.2:5060>")
RECORD_ROUTE = ("Record-Route", "<sip:192.0.2.1;lr>")
NEXT_HOP = SipUri(host="192.0.2.1", parameters=(("lr", None),))
ACCOUNT = SipUri(host="example.com", user="200")


def make_plan(**changes: Any) -> ReferPlan:
    plan = {
        "strategy": "refer-via-proxy",
        "target": SipUri(host="example.com", user="201"),
        "from_": NameAddr(ACCOUNT, "SIPTAPI"),
        "refer_to": SipUri(host="example.com", user="301"),
        "referred_by": ACCOUNT,
        "next_hop": NEXT_HOP,
    }
    return ReferPlan(**{**plan, **changes})


class PhoneSide(Bench):
    """A bench with the phone's half of the dialog that our INVITE makes."""

    def __init__(self, *, later: bool = False) -> None:
        super().__init__()
        self.later = later
        self.asked: list[str] = []
        self.pending: list[Located] = []
        self.where: tuple[Address, ...] = (PHONE,)
        self._cseq = 100

    def locate(self, uri: SipUri, then: Located) -> None:
        self.asked.append(str(uri))
        if self.later:
            self.pending.append(then)
        else:
            then(self.where, self.now)

    def located(self, *addresses: Address) -> None:
        self.pending.pop(0)(addresses, self.now)
        self.collect()

    def reply(self, status: int, method: str = "INVITE", **parts: Any) -> None:
        self.answer(self.last(method), status, **parts)

    def pick_up(self, *headers: tuple[str, str], to_tag: str = "phone") -> None:
        self.reply(200, to_tag=to_tag, headers=headers or (CONTACT, RECORD_ROUTE))

    def phone_request(
        self,
        method: str,
        *headers: tuple[str, str],
        body: bytes = b"",
        tag: str = "phone",
        cseq: int | None = None,
    ) -> Request:
        """A request inside the dialog, from the phone."""
        invite = self.last("INVITE")
        if cseq is None:
            self._cseq += 1
            cseq = self._cseq
        pairs = [
            ("Via", f"SIP/2.0/UDP 192.0.2.1:5060;branch={self.branch()}"),
            ("Max-Forwards", "70"),
            ("From", f"{invite.to};tag={tag}"),
            ("To", str(invite.from_)),
            ("Call-ID", invite.call_id),
            ("CSeq", f"{cseq} {method}"),
            *headers,
        ]
        return Request(
            method, SipUri(host="192.0.2.9", user="200", port=5062), Headers(pairs), body
        )

    def phone_sends(self, method: str, *headers: tuple[str, str], **parts: Any) -> Request:
        request = self.phone_request(method, *headers, **parts)
        self.receive(request)
        return request

    def notify(
        self,
        status: str | None,
        *,
        event: str = "refer",
        state: str = "active;expires=60",
        cseq: int | None = None,
    ) -> None:
        """The phone reports: ``486 Busy Here``; None: without a body."""
        headers = [("Event", event), ("Subscription-State", state)]
        body = b""
        if status is not None:
            headers.append(("Content-Type", "message/sipfrag;version=2.0"))
            body = f"SIP/2.0 {status}\r\n".encode()
        self.phone_sends("NOTIFY", *headers, body=body, cseq=cseq)


class OwnerRecorder:
    """A leg's owner that remembers, and answers NOTIFYs with 200."""

    def __init__(self, bench: PhoneSide) -> None:
        self.bench = bench
        self.heard: list[object] = []

    def on_phone_ringing(self) -> None:
        self.heard.append("ringing")

    def on_phone_answered(self, now: float) -> None:
        assert now == self.bench.now
        self.heard.append("answered")

    def on_phone_up(self, now: float) -> None:
        assert now == self.bench.now
        self.heard.append("up")

    def on_phone_failed(self, status: int | None, reason: str, now: float) -> None:
        self.heard.append(("failed", status, reason, now))

    def on_phone_gone(self, now: float, *, by_phone: bool) -> None:
        self.heard.append(("gone", {True: "by phone", False: "by us"}[by_phone], now))

    def on_notify(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        self.heard.append("notify")
        self.bench.agent.respond(transaction, 200, now)


class LegBench(PhoneSide):
    """A `PhoneLeg` on the bench."""

    def __init__(
        self,
        *,
        addresses: tuple[Address, ...] = (PROXY,),
        credentials: Credentials | None = None,
        later: bool = False,
        **plan: Any,
    ) -> None:
        super().__init__(later=later)
        self.owner = OwnerRecorder(self)
        self.leg = PhoneLeg(
            make_plan(**plan),
            agent=self.agent,
            addresses=addresses,
            credentials=credentials,
            locate=self.locate,
            owner=self.owner,
        )

    @property
    def heard(self) -> list[object]:
        return self.owner.heard

    def start(self) -> LegBench:
        self.leg.start(self.now)
        self.collect()
        return self

    def do(self, what: str) -> None:
        getattr(self.leg, what)(self.now)
        self.collect()


class CallBench(PhoneSide):
    """A `ReferCall` on the bench; ``told`` is what it reported."""

    def __init__(
        self,
        *,
        addresses: tuple[Address, ...] = (PROXY,),
        credentials: Credentials | None = None,
        later: bool = False,
        timers: CallTimers | None = None,
        **plan: Any,
    ) -> None:
        super().__init__(later=later)
        self.told: list[Happening] = []
        self.call = ReferCall(
            make_plan(timers=timers or CallTimers(), **plan),
            agent=self.agent,
            addresses=addresses,
            credentials=credentials,
            locate=self.locate,
            report=self.told.append,
        )

    def dial(self) -> CallBench:
        self.call.start(self.now)
        self.collect()
        return self

    def up(self) -> CallBench:
        """Until the REFER is out."""
        self.dial().pick_up()
        return self

    def referred(self) -> CallBench:
        """Until the phone agreed to call."""
        self.up().reply(202, "REFER")
        return self

    def hang_up(self) -> None:
        self.call.hang_up(self.now)
        self.collect()

    def transfer(self, to: str) -> None:
        self.call.transfer(SipUri.parse(to), self.now)
        self.collect()

    @property
    def referred_to(self) -> list[str | None]:
        """Whom the REFERs named, in order; none is counted twice because it was sent again."""
        named = {refer.cseq: refer.headers.get("Refer-To") for refer in self.requests("REFER")}
        return list(named.values())

    @property
    def names(self) -> list[str]:
        return [happening.name for happening in self.told]

    @property
    def ended(self) -> CallEnded:
        [ended] = [happening for happening in self.told if isinstance(happening, CallEnded)]
        assert self.told[-1] is ended
        return ended

    @property
    def failed(self) -> CallFailed:
        [failed] = [happening for happening in self.told if isinstance(happening, CallFailed)]
        return failed
