"""Challenges that are read and answered, and credentials that are read and verified."""

from __future__ import annotations

from contextlib import suppress

from siptapi_core.errors import MessageError
from siptapi_core.sip.auth import (
    Authorization,
    Challenge,
    Credentials,
    answer,
    challenges_of,
    strongest,
)
from siptapi_core.sip.headers import Headers
from siptapi_core.sip.message import Response

CREDENTIALS = Credentials("200", "secret")


def read(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with suppress(MessageError):
        challenge = Challenge.parse(text)
        assert Challenge.parse(str(challenge)) == challenge
    with suppress(MessageError):
        sent = Authorization.parse(text)
        assert Authorization.parse(str(sent)) == sent
        sent.verify("INVITE", b"", "secret")
    try:
        response = Response(401, "Unauthorized", Headers([("WWW-Authenticate", text)]))
    except MessageError:
        return
    chosen = strongest(challenges_of(response))
    if chosen is None:
        return
    _, value = answer(
        chosen, CREDENTIALS, method="INVITE", uri="sip:a@h", body=b"", cnonce="c", nonce_count=1
    )
    assert Authorization.parse(value).verify("INVITE", b"", "secret")
