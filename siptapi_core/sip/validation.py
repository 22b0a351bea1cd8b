"""Reading all of a message at once, for whoever wants to know whether it is right."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from siptapi_core.errors import MessageError
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.parameters import excerpt, is_token
from siptapi_core.sip.uri import OtherUri, SipUri

if TYPE_CHECKING:
    from siptapi_core.sip.message import Message, Request

_SINGLE = (
    "Max-Forwards", "Content-Type", "Expires", "Date", "Refer-To", "Referred-By", "Event",
    "Subscription-State", "Retry-After", "Min-Expires",
)  # fmt: skip
_ADDRESSES = ("Record-Route", "Route", "Refer-To", "Referred-By", "P-Asserted-Identity", "Reply-To")
_TOKENS = ("Supported", "Require", "Proxy-Require", "Unsupported", "Allow", "Allow-Events")
_HOPS = 255
_REGISTERED_METHODS = frozenset(
    "ACK BYE CANCEL INFO INVITE MESSAGE NOTIFY OPTIONS PRACK PUBLISH REFER REGISTER SUBSCRIBE "
    "UPDATE".split()
)

_date = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT",
    re.IGNORECASE,
).fullmatch
_call_id = re.compile(r"[^\x00-\x20\x7f]+").fullmatch
_media_type = re.compile(r"[^\s/;,]+[ \t]*/[ \t]*[^\s/;,]+[ \t]*(?:;.*)?", re.DOTALL).fullmatch
_warning = re.compile(r"[0-9]{3} [^ ]+ \".*", re.DOTALL).match
_retry_after = re.compile(r"[0-9]{1,10}[ \t]*(?:[;(].*)?", re.DOTALL).fullmatch


def validate(message: Message) -> None:
    """See `Message.validate`."""
    from siptapi_core.sip.message import Request  # noqa: PLC0415  # it imports this module

    headers = message.headers
    for name in _SINGLE:
        if len(headers.lines(name)) > 1:
            raise MessageError(f"more than one {name}")
    _ = message.vias, message.from_, message.to, message.cseq, message.expires
    if _call_id(message.call_id) is None:
        raise MessageError(f"Call-ID {excerpt(message.call_id)} holds a blank")
    for name in _ADDRESSES:
        for value in headers.values(name):
            NameAddr.parse(value)
    if headers.values("Contact") != ("*",):
        _ = message.contacts
    for name in _TOKENS:
        for value in headers.values(name):
            if not is_token(value):
                raise MessageError(f"{name}: {excerpt(value)} is no token")
    _match(headers.get("Content-Type"), "Content-Type", _media_type)
    _match(headers.get("Date"), "Date", _date)
    _match(headers.get("Retry-After"), "Retry-After", _retry_after)
    for value in headers.values("Warning"):
        _match(value, "Warning", _warning)
    if isinstance(message, Request):
        _validate_request(message)


def _match(value: str | None, name: str, pattern: Callable[[str], object]) -> None:
    if value is not None and pattern(value) is None:
        raise MessageError(f"{name}: {excerpt(value)} cannot be read")


def _validate_request(request: Request) -> None:
    hops = request.max_forwards
    if hops is not None and hops > _HOPS:
        raise MessageError(f"Max-Forwards is {hops}; the most is {_HOPS}")
    if request.cseq.method != request.method:
        raise MessageError(
            f"the method is {request.method}, but CSeq says {request.cseq.method}",
            status=400 if request.method in _REGISTERED_METHODS else 501,
        )
    if isinstance(request.uri, OtherUri):
        raise MessageError(f"scheme {excerpt(request.uri.scheme)} is not supported", status=416)
    if isinstance(request.uri, SipUri) and request.uri.headers:
        raise MessageError("a Request-URI must not hold headers")
    if request.headers.get("Contact") == "*" and request.method != "REGISTER":
        raise MessageError("Contact: * is for REGISTER only")
