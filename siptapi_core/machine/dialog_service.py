"""Requests inside our dialog that are not about the call's progress: answered, never with 481.

PBXs re-INVITE the client after bridging and again at REFER; a phone whose re-INVITE is refused
drops the call. Nothing is changed by them but the remote target: we carry no media.
"""

from __future__ import annotations

import binascii
from typing import Protocol

from siptapi_core.machine.dialog import Dialog
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.user_agent import ALLOW, KNOWN_METHODS, UserAgent
from siptapi_core.sip.message import Request
from siptapi_core.sip.sdp import answer_to, recvonly_offer

SDP = ("Content-Type", "application/sdp")


class ServiceOwner(Protocol):
    """Whose call it is."""

    @property
    def contact(self) -> str:
        """Our Contact's value."""
        ...

    def on_unacknowledged(self, dialog: Dialog, now: float) -> None:
        """The phone never acknowledged our answer to a re-INVITE of its.

        RFC 3261 13.3.1.4 ends the dialog with a BYE then.
        """
        ...


class DialogService:
    """Answers re-INVITE, UPDATE, OPTIONS, INFO and what we do not know, for one call.

    ``address`` is the IP address for session descriptions.
    """

    __slots__ = (
        "_address",
        "_agent",
        "_invites",
        "_owner",
        "_session_id",
        "_version",
        "awaits_answer",
    )

    def __init__(
        self, agent: UserAgent, *, call_id: str, address: str, owner: ServiceOwner
    ) -> None:
        self._agent = agent
        self.awaits_answer = False
        """Whether a re-INVITE of ours is under way: an offer that crosses it is refused."""
        self._address = address
        self._owner = owner
        self._session_id = binascii.crc32(call_id.encode())
        self._version = 0
        self._invites: dict[int, ServerTransaction] = {}

    def offer(self) -> bytes:
        """The session description of our INVITE: we send nothing and listen to nobody."""
        self._version += 1
        return recvonly_offer(self._address, self._session_id, self._version)

    def on_request(
        self, dialog: Dialog, request: Request, transaction: ServerTransaction, now: float
    ) -> None:
        """Answer a request that `Dialog.take` found in order.

        Raises:
            MessageError: its offer cannot be read; the status to answer is in it.
        """
        method = request.method
        required = request.headers.values("Require")
        if self.awaits_answer and (method == "INVITE" or (method == "UPDATE" and request.body)):
            self._agent.respond(transaction, 491, now)  # RFC 3261 14.2, RFC 3311 5.2
        elif required and method in ("INVITE", "UPDATE"):
            unsupported = ("Unsupported", ", ".join(required))
            self._agent.respond(transaction, 420, now, headers=(unsupported,))
        elif method in ("INVITE", "UPDATE") and _has_other_body(request):
            self._agent.respond(transaction, 415, now, headers=(("Accept", SDP[1]),))
        elif method in ("INVITE", "UPDATE"):
            self._answer_offer(dialog, request, transaction, now)
        elif method in ("OPTIONS", "INFO"):
            self._agent.respond(transaction, 200, now)
        else:
            self._agent.respond(transaction, 405 if method in KNOWN_METHODS else 501, now)

    def on_acknowledged(self, request: Request, now: float) -> None:
        """The ACK of a re-INVITE that we answered."""
        invite = self._invites.pop(request.cseq.number, None)
        if invite is not None:
            invite.acknowledge(now)

    def _answer_offer(
        self, dialog: Dialog, request: Request, transaction: ServerTransaction, now: float
    ) -> None:
        body = b""
        if request.body:
            self._version += 1
            body = answer_to(request.body, self._address, self._session_id, self._version)
        elif request.method == "INVITE":
            body = self.offer()
        dialog.refresh_target(request)
        headers = [("Contact", self._owner.contact), ALLOW, *([SDP] if body else [])]
        response = request.response(200, headers=headers, body=body)
        if request.method != "INVITE":
            transaction.respond(response, now)
            return
        number = request.cseq.number
        self._invites[number] = transaction

        def on_unacknowledged(now: float) -> None:
            self._invites.pop(number, None)
            self._owner.on_unacknowledged(dialog, now)

        transaction.respond(response, now, on_unacknowledged=on_unacknowledged)


def _has_other_body(request: Request) -> bool:
    return bool(request.body) and request.content_type not in (None, SDP[1])
