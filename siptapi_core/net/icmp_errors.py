"""Which packet of ours the network refused, where the system tells (Linux).

An unconnected UDP socket usually hears nothing of an ICMP answer. With ``IP_RECVERR`` Linux keeps
each one on the socket's error queue, together with the destination that it is about (ip(7),
ipv6(7)). It also fails the next call on the socket, whatever that call is for.
"""

from __future__ import annotations

import errno
import socket
import struct
import sys
from typing import NamedTuple

from siptapi_core.net.socket_name import SocketName

BATCH = 64
"""How many errors are taken from a queue at a time, so that a flood of them blocks nobody."""


class IcmpError(NamedTuple):
    """One ICMP answer: what it says (an ``errno``) of the packets to ``destination``.

    ``final`` is False where the next packet may well arrive: time exceeded (RFC 3261 section 18.4
    says to ignore it), and packet too big, after which the kernel splits packets smaller.
    """

    destination: SocketName
    errno: int
    final: bool


if sys.platform == "linux":
    # linux/in.h, linux/in6.h, linux/errqueue.h: the socket module does not know these names.
    _IP_RECVERR = 11
    _IPV6_RECVERR = 25
    _ERROR_MESSAGES = ((socket.IPPROTO_IP, _IP_RECVERR), (socket.IPPROTO_IPV6, _IPV6_RECVERR))
    _ORIGIN_LOCAL = 1
    _TIME_EXCEEDED = {2: 11, 3: 3}  # by origin: ICMP, ICMPv6
    _EXTENDED_ERROR = struct.Struct("=IBBBBII")
    _ANCILLARY_SIZE = 512

    def enable(udp_socket: socket.socket) -> None:
        """Make the system keep ICMP answers for `take`."""
        v6 = udp_socket.family is socket.AF_INET6
        udp_socket.setsockopt(*_ERROR_MESSAGES[v6], 1)

    def take(udp_socket: socket.socket) -> list[IcmpError]:
        """The errors that came since the last time, at most `BATCH`; empty where none is told."""
        errors: list[IcmpError] = []
        for _ in range(BATCH):
            try:
                _, ancillary, _, destination = udp_socket.recvmsg(
                    0, _ANCILLARY_SIZE, socket.MSG_ERRQUEUE
                )
            except OSError:
                break
            for level, kind, data in ancillary:
                if (level, kind) not in _ERROR_MESSAGES:
                    continue
                number, origin, icmp_type, *_ = _EXTENDED_ERROR.unpack_from(data)
                if origin != _ORIGIN_LOCAL:
                    again = number == errno.EMSGSIZE or icmp_type == _TIME_EXCEEDED.get(origin)
                    errors.append(IcmpError(destination, number, not again))
        return errors

else:

    def enable(udp_socket: socket.socket) -> None:
        """Nothing: this system does not say which packet was refused."""

    def take(udp_socket: socket.socket) -> list[IcmpError]:  # noqa: ARG001  # as on Linux
        """Always empty: this system does not say which packet was refused."""
        return []
