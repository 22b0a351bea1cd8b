"""The Reason header: why a request was sent, in a CANCEL why it rings no more (RFC 3326)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from siptapi_core.errors import MessageError
from siptapi_core.sip.headers import Headers
from siptapi_core.sip.parameters import QUOTED, TOKEN, excerpt, quote, unquote
from siptapi_core.sip.pattern import Pattern
from siptapi_core.values import Value

SIP = "SIP"
Q850 = "Q.850"

_protocol = Pattern(rf"[ \t]*+({TOKEN})[ \t]*+(?=;|$)")
# A text without its quotes, blanks in it, is seen too.
_parameter = Pattern(
    rf";[ \t]*+({TOKEN})?+[ \t]*+(?:=[ \t]*+(?:({QUOTED})|([^;]*+)))?+[^;]*+", re.DOTALL
)
_cause = Pattern(r"[0-9]{1,3}+")


class Reason(Value):
    """One reason: ``SIP;cause=200;text="Call completed elsewhere"``.

    ``protocol`` is in upper case; ``cause`` a status of SIP, or a cause of Q.850, where that is the
    protocol. Other parameters, and a cause that is no number of three digits, are dropped.
    """

    protocol: str
    cause: int | None = None
    text: str = ""

    @classmethod
    def parse(cls, text: str) -> Reason:
        """Read one value of the header.

        Raises:
            MessageError: it names no protocol.
        """
        match = _protocol.match(text)
        if match is None or "\r" in text or "\n" in text:
            raise MessageError(f"Reason header {excerpt(text)} does not begin with a protocol")
        protocol, position = match[1].upper(), match.end()
        given: dict[str, str] = {}
        while (match := _parameter.match(text, position)) is not None:
            name, quoted, plain = match.groups("")
            value = unquote(quoted) if quoted else plain.strip('" \t')
            given.setdefault(name.lower(), value)
            position = match.end()
        cause = given.get("cause", "")
        number = int(cause) if _cause.fullmatch(cause) else None
        return cls(protocol, number, given.get("text", ""))

    def __str__(self) -> str:
        """The value of the header."""
        cause = "" if self.cause is None else f";cause={self.cause}"
        text = f";text={quote(self.text)}" if self.text else ""
        return f"{self.protocol}{cause}{text}"


def reasons_of(headers: Headers) -> Iterator[Reason]:
    """All reasons in the Reason headers that can be read."""
    for value in headers.values("Reason"):
        try:
            yield Reason.parse(value)
        except MessageError:
            continue
