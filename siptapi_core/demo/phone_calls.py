"""The two sides of a simulated phone's calls: one that it was called by, one that it makes."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING

from siptapi_core.errors import MessageError
from siptapi_core.machine.authentication import Authentication
from siptapi_core.machine.dialog import Dialog
from siptapi_core.machine.dialog_service import SDP, DialogService
from siptapi_core.machine.exchange import Exchange
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.sip.message import Headers, Request, Response
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.sdp import answer_to
from siptapi_core.sip.sipfrag import SipfragStatus
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address

if TYPE_CHECKING:
    from siptapi_core.demo.phone import SimulatedPhone

PHONE_ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, REFER, NOTIFY, OPTIONS, INFO, UPDATE")


class CallPhase(enum.Enum):
    """Where one of the phone's calls is."""

    RINGING = enum.auto()
    TALKING = enum.auto()
    OVER = enum.auto()


class PhoneCall:
    """What both directions share: a dialog, and the end of it."""

    def __init__(self, phone: SimulatedPhone, call_id: str) -> None:
        self.phone = phone
        self.phase = CallPhase.RINGING
        self.dialog: Dialog | None = None
        self._agent = phone.agent
        self._authentication = Authentication(phone.account.credentials, self._agent.identifiers)
        self._service = DialogService(
            self._agent,
            call_id=call_id,
            address=phone.address.host,
            owner=self,
        )

    @property
    def contact(self) -> str:
        """The phone's Contact."""
        return self.phone.contact

    def on_unacknowledged(self, _dialog: Dialog, now: float) -> None:
        """Its answer to a re-INVITE got no ACK."""
        self.hang_up(now)

    def on_acknowledged(self, request: Request, now: float) -> None:
        """The ACK of a 2xx of ours."""
        self._service.on_acknowledged(request, now)

    def on_request(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A request inside the dialog."""
        if self.dialog is None or not self.dialog.take(request):
            self._agent.respond(transaction, 500, now)
        elif request.method == "BYE":
            over = self.phase is CallPhase.OVER
            self._agent.respond(transaction, 481 if over else 200, now)
            if not over:
                self._over("other side hung up", now)
        elif request.method == "NOTIFY":
            self._agent.respond(transaction, 200, now)
        else:
            self._service.on_request(self.dialog, request, transaction, now)

    def hang_up(self, now: float) -> None:
        """Say BYE, where there is somebody to say it to."""
        if self.phase is CallPhase.TALKING:
            self._over("hung up", now)
            self._send("BYE", now)

    def _send(
        self,
        method: str,
        now: float,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
    ) -> None:
        """A request inside the dialog whose answer changes nothing."""
        assert self.dialog is not None  # noqa: S101  # only a call with a dialog sends in it
        request = self.dialog.create_request(method, headers=headers, body=body)
        self._exchange(request, self._way(), lambda _response, _now: None).start(now)

    def _exchange(
        self, request: Request, to: Address, on_response: Callable[[Response, float], None]
    ) -> Exchange:
        return Exchange(
            self._agent.transactions,
            request,
            (to,),
            authentication=self._authentication,
            next_cseq=self._next_cseq,
            on_response=on_response,
            on_failure=lambda _problem, now: on_response(_NO_RESPONSE, now),
        )

    def _next_cseq(self) -> int:
        assert self.dialog is not None  # noqa: S101  # numbered from here once there is one
        return self.dialog.next_cseq()

    def _way(self) -> Address:
        """Where requests in the dialog go: the phone knows addresses, not names."""
        assert self.dialog is not None  # noqa: S101
        hop = self.dialog.next_hop
        literal = hop.host.replace(".", "").isdigit() or ":" in hop.host
        return Address(hop.host, hop.port or 5060) if literal else self.phone.account.proxy

    def _over(self, why: str, now: float) -> None:
        self.phase = CallPhase.OVER
        self.phone.note(why)
        if self.dialog is not None:
            tag = NameAddr.parse(self.dialog.local).tag or ""
            call_id = self.dialog.call_id
            deadline = now + self._agent.timers.transaction_timeout
            self._agent.queue.schedule(deadline, lambda _now: self._agent.unregister(call_id, tag))


class IncomingCall(PhoneCall):
    """A call that rings here; once picked up it may be told by REFER to call somebody."""

    def __init__(
        self, phone: SimulatedPhone, invite: Request, transaction: ServerTransaction
    ) -> None:
        super().__init__(phone, invite.call_id)
        self.invite = invite
        self._transaction = transaction
        self._tag = self._agent.identifiers.tag()
        transaction.on_cancelled = self._on_cancelled

    def ring(self, now: float) -> None:
        """180."""
        self._respond(180, now)
        self.phone.note("ringing")

    def answer(self, now: float) -> None:
        """Pick up."""
        if self.phase is not CallPhase.RINGING:
            return
        self.phase = CallPhase.TALKING
        self.dialog = Dialog.from_request(self.invite, self._tag)
        self._agent.register(self.invite.call_id, self._tag, self)
        phone = self.phone
        body = (
            answer_to(self.invite.body, phone.address.host, id(self) & 0xFFFFFF, 1)
            if self.invite.body
            else self._service.offer()
        )
        response = self.invite.response(
            200,
            to_tag=self._tag,
            headers=[
                *(("Record-Route", route) for route in self.invite.headers.values("Record-Route")),
                ("Contact", phone.contact),
                PHONE_ALLOW,
                SDP,
            ],
            body=body,
        )
        phone.note("answered")
        self._transaction.respond(response, now, on_unacknowledged=self.hang_up)
        if phone.behaviour.hangs_up_after is not None:
            self._agent.queue.schedule(now + phone.behaviour.hangs_up_after, self.hang_up)

    def reject(self, status: int, now: float) -> None:
        """Refuse it, while it rings."""
        if self.phase is CallPhase.RINGING:
            self._respond(status, now)
            self._over(f"rejected {status}", now)

    def on_acknowledged(self, request: Request, now: float) -> None:
        """The ACK of our 200, or of an answer to a re-INVITE."""
        if request.cseq.number == self.invite.cseq.number:
            self._transaction.acknowledge(now)
        else:
            super().on_acknowledged(request, now)

    def on_request(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A REFER, or anything else inside the dialog."""
        if request.method != "REFER" or self.phase is not CallPhase.TALKING:
            super().on_request(request, transaction, now)
        elif self.dialog is None or not self.dialog.take(request):
            self._agent.respond(transaction, 500, now)
        else:
            self._on_refer(request, transaction, now)

    def _on_refer(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        refused = self.phone.behaviour.refuse_refer
        if refused is not None:
            self._agent.respond(transaction, refused, now)
            return
        target = NameAddr.parse(request.headers.get("Refer-To") or "").uri
        if not isinstance(target, SipUri):
            raise MessageError("this phone calls sip: URIs only", status=400)
        contact = ("Contact", self.phone.contact)
        transaction.respond(request.response(202, headers=(contact,)), now)
        self.phone.note("referred")
        cseq = request.cseq.number
        if self.phone.behaviour.notifies:
            self._notify(cseq, SipfragStatus(100, "Trying"), now)

        def report(status: int, reason: str, now: float) -> None:
            ringing = 100 < status < 200  # noqa: PLR2004
            wanted = self.phone.behaviour.reports_ringing if ringing else status >= 200  # noqa: PLR2004
            if wanted and self.phone.behaviour.notifies:
                self._notify(cseq, SipfragStatus(status, reason), now)

        self.phone.call(target, report, now)

    def _notify(self, cseq: int, status: SipfragStatus, now: float) -> None:
        state = "terminated;reason=noresource" if status.is_final else "active;expires=60"
        self._send(
            "NOTIFY",
            now,
            headers=(
                ("Contact", self.phone.contact),
                ("Event", f"refer;id={cseq}"),
                ("Subscription-State", state),
                ("Content-Type", "message/sipfrag;version=2.0"),
            ),
            body=status.encode(),
        )

    def _on_cancelled(self, _cancel: Request, now: float) -> None:
        self._respond(487, now)
        self._over("cancelled", now)

    def _respond(self, status: int, now: float) -> None:
        headers = (("Contact", self.phone.contact), PHONE_ALLOW)
        response = self.invite.response(status, to_tag=self._tag, headers=headers)
        self._transaction.respond(response, now)


class OutgoingCall(PhoneCall):
    """A call that the phone makes, because it was told to."""

    def __init__(
        self, phone: SimulatedPhone, target: SipUri, report: Callable[[int, str, float], None]
    ) -> None:
        self._call_id = phone.agent.identifiers.call_id()
        super().__init__(phone, self._call_id)
        self.target = target
        self._report = report
        self._cseq = 0
        self._gives_up = False
        self._invite: Exchange | None = None
        self._tag = self._agent.identifiers.tag()

    def start(self, now: float) -> None:
        """Send the INVITE."""
        phone = self.phone
        phone.note(f"calling {self.target}")
        headers = [
            ("Max-Forwards", "70"),
            ("From", str(self._myself().with_tag(self._tag))),
            ("To", f"<{self.target}>"),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._next_cseq()} INVITE"),
            ("Contact", phone.contact),
            PHONE_ALLOW,
            SDP,
        ]
        request = Request("INVITE", self.target, Headers(headers), self._service.offer())
        self._agent.register(self._call_id, self._tag, self)
        self._invite = self._exchange(request, phone.account.proxy, self._on_response)
        self._invite.start(now)

    def hang_up(self, now: float) -> None:
        """Say BYE; while nobody picked up there, CANCEL, as soon as that may be (RFC 3261 9.1)."""
        super().hang_up(now)
        if self.phase is CallPhase.RINGING:
            self._gives_up = True
            self._cancel(now)

    def _cancel(self, now: float) -> None:
        assert self._invite is not None  # noqa: S101  # it has begun
        if self._gives_up and self._invite.can_cancel and not self._invite.is_cancelled:
            self._invite.cancel(now)

    def _myself(self) -> NameAddr:
        return NameAddr(self.phone.account.uri, self.phone.account.display_name)

    def _next_cseq(self) -> int:
        if self.dialog is not None:
            return self.dialog.next_cseq()
        self._cseq += 1
        return self._cseq

    def _on_response(self, response: Response, now: float) -> None:
        assert self._invite is not None  # noqa: S101  # it is being answered
        status = response.status
        if self.phase is not CallPhase.RINGING:
            if self.dialog is not None and status < 300:  # noqa: PLR2004  # our ACK was lost
                self._acknowledge(now)
            return
        self.phone.note(f"callee {status}")
        if 200 <= status < 300:  # noqa: PLR2004
            self.dialog = Dialog.from_response(self._invite.request, response)
            self.phase = CallPhase.TALKING
            self._acknowledge(now)
            if self._gives_up:  # the 200 crossed our CANCEL
                self.hang_up(now)
        elif status >= 300:  # noqa: PLR2004
            self._over("call failed", now)
            contact = response.contact if status == 302 else None  # noqa: PLR2004
            if contact is not None and isinstance(contact.uri, SipUri):  # RFC 3261 8.1.3.4
                self.phone.call(contact.uri, self._report, now)
                return
        else:
            self._cancel(now)
        self._report(status, response.reason, now)

    def _acknowledge(self, now: float) -> None:  # noqa: ARG002  # sent, and never timed
        assert self.dialog is not None  # noqa: S101
        assert self._invite is not None  # noqa: S101
        number = self._invite.request.cseq.number
        request = self.dialog.create_request("ACK", cseq=number)
        self._agent.transactions.send_request(request, self._way())


_NO_RESPONSE = Response(408, "Request Timeout", Headers())
