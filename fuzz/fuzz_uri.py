"""Text as a URI: what was read is written so that it reads the same."""

from __future__ import annotations

from contextlib import suppress

from siptapi_core.errors import MessageError
from siptapi_core.sip.uri import SipUri, escape_user, parse_uri, unescape


def read(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    with suppress(MessageError):
        assert unescape(escape_user(text)) == text
    try:
        uri = parse_uri(text)
    except MessageError:
        return
    assert parse_uri(str(uri)) == uri
    if isinstance(uri, SipUri):
        assert uri.equivalent(uri)
        _ = (uri.user_text, uri.transport, uri.is_loose_router)
