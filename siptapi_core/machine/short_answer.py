"""Answers to those who may not be who they say: never longer than what they answer.

On UDP the sender of a request may be forged. An answer that is longer than the request would let
anybody multiply what he sends, at the cost of whoever he claims to be.
"""

from __future__ import annotations

from siptapi_core.sip.message import Headers, Request, Response

_COMPACT = {"via": "v", "from": "f", "to": "t", "call-id": "i"}
"""RFC 3261 section 7.3.3."""
_LENGTH, _COMPACT_LENGTH = b"Content-Length: 0\r\n\r\n", b"l: 0\r\n\r\n"


def short_answer(
    request: Request, status: int, tag: str, headers: tuple[tuple[str, str], ...], most: int
) -> bytes | None:
    """The response to ``request`` in at most ``most`` bytes; None: there is none.

    What is too long goes without ``headers``, the first of them first, then in compact form and
    without its reason phrase, which the grammar allows to be empty.
    """
    for start in range(len(headers) + 1):
        data = request.response(status, to_tag=tag, headers=headers[start:]).encode()
        if len(data) <= most:
            return data
    response = request.response(status, "", to_tag=tag)
    pairs = [(_COMPACT.get(name.lower(), name), value) for name, value in response.headers.items()]
    data = Response(status, "", Headers(pairs)).encode().removesuffix(_LENGTH) + _COMPACT_LENGTH
    return data if len(data) <= most else None
