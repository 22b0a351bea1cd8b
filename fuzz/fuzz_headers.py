"""The values of the other headers; the first byte says of which."""

from __future__ import annotations

from collections.abc import Callable

from siptapi_core.errors import MessageError
from siptapi_core.sip.cseq import CSeq
from siptapi_core.sip.event import EventHeader, SubscriptionState
from siptapi_core.sip.headers import Headers
from siptapi_core.sip.history_info import HistoryEntry, original_target
from siptapi_core.sip.message import Response
from siptapi_core.sip.reason import Reason, reasons_of
from siptapi_core.sip.retry_after import LONGEST, retry_after
from siptapi_core.sip.via import Via

PARSERS: tuple[Callable[[str], object], ...] = (
    Via.parse,
    Reason.parse,
    HistoryEntry.parse,
    EventHeader.parse,
    SubscriptionState.parse,
    CSeq.parse,
)


def read(data: bytes) -> None:
    parse = PARSERS[data[0] % len(PARSERS)] if data else Via.parse
    text = data[1:].decode("utf-8", "replace").replace("\r", " ").replace("\n", " ")
    try:
        value = parse(text)
    except MessageError:
        pass
    else:
        assert parse(str(value)) == value
        if isinstance(value, HistoryEntry):
            _ = (value.index, value.is_diverted_to, value.is_diverted_from, value.is_private)
            original_target((value, value))
    try:
        headers = Headers([("Reason", text), ("Retry-After", text)])
    except MessageError:
        return
    list(reasons_of(headers))
    assert 0 <= retry_after(Response(503, "Service Unavailable", headers)) <= LONGEST
