"""What a SIP URI says itself of where it leads, before anybody is asked (RFC 3263 section 4)."""

from __future__ import annotations

import contextlib
import functools
import socket

from siptapi_core.errors import ResolveError
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Transport

_SIP_PORT = 5060


def is_ip_address(host: str) -> bool:
    """Whether ``host`` needs no look-up: an IPv4 address, or an IPv6 address without brackets."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError, ValueError):
            socket.inet_pton(family, host)
            return True
    return False


def target_host(uri: SipUri) -> str:
    """The host that ``uri`` leads to: its ``maddr`` goes before its own."""
    return uri.parameter("maddr") or uri.host


def names_service(uri: SipUri) -> bool:
    """Whether SRV records may say where ``uri`` leads: neither a port nor an IP address does."""
    return uri.port is None and not is_ip_address(target_host(uri))


@functools.lru_cache(maxsize=1024)
def stated_address(uri: SipUri) -> Address | None:
    """The IPv4 address over UDP that ``uri`` itself is of, as most Contacts are; else None.

    There is nothing to be looked up (RFC 3263 section 4.2), so no resolver is asked.
    """
    if uri.scheme != "sip" or uri.parameter("maddr") or uri.transport not in (None, Transport.UDP):
        return None
    if ":" in uri.host or not is_ip_address(uri.host):
        return None
    return Address(uri.host, uri.port or _SIP_PORT)


def required_transport(uri: SipUri) -> Transport | None:
    """The transport that ``uri`` asks for, None where it leaves the choice; ``sips`` is TLS always.

    Raises:
        ResolveError: it asks for one that it cannot have.
    """
    wanted = uri.transport
    if wanted is not None and wanted not in tuple(Transport):
        known = ", ".join(Transport)
        raise ResolveError(f"{uri}: there is no transport {wanted!r}; there is {known}")
    if uri.scheme == "sips":
        if wanted == Transport.UDP:
            raise ResolveError(
                f"{uri}: sips goes over TLS, never over UDP; leave transport=udp out"
            )
        return Transport.TLS
    return None if wanted is None else Transport(wanted)
