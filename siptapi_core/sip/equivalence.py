"""When two SIP URIs mean the same (RFC 3261 section 19.1.4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siptapi_core.sip.uri import SipUri

# An escape of one of these is not the character itself, nor can "%" stand for itself.
_RESERVED = frozenset(";/?:@&=+$,%")

# These parameters make a difference even where only one of the URIs has them. The text of the RFC
# leaves transport out, but its examples count it in.
_DECISIVE = frozenset({"user", "ttl", "method", "maddr", "transport"})


def equivalent(one: SipUri, other: SipUri) -> bool:
    """Whether both mean the same: user and password to the letter, the rest in any case."""
    return (
        one.scheme == other.scheme
        and _normal(one.user or "") == _normal(other.user or "")
        and _normal(one.password or "") == _normal(other.password or "")
        and one.host == other.host
        and one.port == other.port
        and _agree(dict(_folded(one.parameters)), dict(_folded(other.parameters)))
        and sorted(_folded(one.headers)) == sorted(_folded(other.headers))
    )


def _agree(one: dict[str, str], other: dict[str, str]) -> bool:
    alone = one.keys() ^ other.keys()
    return not alone & _DECISIVE and all(one[name] == other[name] for name in one.keys() & other)


def _folded(pairs: tuple[tuple[str, str | None], ...]) -> list[tuple[str, str]]:
    return [(_normal(name).lower(), _normal(value or "").lower()) for name, value in pairs]


def _normal(text: str) -> str:
    """``text`` without the escapes that change nothing."""
    return re.sub("%([0-9A-Fa-f]{2})", _unescape, text)


def _unescape(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character.isascii() and character not in _RESERVED else match[0].upper()
