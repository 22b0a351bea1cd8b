"""A datagram as a STUN message."""

from __future__ import annotations

from siptapi_core.errors import MessageError
from siptapi_core.sip.stun import StunMessage, is_stun


def read(data: bytes) -> None:
    is_stun(data)
    try:
        message = StunMessage.parse(data)
    except MessageError:
        return
    assert StunMessage.parse(message.encode()) == message
    try:
        _, port = message.mapped_address()
    except MessageError:
        return
    assert 0 <= port <= 65535
