"""What came back: who answered an OPTIONS request, and what was no such answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from siptapi_core import MessageError, SipUri
from siptapi_core.sip.message import Response, parse_message
from siptapi_core.values import Value

_LONGEST = 200
"""Characters of a User-Agent that are looked at: strangers write it."""
PLAIN_USER = re.compile(r"[0-9A-Za-z_.+*-]{1,64}")
"""A user that stands as it is in a URI and in a settings file."""
_FINAL = 200
_NOT_SUCCESS = 300


def written(place: tuple[str, int]) -> str:
    """``192.0.2.20:5060``, ``[2001:db8::20]:5060``."""
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Answer(Value, kw_only=True):
    """An answer; ``place`` was asked, ``source`` sent it: hosts and ports.

    ``agents`` are the User-Agent and Server headers that there are. ``refer`` says whether its
    Allow header names REFER, None: it has none. ``user`` is that of its Contact, where it is plain.
    """

    place: tuple[str, int]
    source: tuple[str, int]
    status: int
    agents: tuple[str, ...] = ()
    refer: bool | None = None
    user: str = ""

    @property
    def is_final(self) -> bool:
        """Whether another may follow."""
        return self.status >= _FINAL

    @property
    def is_success(self) -> bool:
        """Whether whom we asked for is there."""
        return _FINAL <= self.status < _NOT_SUCCESS


class Odd(Value):
    """Something else that ``place`` sent, and ``why`` it is no answer."""

    place: tuple[str, int]
    why: str


def read_answer(
    data: bytes, source: tuple[str, int], asked: Mapping[str, tuple[str, int]]
) -> Answer | Odd:
    """Read a packet; ``asked`` has the places that were asked, by Call-ID."""
    try:
        message = parse_message(data)
    except MessageError as error:
        return Odd(source, f"it sent no SIP: {error}")
    if not isinstance(message, Response):
        return Odd(source, f"it sent a request, {message.method}")
    place = asked.get(message.call_id)
    if place is None:
        return Odd(source, "it answered something that it was not asked")
    names = ("User-Agent", "Server")
    agents = (text[:_LONGEST] for name in names if (text := message.headers.get(name)))
    return Answer(
        place=place,
        source=source,
        status=message.status,
        agents=tuple(dict.fromkeys(agents)),
        refer=_allows_refer(message),
        user=_contact_user(message),
    )


def _allows_refer(message: Response) -> bool | None:
    allowed = message.headers.values("Allow")
    return "REFER" in (method.strip().upper() for method in allowed) if allowed else None


def _contact_user(message: Response) -> str:
    try:
        contact = message.contact
    except MessageError:
        return ""
    user = contact.uri.user if contact and isinstance(contact.uri, SipUri) else None
    return user if user and PLAIN_USER.fullmatch(user) else ""
