"""A phone behind a UDP socket that is none: one click-to-dial flow after the other, and no system.

It picks up at once, accepts the REFER, and reports that its callee is tried and has answered.
`UdpTransport` is replaced by it, so all of ours runs but the system calls: what that costs can be
counted, and is the same on every machine.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

from siptapi_core.targets import Address

ADDRESS = Address("192.0.2.20", 5062)
OWN = Address("192.0.2.9", 5060)
SDP = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0\r\n"
)
SETTINGS = f"""\
[lines.office]
domain = "example.com"
user = "200"
phone = "200@{ADDRESS.host}:{ADDRESS.port}"
outbound_proxy = "{ADDRESS.host}:{ADDRESS.port}"
"""
_COPIED = re.compile(r"^(?:Via|From|Call-ID|CSeq): .*\r\n", re.MULTILINE)
_CONTACT = re.compile(r"^Contact: <(.*)>", re.MULTILINE)


class PhoneInMemory:
    """What `SipNetwork` takes for a UDP socket. ``picks_up`` False: it only rings."""

    picks_up = True
    _NAMES = ("From", "To", "Call-ID")

    def __init__(self, receive: Callable[[bytes, Address], None]) -> None:
        self.bound = OWN
        self.dropped = 0
        self.calls = 0
        self._ringing: dict[str, str] = {}
        self._receive = receive
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(cls, *, receive: Callable[[bytes, Address], None], **_: Any) -> PhoneInMemory:
        return cls(receive)

    def local_address(self, _towards: Address) -> Address:
        return OWN

    async def close(self) -> None:
        pass

    def send(self, data: bytes, _to: Address) -> None:
        text = data.decode()
        method = text.partition(" ")[0]
        if method == "INVITE":
            self.calls += 1
            self._answer(text, "100 Trying", tagged=False)
            self._answer(text, "180 Ringing")
            if self.picks_up:
                self._answer(text, "200 OK", SDP)
            else:
                self._ringing[_branch(text)] = text
        elif method == "REFER":
            self._answer(text, "202 Accepted")
            self._notify(text, 101, "active;expires=60", "100 Trying")
            self._notify(text, 102, "terminated;reason=noresource", "200 OK")
        elif method == "BYE":
            self._answer(text, "200 OK")
        elif method == "CANCEL":
            self._answer(text, "200 OK")
            self._answer(self._ringing.pop(_branch(text)), "487 Request Terminated")

    def _answer(self, request: str, status: str, body: str = "", *, tagged: bool = True) -> None:
        to = re.search(r"^To: (.*)\r\n", request, re.MULTILINE)[1]
        tag = f";tag=phone{self.calls}" if tagged and ";tag" not in to else ""
        typed = "Content-Type: application/sdp\r\n" if body else ""
        self._deliver(
            f"SIP/2.0 {status}\r\n{''.join(_COPIED.findall(request))}To: {to}{tag}\r\n"
            f"Contact: <sip:200@{ADDRESS.host}:{ADDRESS.port}>\r\n{typed}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _notify(self, refer: str, cseq: int, state: str, status: str) -> None:
        header = {
            name: re.search(rf"^{name}: (.*)\r\n", refer, re.MULTILINE)[1] for name in self._NAMES
        }
        body = f"SIP/2.0 {status}\r\n"
        self._deliver(
            f"NOTIFY {_CONTACT.search(refer)[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {ADDRESS.host}:{ADDRESS.port};"
            f"branch=z9hG4bK{header['Call-ID']}{cseq}\r\n"
            f"Max-Forwards: 70\r\nFrom: {header['To']}\r\nTo: {header['From']}\r\n"
            f"Call-ID: {header['Call-ID']}\r\nCSeq: {cseq} NOTIFY\r\n"
            f"Contact: <sip:200@{ADDRESS.host}:{ADDRESS.port}>\r\nEvent: refer\r\n"
            f"Subscription-State: {state}\r\nContent-Type: message/sipfrag;version=2.0\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _deliver(self, text: str) -> None:
        self._loop.call_soon(self._receive, text.encode(), ADDRESS)


def _branch(request: str) -> str:
    return re.search(r"branch=(\w+)", request)[1]
