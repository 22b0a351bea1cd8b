"""Reading the NOTIFYs about a REFER (RFC 3515 2.4.4 to 2.4.6), as phones really send them.

Pure: a NOTIFY in, what it says out. It forgives what is seen in practice: no Event id at all, a
terminated subscription without a body, a final status while the subscription stays active.
"""

from __future__ import annotations

from siptapi_core.errors import MessageError
from siptapi_core.sip.event import EventHeader, SubscriptionState
from siptapi_core.sip.message import Request
from siptapi_core.sip.sipfrag import SipfragStatus, parse_sipfrag
from siptapi_core.values import Value


class Progress(Value):
    """What one NOTIFY says. ``status`` None: the subscription ended and nothing was said."""

    status: SipfragStatus | None


class NotOurs(Value):
    """A NOTIFY to be refused with ``status``."""

    status: int


Reading = Progress | NotOurs | None
"""None: fine, but it says nothing (about an earlier REFER, or no news)."""


def read_notify(notify: Request, refer_cseqs: tuple[int, ...]) -> Reading:
    """Read a NOTIFY; ``refer_cseqs`` are the CSeq numbers of the REFERs sent, the last counts.

    Raises:
        MessageError: a body or header that cannot be read.
    """
    event_text = notify.headers.get("Event")
    event = None if event_text is None else EventHeader.parse(event_text)
    if event is None or event.package != "refer":
        return NotOurs(489)
    if not refer_cseqs:
        return NotOurs(481)
    if event.id is not None and event.id != str(refer_cseqs[-1]):
        return None if event.id in map(str, refer_cseqs) else NotOurs(481)
    state_text = notify.headers.get("Subscription-State")
    terminated = state_text is not None and SubscriptionState.parse(state_text).is_terminated
    if not notify.body.strip():
        # Without an id the silent end may be that of an earlier REFER.
        ambiguous = event.id is None and len(refer_cseqs) > 1
        return Progress(None) if terminated and not ambiguous else None
    if notify.content_type not in (None, "message/sipfrag"):
        raise MessageError("the NOTIFY about a REFER must carry message/sipfrag", status=415)
    return Progress(parse_sipfrag(notify.body))
