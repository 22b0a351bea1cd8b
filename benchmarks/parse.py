"""How many INVITEs a second are read, and requests written, on one core: ours, and others'.

Each message has 12 headers, its own branch, tag and Call-ID, and one of 250 users and of 100
sequence numbers: as different calls of one installation have. Reading means: branch, From and To
tags, Call-ID, CSeq and Contact as values. Writing means: from values and strings to bytes, with a
Request-URI, Via, From tag and CSeq of its own. The others read the same, and serialise what they
have read; ours serialises such a message, too. Rounds are interleaved, medians of processor time
count::

    python benchmarks/parse.py [--rounds 5] [--seconds 0.4] [--json FOLDER]
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from functools import partial

import aiosipua
import sipmessage
from measuring import interleaved, median, options, print_table, save
from sippy.SipRequest import SipRequest

from siptapi_core.sip.cseq import CSeq
from siptapi_core.sip.message import Headers, Request, parse_message
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.sip.via import Via

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


def encoded(data: bytes) -> Callable[[], object]:
    """Write what was read."""
    return parse_message(data).encode


def read_sipmessage(data: bytes) -> object:
    """The same with sipmessage."""
    message = sipmessage.Message.parse(data)
    return (
        message.via[0].parameters["branch"],
        message.from_address.parameters["tag"],
        message.to_address.parameters.get("tag"),
        message.call_id,
        message.cseq.sequence,
        message.contact[0].uri,
    )


def encoded_sipmessage(data: bytes) -> Callable[[], object]:
    """Write what it has read."""
    message = sipmessage.Message.parse(data)
    return lambda: bytes(message)


def read_sippy(data: bytes) -> object:
    """The same with sippy."""
    message = SipRequest(data.decode())
    return (
        message.getHFBody("via").getBranch(),
        message.getHFBody("from").getTag(),
        message.getHFBody("to").getTag(),
        str(message.getHFBody("call-id")),
        message.getHFBody("cseq").getCSeqNum(),
        message.getHFBody("contact").getUrl(),
    )


def encoded_sippy(data: bytes) -> Callable[[], object]:
    """Write what it has read."""
    message = SipRequest(data.decode())
    return lambda: str(message).encode()


def read_aiosipua(data: bytes) -> object:
    """The same with aiosipua."""
    message = aiosipua.SipMessage.parse(data)
    from_, to, cseq = message.from_addr, message.to_addr, message.cseq
    assert from_ is not None
    assert to is not None
    assert cseq is not None
    return (
        message.via[0].branch,
        from_.tag,
        to.tag,
        message.call_id,
        cseq.seq,
        message.contact[0].uri,
    )


def encoded_aiosipua(data: bytes) -> Callable[[], object]:
    """Write what it has read."""
    message = aiosipua.SipMessage.parse(data)
    return lambda: bytes(message)


def rate(work: Callable[[int], object], seconds: float) -> dict[str, float]:
    """Calls a second of this process's own time."""
    start = time.process_time()
    end = start + seconds
    for count in itertools.count(1):
        work(count)
        if not count & 63 and (now := time.process_time()) >= end:
            break
    return {"rate": count / (now - start)}


def main() -> None:
    """Print the tables, and write them as JSON."""
    given = options(__doc__, seconds=(0.4, 0.02))
    messages = [invite(number) for number in range(8192)]
    reading = {
        "siptapi": read,
        "sipmessage": read_sipmessage,
        "sippy": read_sippy,
        "aiosipua": read_aiosipua,
    }
    writing = {
        "siptapi": encoded,
        "sipmessage": encoded_sipmessage,
        "sippy": encoded_sippy,
        "aiosipua": encoded_aiosipua,
    }
    tables: dict[str, dict[str, Callable[[int], object]]] = {
        "read an INVITE": {
            name: lambda count, work=work: work(messages[count & 8191])
            for name, work in reading.items()
        },
        "serialise it": {
            name: lambda _, write=write: write()
            for name, write in ((name, made(messages[3])) for name, made in writing.items())
        },
        "write an INVITE from its parts": {"siptapi": write},
    }
    results = {}
    for title, works in tables.items():
        contenders = {name: partial(rate, work, given.seconds) for name, work in works.items()}
        results[title] = interleaved(contenders, given.rounds)
        rates = {name: median(rounds, "rate") for name, rounds in results[title].items()}
        best = max((each for name, each in rates.items() if name != "siptapi"), default=0.0)
        rows = [
            (name, f"{each:,.0f}", f"{each / best:.2f}" if best else "")
            for name, each in rates.items()
        ]
        goal = ", interleaved with others (goal: 3 times the best of them)" if best else ""
        print_table(title + goal, ("", "a second", "of the best other"), rows)
    save(given, rounds=results)


if __name__ == "__main__":
    main()
