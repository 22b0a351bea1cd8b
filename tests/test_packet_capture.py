"""Capture files, read back by hand; tests/interop has them read by tcpdump."""

from __future__ import annotations

import ipaddress
import struct

from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.events import Direction, TracedMessage
from siptapi_core.packet_capture import packet_capture

TEXT = "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: x\r\n\r\n"


def traced(
    text: str = TEXT,
    *,
    direction: Direction = Direction.SENT,
    peer: str = "udp:192.0.2.1:5060",
    local: str = "udp:192.0.2.7:40000",
    time: float = 1_000_000_000.25,
) -> TracedMessage:
    return TracedMessage(time, direction, peer, "x", text, "c1", local)


def packets(capture: bytes) -> list[tuple[float, bytes]]:
    magic, major, minor, _, _, _, link = struct.unpack_from("<IHHiIII", capture)
    assert (magic, major, minor, link) == (0xA1B2C3D4, 2, 4, 101)
    found, at = [], 24
    while at < len(capture):
        seconds, microseconds, kept, length = struct.unpack_from("<IIII", capture, at)
        assert kept == length
        found.append((seconds + microseconds / 1e6, capture[at + 16 : at + 16 + length]))
        at += 16 + length
    return found


def read(packet: bytes) -> tuple[str, int, str, int, bytes]:
    """Source, destination and data of an IP packet; its checksums are right."""
    if packet[0] >> 4 == 4:
        assert ones_sum(packet[:20]) == 0xFFFF
        assert struct.unpack_from("!H", packet, 2) == (len(packet),)
        ends, datagram = packet[12:20], packet[20:]
    else:
        assert struct.unpack_from("!H", packet, 4) == (len(packet) - 40,)
        ends, datagram = packet[8:40], packet[40:]
    source, destination, length, _ = struct.unpack_from("!HHHH", datagram)
    assert length == len(datagram)
    pseudo = ends + struct.pack("!II", length, 17)
    assert ones_sum(pseudo + datagram) == 0xFFFF
    half = len(ends) // 2
    hosts = [str(ipaddress.ip_address(each)) for each in (ends[:half], ends[half:])]
    return hosts[0], source, hosts[1], destination, datagram[8:]


def ones_sum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def test_who_sent_it_and_when() -> None:
    sent, received = packets(
        packet_capture([traced(), traced(direction=Direction.RECEIVED, time=2.0)])
    )
    assert sent[0] == 1_000_000_000.25
    assert read(sent[1]) == ("192.0.2.7", 40000, "192.0.2.1", 5060, TEXT.encode())
    assert read(received[1]) == ("192.0.2.1", 5060, "192.0.2.7", 40000, TEXT.encode())


def test_ipv6_and_an_end_that_is_not_known() -> None:
    [(_, both)] = packets(
        packet_capture([traced(peer="tls:[2001:db8::1]:5061", local="tls:[2001:db8::2]:4000")])
    )
    assert read(both)[:4] == ("2001:db8::2", 4000, "2001:db8::1", 5061)
    [(_, unknown)] = packets(packet_capture([traced(peer="tls:[2001:db8::1]:5061", local="")]))
    assert read(unknown)[:4] == ("::", 5060, "2001:db8::1", 5061)


@given(st.text(max_size=80))
def test_any_text_is_carried(text: str) -> None:
    [(_, packet)] = packets(packet_capture([traced(text)]))
    assert read(packet)[4] == text.encode("utf-8", "replace")


def test_what_no_datagram_takes_is_cut_off() -> None:
    [(_, packet)] = packets(packet_capture([traced("x" * 70_000)]))
    assert len(packet) == 65535
