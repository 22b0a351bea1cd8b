"""The body of a NOTIFY about a REFER."""

from __future__ import annotations

from siptapi_core.errors import MessageError
from siptapi_core.sip.sipfrag import parse_sipfrag


def read(data: bytes) -> None:
    try:
        status = parse_sipfrag(data)
    except MessageError:
        return
    assert 100 <= status.status <= 699
    assert parse_sipfrag(status.encode()) == status
