"""The body of a NOTIFY about a REFER: ``message/sipfrag`` (RFC 3420, RFC 3515 section 2.4.5)."""

from __future__ import annotations

import re

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import remembered
from siptapi_core.values import Value

_STATUS_LINE = rb"(?i)SIP/\d+\.\d+[ \t]+([1-6]\d\d)(?!\S)[ \t]*([^\r\n]*)"


class SipfragStatus(Value):
    """The status line that tells how the phone's own call is going. 200 and above is final."""

    status: int
    reason: str

    @property
    def is_final(self) -> bool:
        """Whether the phone's call was answered or refused, whatever Subscription-State says."""
        return self.status >= 200  # noqa: PLR2004  # RFC 3261 section 7.2

    def encode(self) -> bytes:
        """The body of a NOTIFY."""
        return f"SIP/2.0 {self.status} {self.reason}\r\n".encode()


@remembered
def parse_sipfrag(body: bytes) -> SipfragStatus:
    """Read the status line that such a body begins with; headers after it are ignored.

    Line ends may be LF alone, letters of any case, and the reason may be missing.

    Raises:
        MessageError: it is empty, or does not begin with a status line.
    """
    text = body.strip()
    if not text:
        raise MessageError("a sipfrag body that is empty")
    match = re.match(_STATUS_LINE, text)
    if match is None:
        raise MessageError(f"a sipfrag body that begins with {text[:40]!r}, no status line")
    return SipfragStatus(int(match[1]), match[2].decode("utf-8", "replace").strip())
