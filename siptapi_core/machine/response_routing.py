"""How a response finds its way back: what the receiver of a request writes into its Via."""

from __future__ import annotations

from attrs import evolve

from siptapi_core.sip.message import Request
from siptapi_core.sip.via import Via
from siptapi_core.targets import Address, Transport

DEFAULT_PORT = {Transport.UDP: 5060, Transport.TCP: 5060, Transport.TLS: 5061}


def mark_source(request: Request, source: Address) -> Request:
    """Write down where the request really came from (RFC 3261 18.2.1, RFC 3581 section 4)."""
    via = request.via
    marked = via
    if via.has_parameter("rport") and not source.transport.reliable:
        marked = marked.with_parameter("rport", str(source.port))
    if via.host != source.host or marked is not via:
        marked = marked.with_parameter("received", source.host)
    if marked is via:
        return request
    others = request.headers.values("Via")[1:]
    return request.with_headers(request.headers.replaced("Via", str(marked), *others))


def reply_address(via: Via, source: Address) -> Address:
    """Where the responses go (RFC 3261 18.2.2, RFC 3581 section 4).

    A maddr is not followed: it would let a stranger aim our responses at somebody else.
    """
    if source.transport.reliable or via.has_parameter("rport"):
        return source
    return evolve(source, port=via.port or DEFAULT_PORT[source.transport])
