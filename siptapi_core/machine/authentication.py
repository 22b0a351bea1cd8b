"""Answering challenges: one `Authentication` a call, for every request of it.

Which challenges are answered: only those to our own transaction (the caller sees to that), from
the next hop that we chose, of the line's realm where it names one; of several the strongest
algorithm (RFC 8760), so that nobody downgrades us to MD5. A nonce that was refused once is not
tried again unless the server says that it is merely stale (RFC 7616 3.3).
"""

from __future__ import annotations

from collections.abc import Callable

from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.sip.auth import (
    Authorization,
    Challenge,
    Credentials,
    answer,
    challenges_of,
    strongest,
)
from siptapi_core.sip.message import Request, Response

NONCES = 16
"""How many nonces one call answers at most: a server that never has enough is left."""


class Authentication:
    """The digest state of one line towards one call: credentials, nonces and their counts."""

    def __init__(self, credentials: Credentials | None, identifiers: Identifiers) -> None:
        self._credentials = credentials
        self._identifiers = identifiers
        self._counts: dict[str, int] = {}

    def answer(
        self, request: Request, response: Response, next_cseq: Callable[[], int]
    ) -> Request | None:
        """``request`` again with credentials and the next CSeq number; None: give up.

        ``request`` is as it was handed to the transaction layer, without our Via.
        """
        chosen = self._choose(response)
        if chosen is None or self._credentials is None:
            return None
        sent = [
            (name, Authorization.parse(line).realm, line)
            for name in ("Authorization", "Proxy-Authorization")
            for line in request.headers.lines(name)
        ]
        refused = any(realm == chosen.realm for _, realm, _ in sent)
        if len(self._counts) >= NONCES or (refused and not chosen.stale):
            return None
        count = self._counts[chosen.nonce] = self._counts.get(chosen.nonce, 0) + 1
        header, value = answer(
            chosen,
            self._credentials,
            method=request.method,
            uri=str(request.uri),
            body=request.body,
            cnonce=self._identifiers.cnonce(),
            nonce_count=count,
        )
        kept = [line for name, realm, line in sent if name == header and realm != chosen.realm]
        headers = request.headers.replaced(header, *kept, value)
        return request.with_headers(headers.replaced("CSeq", f"{next_cseq()} {request.method}"))

    def _choose(self, response: Response) -> Challenge | None:
        wanted = self._credentials.realm if self._credentials else None
        offered = challenges_of(response)
        return strongest(c for c in offered if wanted is None or c.realm == wanted)
