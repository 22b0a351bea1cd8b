"""The caller's side of an incoming call, played message by message, and what is told of it."""

from __future__ import annotations

from typing import Any

from bench import Bench, make_request

from siptapi_core.events import IncomingRinging
from siptapi_core.machine.incoming_call import IncomingCall, IncomingHappening
from siptapi_core.machine.incoming_calls import IncomingCalls
from siptapi_core.machine.line_of_request import IncomingLine
from siptapi_core.machine.strangers import Strangers
from siptapi_core.sip.message import Request, Response
from siptapi_core.sip.uri import SipUri

TARGET = "sip:200@192.0.2.9:5062;line=token"
NEXT_HOP = SipUri("example.com")
"""Where the lines register."""
RINGING = IncomingRinging("301", "200")


def make_line(name: str = "office", token: str = "token", **changes: Any) -> IncomingLine:
    line = {
        "name": name,
        "account": SipUri(host="example.com", user="200"),
        "next_hop": NEXT_HOP,
        "token": token,
    }
    return IncomingLine(**{**line, **changes})


class IncomingSide(Bench):
    """A bench whose user agent takes calls for ``lines``; ``told`` is what was reported."""

    def __init__(
        self, *lines: IncomingLine, strangers: Strangers | None = None, **line: Any
    ) -> None:
        super().__init__(strangers=strangers)
        self.told: list[IncomingHappening] = []
        self.shown: list[IncomingCall] = []
        self.calls = IncomingCalls(self.agent, report=self._report)
        for each in lines or (make_line(**line),):
            self.calls.lines.put(each)

    def _report(self, call: IncomingCall, happening: IncomingHappening) -> None:
        self.told.append(happening)
        if isinstance(happening, IncomingRinging):
            self.shown.append(call)

    def invite(self, *headers: tuple[str, str], **parts: Any) -> Request:
        """An INVITE comes, by default the same one each time."""
        request = make_request(headers=headers, **{"uri": TARGET, **parts})
        self.receive(request)
        return request

    def cancel(self, invite: Request, *reasons: str) -> None:
        """The CANCEL of ``invite``, as whoever sent that would write it (RFC 3261 9.1)."""
        headers = invite.headers.replaced("CSeq", f"{invite.cseq.number} CANCEL")
        for reason in reasons:
            headers = headers.with_last("Reason", reason)
        self.receive(Request("CANCEL", invite.uri, headers.without("Require")))

    def acknowledge(self) -> None:
        """The ACK of the last answer, of the INVITE's own transaction."""
        final = self.responses("INVITE")[-1]
        self.receive(
            make_request(
                "ACK",
                uri=TARGET,
                via=str(final.via),
                from_=str(final.from_),
                to=str(final.to),
                call_id=final.call_id,
                cseq=f"{final.cseq.number} ACK",
            )
        )

    def in_early_dialog(self, method: str, *headers: tuple[str, str], **parts: Any) -> Response:
        """A request inside the dialog that the 180 made, and its answer."""
        tag = self.responses("INVITE")[0].to.tag
        to = f"<sip:200@example.com>;tag={tag}"
        via = f"SIP/2.0/UDP 192.0.2.1:5060;branch={self.branch()}"
        parts = {"cseq": f"2 {method}", "to": to, "via": via, **parts}
        self.receive(make_request(method, uri=TARGET, headers=headers, **parts))
        return self.responses(method)[-1]

    def hang_over(self) -> None:
        """Let everything end, and make sure that it does."""
        self.run_out()
        assert len(self.agent) == 0
        assert len(self.calls) == 0
