"""Our own INVITE that comes back to us where its Call-ID and From tag no longer tell.

A proxy that forks our call to the phone also to us leaves both as they are, and the user agent
knows them. A B2BUA makes a call of its own, with new ones; what it keeps is the caller. So an
INVITE to a line whose caller is that very line, while we dial on it, is taken for ours. Only the
user is compared: B2BUAs put an address of their own behind the ``@``, and nobody else of that
number calls in these few seconds. A B2BUA that shows another caller instead (a name or number that
it has for the account) cannot be seen through.
"""

from __future__ import annotations

import math

from siptapi_core.machine.incoming_parties import asserted_identities
from siptapi_core.sip.message import Request
from siptapi_core.sip.uri import SipUri

GRACE = 5.0
"""Seconds after the end of dialling: an INVITE may be that long in the network (T4, RFC 3261
17.1.1.2), and its first three retransmissions fall into them."""


class OwnCalls:
    """The accounts that we dial on, or did a moment ago. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._dialling: dict[SipUri, int] = {}
        self._ended: dict[SipUri, float] = {}  # the earliest first

    def begin_dialling(self, account: SipUri) -> None:
        """Our INVITE with this address of record as its caller is about to be sent."""
        self._dialling[account] = self._dialling.get(account, 0) + 1

    def end_dialling(self, account: SipUri, now: float) -> None:
        """The INVITE was answered or given up; call it once for each `begin_dialling`."""
        self._dialling[account] -= 1
        if self._dialling[account]:
            return
        del self._dialling[account]
        self._forget(now)
        self._ended.pop(account, None)
        self._ended[account] = now

    def may_be(self, invite: Request, account: SipUri, now: float) -> bool:
        """Whether ``invite``, to a line of ``account``, is ours as far as anyone can tell."""
        if account not in self._dialling and now > self._ended.get(account, -math.inf) + GRACE:
            return False
        callers = (party.uri for party in (invite.from_, *asserted_identities(invite)))
        return any(
            isinstance(uri, SipUri) and uri.user_text == account.user_text for uri in callers
        )

    def _forget(self, now: float) -> None:
        """Those whose grace is over."""
        while self._ended:
            account, ended = next(iter(self._ended.items()))
            if now <= ended + GRACE:
                return
            del self._ended[account]

    def __len__(self) -> int:
        """How many accounts are remembered."""
        return len(self._dialling) + len(self._ended)
