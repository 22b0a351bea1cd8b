"""SIP messages as a packet capture, which sngrep, Wireshark and tcpdump open.

The file is classic pcap with raw IP packets (LINKTYPE_RAW, 101). Every message is one UDP
datagram from address to address, whatever carried it: over TCP and TLS it was read as a message,
not as packets, and what was encrypted is here in clear, but for its credentials.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable

from siptapi_core.events import Direction, TracedMessage

_FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
_IPV6 = 6
_UDP = 17
_HOPS = 64
_LARGEST = 65535 - 20 - 8
"""Bytes of a message that a datagram takes; what is longer is cut off."""
_NOWHERE = ("0.0.0.0", 5060)  # noqa: S104  # in place of an address that is not known


def packet_capture(messages: Iterable[TracedMessage]) -> bytes:
    """The bytes of a capture file with ``messages``, in the order given."""
    return b"".join([_FILE_HEADER, *map(_record, messages)])


def _record(message: TracedMessage) -> bytes:
    source, destination = _end(message.local), _end(message.peer)
    if message.direction is Direction.RECEIVED:
        source, destination = destination, source
    packet = _packet(source, destination, message.text.encode("utf-8", "replace")[:_LARGEST])
    microseconds = round(message.time * 1_000_000)
    moment = divmod(microseconds, 1_000_000)
    return struct.pack("<IIII", *moment, len(packet), len(packet)) + packet


def _end(address: str) -> tuple[str, int]:
    """Host and port of ``udp:192.0.2.1:5060`` or ``tls:[2001:db8::1]:5061``."""
    host, _, port = address.partition(":")[2].rpartition(":")
    return (host.strip("[]"), int(port)) if host else _NOWHERE


def _packet(source: tuple[str, int], destination: tuple[str, int], data: bytes) -> bytes:
    """An IP packet (RFC 791, RFC 8200) with a UDP datagram (RFC 768) in it."""
    hosts = [ipaddress.ip_address(host) for host, _ in (source, destination)]
    version = max(host.version for host in hosts)
    if version == _IPV6:  # where one end is not known, it has no address of that family either
        hosts = [host if host.version == version else ipaddress.IPv6Address(0) for host in hosts]
    length = 8 + len(data)
    ends = b"".join(host.packed for host in hosts)
    header = struct.pack("!HHHH", source[1], destination[1], length, 0)
    checksum = _checksum(ends + struct.pack("!II", length, _UDP) + header + data) or 0xFFFF
    datagram = header[:6] + struct.pack("!H", checksum) + data
    if version == _IPV6:
        return struct.pack("!IHBB", _IPV6 << 28, length, _UDP, _HOPS) + ends + datagram
    fixed = struct.pack("!BBHHHBB", 0x45, 0, 20 + length, 0, 0, _HOPS, _UDP)
    return fixed + struct.pack("!H", _checksum(fixed + b"\0\0" + ends)) + ends + datagram


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
