"""What a call or a resolver step can be aimed at: plain values, no behaviour.

A resolver chain turns one of these into others, step by step, until it ends: the *callee* chain
at a `Number` or a SIP URI, the *next hop* chain at `Address` values.
"""

from __future__ import annotations

import enum

from attrs import frozen

from siptapi_core.sip.uri import SipUri
from siptapi_core.values import Value


class Transport(enum.StrEnum):
    """A transport of RFC 3261 section 18, by the name that a URI parameter gives it."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"

    reliable: bool
    """Whether the transport itself retransmits (RFC 3261 section 17)."""

    def __init__(self, name: str) -> None:
        self.reliable = name != "udp"


class Number(Value):
    """A telephone number after reading and rules: ``+431505641``, ``112``, ``*21#``."""

    digits: str
    e164: str | None = None

    def __str__(self) -> str:
        return self.digits


class SrvName(Value):
    """A name to look up SRV records for, and what NAPTR already decided (RFC 3263)."""

    name: str
    transport: Transport
    verify_name: str

    def __str__(self) -> str:
        return self.name


class HostPort(Value):
    """A host name or IP literal with the port and transport that are already settled."""

    host: str
    port: int
    transport: Transport
    verify_name: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}:{host}:{self.port}"


@frozen(cache_hash=True)
class Address:
    """Where a packet goes to or came from: IP literal (no brackets), port, transport.

    ``verify_name`` is the name that a TLS certificate must carry (RFC 5922), None where no
    certificate is expected; ``line`` the line whose TCP or TLS connection it is, because each has
    its own certificates and trust.
    """

    host: str
    port: int
    transport: Transport = Transport.UDP
    verify_name: str | None = None
    line: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}:{host}:{self.port}"


Target = Number | SipUri | SrvName | HostPort | Address
