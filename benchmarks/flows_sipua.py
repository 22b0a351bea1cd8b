"""Click-to-dial flows by sipua, a user agent in pure Python: see ``flows.py``.

Its `Dialog` sends INVITE, REFER and BYE and answers the NOTIFYs; no media is set up, and nothing
is written down.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import sipmessage
from measuring import cpu_seconds
from sipp import OWN_HOST, PHONE
from sipua import Application, Dialog, TransportAddress

SDP = (
    f"v=0\r\no=- 1 1 IN IP4 {OWN_HOST}\r\ns=-\r\nc=IN IP4 {OWN_HOST}\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=recvonly\r\n"
).encode()
ALICE = sipmessage.Address.parse(f"<sip:ctd@{OWN_HOST}>")
TARGET = sipmessage.Address.parse(f"<sip:phone@{PHONE}>")


class Call(Dialog):
    """One flow."""

    answered: asyncio.Future[None]

    async def flow(self) -> None:
        """From INVITE to the answer to the BYE."""
        self.answered = asyncio.get_running_loop().create_future()
        invite = self.create_request("INVITE")
        invite.content_type = sipmessage.MediaType(mime_type="application/sdp")
        invite.body = SDP
        check(await self.send_request(invite), 200)
        refer = self.create_request("REFER")
        refer.headers.add("Refer-To", f"<sip:1002@{PHONE}>")
        refer.headers.add("Referred-By", f"<sip:ctd@{OWN_HOST}>")
        check(await self.send_request(refer), 202)
        await self.answered
        check(await self.send_request(self.create_request("BYE")), 200)
        self._dialog_layer._dialog_terminated(self)  # noqa: SLF001  # as its own Call does

    async def handle_request(self, request: sipmessage.Request) -> None:
        """A NOTIFY."""
        await self.send_response(self.create_response(request, 200))
        if request.body.startswith(b"SIP/2.0 200") and not self.answered.done():
            self.answered.set_result(None)


def check(response: sipmessage.Response, status: int) -> None:
    """Nothing may fail."""
    if response.code != status:
        sys.exit(f"sipua was answered {response.code}")


async def dial(application: Application, flows: int, at_once: int) -> None:
    """Make ``flows`` calls, ``at_once`` at a time."""
    numbers = iter(range(flows))

    async def one_after_the_other() -> None:
        for _ in numbers:
            layer = application.dialog_layer
            await Call.create_uac(
                dialog_layer=layer, local_address=ALICE, remote_address=TARGET
            ).flow()

    await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))


async def measure(flows: int, at_once: int) -> dict[str, float]:
    """Flows a second, and seconds of processor time a flow."""
    application = Application()
    await application.listen(TransportAddress(protocol="udp", host=OWN_HOST, port=5071))
    await dial(application, at_once, at_once)
    began, used = time.perf_counter(), cpu_seconds()
    await dial(application, flows, at_once)
    seconds, used = time.perf_counter() - began, cpu_seconds() - used
    await application.close()
    return {"flows": flows / seconds, "cpu": used / flows}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(int(sys.argv[1]), int(sys.argv[2])))))
