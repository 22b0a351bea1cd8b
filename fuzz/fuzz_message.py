"""Bytes as a SIP message: read, checked, answered, and written again without a change."""

from __future__ import annotations

from contextlib import suppress

from siptapi_core.errors import MessageError
from siptapi_core.sip.masking import mask_credentials
from siptapi_core.sip.message import Request, parse_message


def read(data: bytes) -> None:
    mask_credentials(data.decode("latin-1"))
    try:
        message = parse_message(data)
    except MessageError as error:
        if isinstance(error.request, Request):
            error.request.response(error.status, to_tag="t").encode()
        return
    written = message.encode()
    assert parse_message(written).encode() == written
    for name in ("contact", "contacts", "vias", "routes", "record_routes", "expires"):
        with suppress(MessageError):
            getattr(message, name)
    with suppress(MessageError):
        message.validate()
    if isinstance(message, Request):
        answer = message.response(200, to_tag="t")
        assert parse_message(answer.encode()).call_id == message.call_id
