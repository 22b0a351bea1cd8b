"""A SIP message in a few words."""

from __future__ import annotations

from siptapi_core.errors import MessageError
from siptapi_core.events import TracedMessage
from siptapi_core.sip.message import Request, Response, parse_message
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.sipfrag import parse_sipfrag


def summarise(message: TracedMessage) -> str:
    """What a message says: ``INVITE sip:bob@lab``, ``407 Proxy Authentication Required``.

    ``NOTIFY (180 Ringing)`` tells what the phone reports, ``REFER (sip:bob@lab)`` whom it shall
    call. A message that cannot be read is summed up by its first line, as it is.
    """
    try:
        read = parse_message(message.text.encode(errors="replace"))
    except MessageError:
        return message.first_line or "(no SIP message)"
    if isinstance(read, Response):
        return f"{read.status} {read.reason}".rstrip()
    return f"{read.method} {_matter(read)}"


def _matter(request: Request) -> str:
    try:
        if request.method == "NOTIFY":
            status = parse_sipfrag(request.body)
            return f"({status.status} {status.reason})"
        if request.method == "REFER":
            return f"({NameAddr.parse(request.headers.only('Refer-To')).uri})"
    except MessageError:
        pass  # of another package, or damaged: then as any other request
    return str(request.uri)
