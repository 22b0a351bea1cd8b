"""An `Address` as the socket calls want it, and back."""

from __future__ import annotations

import socket
from typing import TypeAlias

from siptapi_core.errors import NetworkError
from siptapi_core.targets import Address

SocketName: TypeAlias = tuple[str, int] | tuple[str, int, int, int]
"""(host, port) for IPv4; (host, port, flow information, scope identifier) for IPv6."""

_FAMILY_NAMES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}


def family_of(host: str) -> socket.AddressFamily:
    """The address family of an IP literal (no brackets; an IPv6 zone after ``%`` is allowed).

    Raises:
        NetworkError: ``host`` is no IP literal.
    """
    literal, percent, _ = host.partition("%")
    for family in (socket.AF_INET6,) if percent else (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, literal)
        except (OSError, ValueError):
            continue
        return family
    raise NetworkError(f"{host!r} is no IP address; a name must be resolved first")


def socket_name(family: socket.AddressFamily, host: str, port: int) -> SocketName:
    """What a socket of ``family`` is given for ``host`` and ``port``; never looks a name up.

    Raises:
        NetworkError: ``host`` is no IP literal of that family, its zone (RFC 4007 section 11) is
            no network interface here, or ``port`` is not between 0 and 65535.
    """
    if family_of(host) is not family:
        raise NetworkError(f"{host} is no {_FAMILY_NAMES[family]} address")
    if not 0 <= port <= 65535:  # noqa: PLR2004  # the port field has 16 bits
        raise NetworkError(f"{port} is no port; ports go from 0 to 65535")
    if family is socket.AF_INET:
        return host, port
    literal, _, zone = host.partition("%")
    if not zone or zone.isdecimal():
        return literal, port, 0, int(zone or 0)
    try:
        return literal, port, 0, socket.if_nametoindex(zone)
    except OSError as error:
        raise NetworkError(f"{host}: there is no network interface {zone!r}") from error


def address_of(name: SocketName) -> Address:
    """The UDP `Address` of a socket name.

    A link-local IPv6 address keeps its zone, as ``fe80::1%2``: nothing could be sent back
    without it. A zone means nothing outside this machine and must not be put into a message.
    """
    if len(name) == 4 and name[3]:  # noqa: PLR2004  # the length tells the family
        return Address(f"{name[0]}%{name[3]}", name[1])
    return Address(name[0], name[1])
