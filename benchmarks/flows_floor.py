"""The flow by a bare loop: what any program in pure Python pays at least. See ``flows.py``.

One socket, `bytes.index` for what is echoed, templates for the rest. There is no parser, no timer
(a packet that is lost ends it), no state but the Call-IDs, no event and no history: it is a
yardstick, and of no other use.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time

from measuring import cpu_seconds
from sipp import OWN_HOST, PHONE

OWN = f"{OWN_HOST}:5073"
SILENCE = 5.0
"""Seconds after which a packet is lost."""
SDP = (
    f"v=0\r\no=- 1 1 IN IP4 {OWN_HOST}\r\ns=-\r\nc=IN IP4 {OWN_HOST}\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=recvonly\r\n"
)
REQUEST = (
    f"%(method)s sip:phone@{PHONE} SIP/2.0\r\n"
    f"Via: SIP/2.0/UDP {OWN};branch=z9hG4bK%(sequence)s%%b;rport\r\n"
    "Max-Forwards: 70\r\n"
    f"From: <sip:ctd@{OWN_HOST}>;tag=floor\r\n"
    "%%b\r\n"
    "Call-ID: %%b\r\n"
    "CSeq: %(sequence)s %(method)s\r\n"
    f"Contact: <sip:ctd@{OWN}>\r\n"
    "User-Agent: floor\r\n"
    "%(more)sContent-Length: %(length)s\r\n\r\n%(body)s"
)


def template(method: str, sequence: int, more: str = "", body: str = "") -> bytes:
    """A request that lacks its Call-ID, twice, and between them its To."""
    parts = {"method": method, "sequence": sequence, "more": more, "body": body}
    return (REQUEST % {**parts, "length": len(body)}).encode()


INVITE = template(
    "INVITE",
    1,
    "Allow: INVITE, ACK, CANCEL, BYE, REFER, NOTIFY, OPTIONS\r\nContent-Type: application/sdp\r\n",
    SDP,
)
ACK = template("ACK", 1)
REFER = template(
    "REFER", 2, f"Refer-To: <sip:1002@{PHONE}>\r\nReferred-By: <sip:ctd@{OWN_HOST}>\r\n"
)
BYE = template("BYE", 3)
NEW = f"To: <sip:phone@{PHONE}>".encode()
OK = b"SIP/2.0 200 OK\r\n%b\r\n%b\r\n%b\r\nCall-ID: %b\r\n%b\r\nContent-Length: 0\r\n\r\n"


def header(data: bytes, name: bytes) -> bytes:
    """The line of that name."""
    start = data.index(name) + 2
    return data[start : data.index(b"\r\n", start)]


class Caller:
    """Makes flows by one socket."""

    def __init__(self, own: socket.socket) -> None:
        self._socket = own
        self._selector = selectors.DefaultSelector()
        self._selector.register(own, selectors.EVENT_READ)
        self._alive: set[bytes] = set()
        self._begun = 0

    def dial(self, flows: int, at_once: int) -> None:
        """Make ``flows`` of them, ``at_once`` at a time."""
        last = self._begun + flows
        for _ in range(min(at_once, flows)):
            self._begin()
        receive, sources = self._socket.recv, self._selector
        while self._alive:
            if not sources.select(SILENCE):
                sys.exit(f"a packet was lost, {len(self._alive)} flows do not go on")
            try:
                while True:
                    if self._go_on(receive(65535)) and self._begun < last:
                        self._begin()
            except BlockingIOError:
                pass

    def _begin(self) -> None:
        self._begun += 1
        call = b"%d" % self._begun
        self._alive.add(call)
        self._socket.send(INVITE % (call, NEW, call))

    def _go_on(self, data: bytes) -> bool:
        """Take the next step of a flow; whether it was the last."""
        if data.startswith((b"SIP/2.0 1", b"SIP/2.0 202")):
            return False
        send = self._socket.send
        call = header(data, b"\r\nCall-ID:")[9:]
        if data.startswith(b"NOTIFY"):
            phone = header(data, b"\r\nFrom:")
            parts = (header(data, b"\r\nVia:"), phone, header(data, b"\r\nTo:"))
            send(OK % (*parts, call, header(data, b"\r\nCSeq:")))
            if b"\r\n\r\nSIP/2.0 200" in data:
                send(BYE % (call, b"To" + phone[4:], call))
            return False
        if not data.startswith(b"SIP/2.0 200"):
            sys.exit(f"a call failed: {data!r}")
        if b" INVITE\r\n" in data:
            phone = header(data, b"\r\nTo:")
            send(ACK % (call, phone, call))
            send(REFER % (call, phone, call))
        elif b" BYE\r\n" in data and call in self._alive:
            self._alive.remove(call)
            return True
        return False


def measure(flows: int, at_once: int) -> dict[str, float]:
    """Flows a second, and seconds of processor time a flow."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        host, _, port = OWN.partition(":")
        own.bind((host, int(port)))
        host, _, port = PHONE.partition(":")
        own.connect((host, int(port)))
        own.setblocking(False)
        caller = Caller(own)
        caller.dial(at_once, at_once)
        began, used = time.perf_counter(), cpu_seconds()
        caller.dial(flows, at_once)
        seconds = time.perf_counter() - began
    return {"flows": flows / seconds, "cpu": (cpu_seconds() - used) / flows}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
