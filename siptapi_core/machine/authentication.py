"""Answering challenges: one `Authentication` a call, for every request of it.

Which challenges are answered: only those to our own transaction (the caller sees to that), from
the next hop that we chose, of the line's realm where it names one; of several the strongest
algorithm (RFC 8760), and none weaker than that which the realm offered before, so that nobody
downgrades us to MD5. A nonce that was refused once is not tried again unless the server says that
it is merely stale (RFC 7616 3.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.message import Request, Response
from siptapi_core.values import Value

if TYPE_CHECKING:
    from siptapi_core.sip.auth import Challenge

ANSWERS = 16
"""How many challenges one call answers at most: a server that never has enough is left."""

# One of each for all calls, of which few are challenged.
_NONE_REUSED: frozenset[str] = frozenset()
_NO_NONCES: Mapping[str, tuple[str, int]] = {}
_NO_CHALLENGES: Mapping[tuple[bool, str], Challenge] = {}


class Answered(Value):
    """A challenge, our cnonce for its nonce, and how many requests were sent with them."""

    challenge: Challenge
    cnonce: str
    count: int


class Authentication:
    """The digest state of one line towards one call: credentials, nonces and their counts.

    ``answered`` is that of an earlier one, for `authorize`.
    """

    __slots__ = (
        "_answers",
        "_credentials",
        "_identifiers",
        "_latest",
        "_nonces",
        "_reused",
    )

    def __init__(
        self,
        credentials: Credentials | None,
        identifiers: Identifiers,
        answered: tuple[Answered, ...] = (),
    ) -> None:
        self._credentials = credentials
        self._identifiers = identifiers
        self._answers = 0
        self._nonces, self._latest = _NO_NONCES, _NO_CHALLENGES
        for each in answered:
            self._nonces = {**self._nonces, each.challenge.nonce: (each.cnonce, each.count)}
            self._latest = {**self._latest, _protection_space(each.challenge): each.challenge}
        self._reused = _NONE_REUSED

    @property
    def answered(self) -> tuple[Answered, ...]:
        """The last challenge of each realm."""
        latest = self._latest.values()
        return tuple(Answered(challenge, *self._nonces[challenge.nonce]) for challenge in latest)

    def authorize(self, request: Request) -> Request:
        """``request`` with credentials for every challenge that was answered before."""
        if self._credentials is None:
            return request
        headers = request.headers
        for challenge in self._latest.values():
            self._reused |= {challenge.nonce}
            headers = headers.with_last(*self._sign(challenge, self._credentials, request))
        return request.with_headers(headers)

    def answer(
        self, request: Request, response: Response, next_cseq: Callable[[], int]
    ) -> Request | None:
        """``request`` again with credentials and the next CSeq number; None: give up.

        ``request`` is as it was handed to the transaction layer, without our Via.
        """
        from siptapi_core.sip.auth import Authorization  # noqa: PLC0415  # once challenged

        chosen = self._choose(response)
        if chosen is None or self._credentials is None or self._is_weaker(chosen):
            return None
        header = "Proxy-Authorization" if chosen.proxy else "Authorization"
        sent = [(Authorization.parse(line), line) for line in request.headers.lines(header)]
        # That a nonce of long ago is refused says nothing against the password.
        refused = any(
            earlier.realm == chosen.realm
            and (earlier.nonce == chosen.nonce or earlier.nonce not in self._reused)
            for earlier, _ in sent
        )
        if self._answers >= ANSWERS or (refused and not chosen.stale):
            return None
        self._answers += 1
        self._latest = {**self._latest, _protection_space(chosen): chosen}
        header, value = self._sign(chosen, self._credentials, request)
        kept = [line for earlier, line in sent if earlier.realm != chosen.realm]
        headers = request.headers.replaced(header, *kept, value)
        return request.with_headers(headers.replaced("CSeq", f"{next_cseq()} {request.method}"))

    def _sign(
        self, challenge: Challenge, credentials: Credentials, request: Request
    ) -> tuple[str, str]:
        """The header that answers ``challenge``, and its value."""
        from siptapi_core.sip.auth import answer  # noqa: PLC0415  # as above

        # One cnonce a nonce: a -sess algorithm derives its session key from both (RFC 7616 3.4.2).
        cnonce, count = self._nonces.get(challenge.nonce, (self._identifiers.cnonce(), 0))
        self._nonces = {**self._nonces, challenge.nonce: (cnonce, count + 1)}
        return answer(
            challenge,
            credentials,
            method=request.method,
            uri=str(request.uri),
            body=request.body,
            cnonce=cnonce,
            nonce_count=count + 1,
        )

    def _is_weaker(self, challenge: Challenge) -> bool:
        """... than the last one of its realm that was answered."""
        from siptapi_core.sip.auth.digest import strength  # noqa: PLC0415  # as above

        known = self._latest.get(_protection_space(challenge))
        return known is not None and strength(challenge.algorithm) < strength(known.algorithm)

    def _choose(self, response: Response) -> Challenge | None:
        from siptapi_core.sip.auth import challenges_of, strongest  # noqa: PLC0415  # as above

        wanted = self._credentials.realm if self._credentials else None
        offered = challenges_of(response)
        return strongest(c for c in offered if wanted is None or c.realm == wanted)


def _protection_space(challenge: Challenge) -> tuple[bool, str]:
    """What one answer is good for: a proxy and a registrar of one realm ask each for its own."""
    return challenge.proxy, challenge.realm
