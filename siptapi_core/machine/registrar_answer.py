"""What a registrar says: how long it keeps our Contact, or why it does not."""

from __future__ import annotations

import re

from siptapi_core.errors import MessageError
from siptapi_core.machine.line_of_request import LINE_PARAMETER
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.message import Response
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.retry_after import retry_after
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.values import Value

_LONGEST = 86_400
"""Seconds: whoever wants to hear of us less often than once a day will once a day."""
_PASSING = frozenset({408, 480, 486, 491, 500, 502, 503, 504})
"""Refusals that say more of the moment than of the line."""


class RegistrarAnswer(Value, kw_only=True):
    """How a REGISTER ended; ``way`` is the address that accepted it.

    Else ``status`` is that of the refusal, None where nobody answered, ``reason`` is for people,
    ``refused`` says that it will hardly be another answer soon, and ``retry_after`` is how many
    seconds we are asked to stay away.
    """

    way: Address | None = None
    status: int | None = None
    reason: str = ""
    refused: bool = False
    retry_after: float = 0.0


def granted(response: Response, contact: SipUri, asked: int) -> int:
    """The seconds that the registrar keeps ``contact``, as its 2xx says; 0: it does not keep it.

    Ours is the Contact that is equivalent (RFC 3261 10.2.4), or has our ``line`` where a border
    controller changed the rest, or is the only one. Without it Expires counts, or what we asked.
    """
    bound = [each for value in response.headers.values("Contact") if (each := _read(value))]
    token = contact.parameter(LINE_PARAMETER)
    ours = (
        [each for each in bound if _uri(each).equivalent(contact)]
        or [each for each in bound if _uri(each).parameter(LINE_PARAMETER) == token]
        or (bound if len(bound) == 1 else [])
    )
    said = [
        seconds for each in ours if (seconds := _seconds(each.parameter("expires"))) is not None
    ]
    if said:
        return min(said)
    expires = _seconds(response.headers.get("Expires"))
    return asked if expires is None else expires


def service_route(response: Response) -> tuple[NameAddr, ...]:
    """The route that requests of the line take from now on (RFC 3608); none if it is broken."""
    try:
        return tuple(map(NameAddr.parse, response.headers.values("Service-Route")))
    except MessageError:
        return ()


def least_expires(response: Response) -> int:
    """What a 423 wants us to ask for at least, in seconds; 0 where it does not say."""
    return min(_seconds(response.headers.get("Min-Expires")) or 0, _LONGEST)


def refusal(response: Response, credentials: Credentials | None, words: str) -> RegistrarAnswer:
    """What a final response that is no 2xx means: by itself, or as its ``words`` say.

    ``credentials`` are what its challenges are answered with.
    """
    return RegistrarAnswer(
        status=response.status,
        reason=_why_challenged(response, credentials) if response.status in (401, 407) else words,
        refused=response.status not in _PASSING,
        retry_after=float(retry_after(response)),
    )


def _why_challenged(response: Response, credentials: Credentials | None) -> str:
    if credentials is None:
        return "the registrar wants a password, and the line has none"
    from siptapi_core.sip.auth import challenges_of, strongest  # noqa: PLC0415  # once challenged

    offered = challenges_of(response)
    if strongest(offered) is None:
        return "the registrar wants an authentication that is not known here"
    realms = [challenge.realm for challenge in offered]
    if credentials.realm is not None and credentials.realm not in realms:
        asked = " and ".join(map(repr, dict.fromkeys(realms)))
        return f"the registrar's realm is {asked}, that of the line {credentials.realm!r}"
    return f"the registrar does not accept the password of {credentials.username!r}"


def _read(value: str) -> NameAddr | None:
    """A Contact; None where it cannot be read or leads elsewhere, as a phone's may."""
    try:
        contact = NameAddr.parse(value)
    except MessageError:
        return None
    return contact if isinstance(contact.uri, SipUri) else None


def _uri(contact: NameAddr) -> SipUri:
    assert isinstance(contact.uri, SipUri)  # noqa: S101  # _read said so
    return contact.uri


def _seconds(text: str | None) -> int | None:
    """A number of seconds; None where there is none, or nonsense."""
    if text is None or not re.fullmatch("[0-9]{1,10}", text):
        return None
    return int(text)
