"""Reading all of a message at once, for whoever wants to know whether it is right."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from siptapi_core.errors import MessageError
from siptapi_core.sip.cseq import CSeq
from siptapi_core.sip.event import EventHeader, SubscriptionState
from siptapi_core.sip.message import METHODS, Message, Request
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.parameters import TOKEN, excerpt
from siptapi_core.sip.uri import OtherUri, SipUri
from siptapi_core.sip.via import Via

Reader = Callable[[str], object]
"""Reads a value; what it cannot read gives None or a `MessageError`."""

_MOST_HOPS = 255

_token = re.compile(TOKEN).fullmatch
_number = re.compile(r"[0-9]++").fullmatch
_call_id = re.compile(r"[^\x00-\x20]++").fullmatch
_media_type = re.compile(rf"{TOKEN}[ \t]*+/[ \t]*+{TOKEN}[ \t]*+(?:;.*+)?+").fullmatch
_retry_after = re.compile(r"[0-9]++[ \t]*+(?:[;(].*+)?+").fullmatch
_warning = re.compile(r'[0-9]{3} [^ ]++ ".*+').fullmatch
_date = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
).fullmatch


def _contact(value: str) -> object:
    return value == "*" or NameAddr.parse(value)


_SINGLE: Mapping[str, Reader] = {
    "From": NameAddr.parse,
    "To": NameAddr.parse,
    "Call-ID": _call_id,
    "CSeq": CSeq.parse,
    "Max-Forwards": _number,
    "Expires": _number,
    "Min-Expires": _number,
    "Retry-After": _retry_after,
    "Date": _date,
    "Content-Type": _media_type,
    "Refer-To": NameAddr.parse,
    "Referred-By": NameAddr.parse,
    "Reply-To": NameAddr.parse,
    "Event": EventHeader.parse,
    "Subscription-State": SubscriptionState.parse,
}
_LISTS: Mapping[str, Reader] = {
    "Via": Via.parse,
    "Contact": _contact,
    "Route": NameAddr.parse,
    "Record-Route": NameAddr.parse,
    "P-Asserted-Identity": NameAddr.parse,
    "Allow": _token,
    "Allow-Events": _token,
    "Proxy-Require": _token,
    "Require": _token,
    "Supported": _token,
    "Unsupported": _token,
    "Warning": _warning,
}


def validate(message: Message) -> None:
    """See `Message.validate`."""
    headers = message.headers
    for name, read in _SINGLE.items():
        if name in headers:
            _read(name, headers.only(name), read)
    for name, read in _LISTS.items():
        for value in headers.values(name):
            _read(name, value, read)
    if isinstance(message, Request):
        _validate_request(message)


def _read(name: str, value: str, read: Reader) -> None:
    try:
        known = read(value)
    except MessageError as error:
        raise MessageError(f"{name}: {error}") from None
    if known is None:
        raise MessageError(f"{name}: {excerpt(value)} cannot be read")


def _validate_request(request: Request) -> None:
    hops = request.max_forwards
    if hops is not None and hops > _MOST_HOPS:
        raise MessageError(f"Max-Forwards is {hops}; the most is {_MOST_HOPS}")
    if request.cseq.method != request.method:
        raise MessageError(
            f"the method is {request.method}, but CSeq says {request.cseq.method}",
            status=400 if request.method in METHODS else 501,
        )
    if isinstance(request.uri, OtherUri):
        raise MessageError(f"scheme {excerpt(request.uri.scheme)} is not supported", status=416)
    if isinstance(request.uri, SipUri) and request.uri.headers:
        raise MessageError("a Request-URI must not hold headers")
    contacts = request.headers.values("Contact")
    if "*" in contacts and (len(contacts) > 1 or request.method != "REGISTER"):
        raise MessageError("Contact: * stands alone, and in REGISTER only")
