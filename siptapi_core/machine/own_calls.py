"""Calls to a line of ours that are no others' but our own doing, where no Call-ID tells.

A proxy that forks our call to the phone also to us leaves Call-ID and From tag as they are, and the
user agent knows them. Two kinds of INVITE have new ones:

- A B2BUA makes a call of its own of ours. What it keeps is the caller: the account that we dial on.
  Only the user is compared: B2BUAs put an address of their own behind the ``@``, and nobody else of
  that number calls in these few seconds. One that shows another caller instead (a name or number
  that it has for the account) cannot be seen through.
- A callee who was called first calls the phone, as we asked. The caller is the callee, and
  Referred-By (RFC 3892) the account, where the callee's phone writes it.

So an INVITE to a line from one of these, while we dial on it, is taken for ours.
"""

from __future__ import annotations

from collections import deque

from siptapi_core.machine.dialog_matching import same_party
from siptapi_core.machine.incoming_parties import asserted_identities, referrers
from siptapi_core.sip.message import Request
from siptapi_core.sip.uri import SipUri, Uri

GRACE = 5.0
"""Seconds after the end of dialling: an INVITE may be that long in the network (T4, RFC 3261
17.1.1.2), and its first three retransmissions fall into them."""


class OwnCalls:
    """Who may call an account because of us, now or a moment ago. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._callers: dict[SipUri, dict[Uri, int]] = {}  # how often each was begun
        self._ended: deque[tuple[float, SipUri, Uri]] = deque()  # the earliest first

    def begin(self, account: SipUri, caller: Uri) -> None:
        """Our call on ``account``, an address of record, may come back to it from ``caller``.

        That is ``account`` itself, and the callee where it is called first.
        """
        callers = self._callers.setdefault(account, {})
        callers[caller] = callers.get(caller, 0) + 1

    def end(self, account: SipUri, caller: Uri, now: float) -> None:
        """The call is over; once for each `begin`."""
        self._ended.append((now, account, caller))
        self._forget(now)

    def may_be(self, invite: Request, account: SipUri, now: float) -> bool:
        """Whether ``invite``, to a line of ``account``, is ours as far as anyone can tell."""
        self._forget(now)
        if account not in self._callers:
            return False
        shown = [party.uri for party in (invite.from_, *asserted_identities(invite))]
        accounts = (*shown, *(party.uri for party in referrers(invite)))
        if any(isinstance(uri, SipUri) and uri.user_text == account.user_text for uri in accounts):
            return True
        callees = (caller for caller in self._callers[account] if caller != account)
        return any(same_party(str(callee), str(uri)) for callee in callees for uri in shown)

    def _forget(self, now: float) -> None:
        """Those whose grace is over."""
        while self._ended and self._ended[0][0] + GRACE < now:
            _, account, caller = self._ended.popleft()
            callers = self._callers[account]
            callers[caller] -= 1
            if not callers[caller]:
                del callers[caller]
            if not callers:
                del self._callers[account]

    def __len__(self) -> int:
        """How many accounts are remembered."""
        return len(self._callers)
