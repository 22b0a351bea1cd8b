"""Answering challenges: one `Authentication` a call, for every request of it.

Which challenges are answered: only those to our own transaction (the caller sees to that), from
the next hop that we chose, of the line's realm where it names one; of several the strongest
algorithm (RFC 8760), so that nobody downgrades us to MD5. A nonce that was refused once is not
tried again unless the server says that it is merely stale (RFC 7616 3.3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.message import Request, Response

if TYPE_CHECKING:
    from siptapi_core.sip.auth import Challenge

ANSWERS = 16
"""How many challenges one call answers at most: a server that never has enough is left."""


class Authentication:
    """The digest state of one line towards one call: credentials, nonces and their counts."""

    def __init__(self, credentials: Credentials | None, identifiers: Identifiers) -> None:
        self._credentials = credentials
        self._identifiers = identifiers
        self._answers = 0
        self._nonces: dict[str, tuple[str, int]] = {}

    def answer(
        self, request: Request, response: Response, next_cseq: Callable[[], int]
    ) -> Request | None:
        """``request`` again with credentials and the next CSeq number; None: give up.

        ``request`` is as it was handed to the transaction layer, without our Via.
        """
        from siptapi_core.sip.auth import Authorization, answer  # noqa: PLC0415  # once challenged

        chosen = self._choose(response)
        if chosen is None or self._credentials is None:
            return None
        header = "Proxy-Authorization" if chosen.proxy else "Authorization"
        sent = [(Authorization.parse(line).realm, line) for line in request.headers.lines(header)]
        refused = any(realm == chosen.realm for realm, _ in sent)
        if self._answers >= ANSWERS or (refused and not chosen.stale):
            return None
        self._answers += 1
        # One cnonce a nonce: a -sess algorithm derives its session key from both (RFC 7616 3.4.2).
        cnonce, count = self._nonces.get(chosen.nonce, (self._identifiers.cnonce(), 0))
        self._nonces[chosen.nonce] = cnonce, count + 1
        header, value = answer(
            chosen,
            self._credentials,
            method=request.method,
            uri=str(request.uri),
            body=request.body,
            cnonce=cnonce,
            nonce_count=count + 1,
        )
        kept = [line for realm, line in sent if realm != chosen.realm]
        headers = request.headers.replaced(header, *kept, value)
        return request.with_headers(headers.replaced("CSeq", f"{next_cseq()} {request.method}"))

    def _choose(self, response: Response) -> Challenge | None:
        from siptapi_core.sip.auth import challenges_of, strongest  # noqa: PLC0415  # as above

        wanted = self._credentials.realm if self._credentials else None
        offered = challenges_of(response)
        return strongest(c for c in offered if wanted is None or c.realm == wanted)
