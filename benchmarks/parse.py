"""How many INVITEs a second are read, and requests written, on one core.

Each message has 12 headers, its own branch, tag and Call-ID, and one of 250 users and of 100
sequence numbers: as different calls of one installation have. Reading means: branch, From and To
tags, Call-ID, CSeq and Contact as values. Writing means: from values and strings to bytes, with a
Request-URI, Via, From tag and CSeq of its own.

    python benchmarks/parse.py [SECONDS]
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Callable

from siptapi_core.sip.cseq import CSeq
from siptapi_core.sip.message import Headers, Request, parse_message
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.sip.via import Via

ROUNDS = 5
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"
    b"m=audio 9 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=recvonly\r\n"
)
ALICE = SipUri("pbx.example.com", "alice")
CONTACT = SipUri("192.0.2.7", "alice", 5060, parameters=(("transport", "udp"),))


def invite(number: int) -> bytes:
    """One INVITE, unlike any other."""
    return (
        f"INVITE sip:{1000 + number % 250}@pbx.example.com SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK{number:016x};rport\r\n"
        "Max-Forwards: 70\r\n"
        f'From: "Alice Example" <sip:alice@pbx.example.com>;tag={number:08x}\r\n'
        f"To: <sip:{1000 + number % 250}@pbx.example.com>\r\n"
        f"Call-ID: {number:032x}@192.0.2.7\r\n"
        f"CSeq: {1 + number % 100} INVITE\r\n"
        "Contact: <sip:alice@192.0.2.7:5060;transport=udp>\r\n"
        "Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, OPTIONS, UPDATE\r\n"
        "Supported: replaces, norefersub\r\n"
        "User-Agent: SIPTAPI\r\n"
        "Content-Type: application/sdp\r\n"
        f"Content-Length: {len(SDP)}\r\n\r\n"
    ).encode() + SDP


def read(data: bytes) -> object:
    """What a user agent reads of every INVITE."""
    message = parse_message(data)
    contact = message.contact
    return (
        message.via.branch,
        message.from_.tag,
        message.to.tag,
        message.call_id,
        message.cseq.number,
        contact and contact.uri,
    )


def write(number: int) -> bytes:
    """The same INVITE from its parts."""
    target = SipUri("pbx.example.com", str(1000 + number % 250))
    via = Via("UDP", "192.0.2.7", 5060, (("branch", f"z9hG4bK{number:016x}"), ("rport", None)))
    headers = Headers(
        (
            ("Via", str(via)),
            ("Max-Forwards", "70"),
            ("From", str(NameAddr(ALICE, "Alice Example", (("tag", f"{number:08x}"),)))),
            ("To", str(NameAddr(target))),
            ("Call-ID", f"{number:032x}@192.0.2.7"),
            ("CSeq", str(CSeq(1 + number % 100, "INVITE"))),
            ("Contact", str(NameAddr(CONTACT))),
            ("Allow", "INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, OPTIONS, UPDATE"),
            ("Supported", "replaces, norefersub"),
            ("User-Agent", "SIPTAPI"),
            ("Content-Type", "application/sdp"),
        )
    )
    return Request("INVITE", target, headers, SDP).encode()


def rate(work: Callable[[int], object], seconds: float) -> float:
    """Calls a second of this process's own time: the median of a few rounds."""
    rates = []
    for _ in range(ROUNDS):
        start = time.process_time()
        end = start + seconds / ROUNDS
        for count in itertools.count(1):
            work(count)
            if not count & 255 and (now := time.process_time()) >= end:
                rates.append(count / (now - start))
                break
    return statistics.median(rates)


def main() -> None:
    """Print a table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    messages = [invite(number) for number in range(8192)]
    encoded = parse_message(messages[3])
    rows: list[tuple[str, Callable[[int], object]]] = [
        ("read an INVITE", lambda count: read(messages[count & 8191])),
        ("write an INVITE from its parts", write),
        ("encode a Request", lambda _: encoded.encode()),
    ]
    for label, work in rows:
        print(f"{label:32} {rate(work, seconds):10,.0f} / s")


if __name__ == "__main__":
    main()
