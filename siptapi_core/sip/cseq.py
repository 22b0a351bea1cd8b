"""The CSeq header: the number and method of a request within its dialog."""

from __future__ import annotations

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import TOKEN, excerpt, remembered
from siptapi_core.sip.pattern import Pattern
from siptapi_core.values import Value

_cseq = Pattern(rf"[ \t]*+(?=[0-9])0*+([0-9]{{0,10}}+)[ \t]++({TOKEN})[ \t]*+")
_LIMIT = 2**32


class CSeq(Value):
    """A sequence number, below 2**32, and the method it was used with (RFC 3261 20.16)."""

    number: int
    method: str

    @staticmethod
    def parse(text: str) -> CSeq:
        """See `parse_cseq`."""
        return parse_cseq(text)

    def __str__(self) -> str:
        """The value of the header."""
        return f"{self.number} {self.method}"


@remembered
def parse_cseq(text: str) -> CSeq:
    """Read a CSeq value.

    Raises:
        MessageError: it is none, or its number does not fit into 32 bits.
    """
    match = _cseq.fullmatch(text)
    if match is None or (number := int(match[1] or 0)) >= _LIMIT:
        raise MessageError(f"{excerpt(text)} is no CSeq: a number below 2**32 and a method")
    return CSeq(number, match[2])
