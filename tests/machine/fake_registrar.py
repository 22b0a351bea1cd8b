"""A registrar in memory that does what RFC 3261 10.3 says, and keeps it for the test to look at."""

from __future__ import annotations

from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.auth import Authorization
from siptapi_core.sip.message import Request
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.testing.counting_identifiers import CountingIdentifiers


class FakeRegistrar:
    """The registrar at ``address``; ``agent`` is its end of the link.

    A nonce is good for ``nonce_uses`` requests. Less than ``shortest`` seconds get 423, more than
    ``longest`` are shortened. While ``refuses`` is a status, every REGISTER gets that.
    """

    def __init__(
        self,
        address: Address,
        *,
        password: str | None = "pw",
        nonce_uses: int = 2,
        shortest: int = 0,
        longest: int = 3600,
    ) -> None:
        self.agent = UserAgent(
            identifiers=CountingIdentifiers("registrar"),
            local_address=lambda _: address,
            on_stranger=self._on_stranger,
        )
        self.bindings: dict[str, tuple[float, str, int]] = {}
        """When each Contact expires, and who wrote it: Call-ID and CSeq."""
        self.refuses: int | None = None
        self.accepted = 0
        self._password = password
        self._nonce_uses = nonce_uses
        self._shortest = shortest
        self._longest = longest
        self._nonce = 0
        self._uses = 0

    def contacts(self, now: float) -> set[str]:
        """Those that calls are sent to now."""
        return {contact for contact, (expires, _, _) in self.bindings.items() if expires > now}

    def _on_stranger(
        self, request: Request, transaction: ServerTransaction, _source: Address, now: float
    ) -> None:
        if self.refuses is not None:
            self._answer(transaction, self.refuses, now)
        elif not self._knows(request):
            self._nonce += 1
            self._uses = 0
            challenge = f'Digest realm="pbx", nonce="n{self._nonce}", qop="auth"'
            self._answer(transaction, 401, now, ("WWW-Authenticate", challenge))
        elif any(0 < seconds < self._shortest for _, seconds in _asked(request)):
            self._answer(transaction, 423, now, ("Min-Expires", str(self._shortest)))
        elif not self._write(request, now):
            self._answer(transaction, 500, now)
        else:
            self.accepted += 1
            bound = [
                ("Contact", f"<{contact}>;expires={int(self.bindings[contact][0] - now)}")
                for contact in sorted(self.contacts(now))
            ]
            self._answer(transaction, 200, now, *bound)

    def _knows(self, request: Request) -> bool:
        if self._password is None:
            return True
        for line in request.headers.lines("Authorization"):
            given = Authorization.parse(line)
            self._uses += 1
            fresh = given.nonce == f"n{self._nonce}" and self._uses <= self._nonce_uses
            return fresh and given.verify("REGISTER", request.body, self._password)
        return False

    def _write(self, request: Request, now: float) -> bool:
        """All or nothing; False where a later request of the same sender was there before."""
        written = {}
        for contact, seconds in _asked(request):
            _, call_id, cseq = self.bindings.get(contact, (0.0, "", 0))
            if call_id == request.call_id and cseq >= request.cseq.number:
                return False
            expires = now + min(seconds, self._longest)
            written[contact] = (expires, request.call_id, request.cseq.number)
        self.bindings |= written
        return True

    def _answer(
        self, transaction: ServerTransaction, status: int, now: float, *headers: tuple[str, str]
    ) -> None:
        transaction.respond(
            transaction.request.response(status, to_tag="registrar", headers=headers), now
        )


def _asked(request: Request) -> list[tuple[str, int]]:
    """Each Contact of a REGISTER, with the seconds asked for it."""
    found = []
    for contact in request.contacts:
        assert isinstance(contact.uri, SipUri)
        found.append((str(contact.uri), int(contact.parameter("expires") or request.expires or 0)))
    return found
