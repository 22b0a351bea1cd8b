"""The History-Info header: whom a request was meant for, one target after the other (RFC 7044)."""

from __future__ import annotations

from collections.abc import Sequence

from siptapi_core.errors import MessageError
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.parameters import excerpt
from siptapi_core.sip.reason import SIP, Reason
from siptapi_core.sip.uri import SipUri, unescape
from siptapi_core.values import Value

_NUMBER_TRANSLATED = "380"
"""A ``cause`` that tells of a service number, not of a diversion (RFC 8119)."""


class HistoryEntry(Value):
    """One target: ``<sip:201@example.com;cause=302>;index=1.1;mp=1``."""

    address: NameAddr

    @classmethod
    def parse(cls, text: str) -> HistoryEntry:
        """Read one value of the header.

        Raises:
            MessageError: it is no address, or has no index.
        """
        entry = cls(NameAddr.parse(text))
        if not entry.index:
            raise MessageError(f"History-Info {excerpt(text)} has no index")
        return entry

    def __str__(self) -> str:
        """The value of the header."""
        return str(self.address)

    @property
    def index(self) -> str:
        """Its place in the tree of targets: ``1``, ``1.1``, ..."""
        return self.address.parameter("index") or ""

    @property
    def is_diverted_to(self) -> bool:
        """Whether the request came to this target because another one was not to be had.

        By ``mp`` (RFC 7044 section 5), or the URI's ``cause`` (RFC 4458).
        """
        uri = self.address.uri
        cause = uri.parameter("cause") if isinstance(uri, SipUri) else None
        mapped = self.address.parameter("mp") is not None
        return cause != _NUMBER_TRANSLATED and (mapped or cause is not None)

    @property
    def is_diverted_from(self) -> bool:
        """Whether this target was left for another one, as RFC 4244 tells it: by its ``Reason``.

        One that was merely where a user had registered (``rc``) does not count.
        """
        text = self._header("Reason")
        if text is None or self.address.parameter("rc") is not None:
            return False
        try:
            reason = Reason.parse(text)
        except MessageError:
            return False
        return reason.protocol == SIP and reason.cause is not None

    @property
    def is_private(self) -> bool:
        """Whether it must not be shown (RFC 7044 section 10.1)."""
        return (self._header("Privacy") or "none").lower() != "none"

    def _header(self, name: str) -> str | None:
        """The header ``name`` that stands in the URI, escapes read."""
        uri = self.address.uri
        headers = uri.headers if isinstance(uri, SipUri) else ()
        found = (value for key, value in headers if unescape(key).lower() == name.lower())
        return next(map(unescape, found), None)


def original_target(history: Sequence[HistoryEntry]) -> HistoryEntry | None:
    """Whom the request was first meant for, where it was diverted from there; else None."""
    diverted = any(entry.is_diverted_to for entry in history[1:]) or any(
        entry.is_diverted_from for entry in history[:-1]
    )
    return history[0] if diverted else None
