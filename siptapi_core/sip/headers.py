"""Header fields: ordered, immutable, found by any spelling of their name (RFC 3261 section 7.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import QUOTED, excerpt, is_token

_COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}

# The usual spellings, so that most names need neither lower() nor a check.
_KEYS = {
    spelling: name.lower()
    for name in (
        "Accept Allow Allow-Events Authorization Call-ID Contact Content-Length Content-Type CSeq "
        "Date Event Expires From Max-Forwards Proxy-Authenticate Proxy-Authorization Reason "
        "Record-Route Refer-To Referred-By Require Route Server Subscription-State Supported To "
        "User-Agent Via WWW-Authenticate"
    ).split()
    for spelling in (name, name.lower())
} | _COMPACT

_next_value = re.compile(rf'(?:[^,"<]|{QUOTED}|<[^>]*+>)*+', re.DOTALL).match

# A NUL may stand in a quoted string behind a backslash (RFC 4475 section 3.1.1.2 sends one).
_unsafe = re.compile(r"[\r\n\ud800-\udfff]|(?<!\\)\x00").search


def header_key(name: str) -> str:
    """The name that all spellings of ``name`` share: long and in lower case.

    Raises:
        MessageError: it is no header name.
    """
    key = _KEYS.get(name)
    if key is None:
        if not is_token(name):
            raise MessageError(f"{excerpt(name)} is no header name")
        key = name.lower()
        key = _COMPACT.get(key, key)
    return key


def split_values(line: str) -> Iterator[str]:
    """The values of a comma list; commas in quotes and in ``<...>`` do not count."""
    if "," not in line:
        parts = [line]
    elif '"' not in line and "<" not in line:
        parts = line.split(",")
    else:
        parts = []
        position = 0
        while position <= len(line):
            end = _next_value(line, position).end()  # type: ignore[union-attr]  # matches ""
            if end < len(line) and line[end] != ",":  # a quote or bracket that is never closed
                end = len(line)
            parts.append(line[position:end])
            position = end + 1
    return (value for part in parts if (value := part.strip(" \t")))


class Headers:
    """The header fields of a message, in order. Any spelling of a name finds it, ``v`` too.

    Raises:
        MessageError: a name is no token, or a value has a line break, a NUL or half a character:
            such a value could smuggle a header into a message.
    """

    __slots__ = ("_index", "_items")

    _items: tuple[tuple[str, str], ...]
    _index: dict[str, list[str]] | None

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._items = tuple(_checked(name, value) for name, value in pairs)
        self._index = None

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> Headers:
        """Read unfolded header lines; the text holds no line break and no NUL.

        Raises:
            MessageError: a line is no header.
        """
        items: list[tuple[str, str]] = []
        index: dict[str, list[str]] = {}
        known = _KEYS.get
        for line in lines:
            name, colon, value = line.partition(":")
            key = known(name)
            if key is None:
                name = name.rstrip(" \t")
                key = header_key(name)
            if not colon:
                raise MessageError(f"header line {excerpt(line)} has no colon")
            value = value.strip(" \t")
            items.append((name, value))
            if key in index:
                index[key].append(value)
            else:
                index[key] = [value]
        return cls._of(tuple(items), index)

    @classmethod
    def _of(
        cls, items: tuple[tuple[str, str], ...], index: dict[str, list[str]] | None = None
    ) -> Headers:
        headers = cls.__new__(cls)
        headers._items = items
        headers._index = index
        return headers

    def _lines(self, name: str) -> list[str] | tuple[()]:
        index = self._index
        if index is None:
            index = self._index = {}
            for spelling, value in self._items:
                index.setdefault(header_key(spelling), []).append(value)
        return index.get(_KEYS.get(name) or header_key(name), ())

    def get(self, name: str) -> str | None:
        """The first line of header ``name``, unfolded; None if there is none."""
        lines = self._lines(name)
        return lines[0] if lines else None

    def lines(self, name: str) -> tuple[str, ...]:
        """All lines of header ``name``, unfolded."""
        return tuple(self._lines(name))

    def values(self, name: str) -> tuple[str, ...]:
        """The values of all lines of ``name``, for a header whose grammar is a comma list.

        Not for Date, WWW-Authenticate and the like, where a comma means something else.
        """
        return tuple(value for line in self._lines(name) for value in split_values(line))

    def items(self) -> tuple[tuple[str, str], ...]:
        """Names as they were spelled, and values, line by line."""
        return self._items

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and is_token(name) and bool(self._lines(name))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def with_first(self, name: str, value: str) -> Headers:
        """These headers with one more, before all others."""
        return self._of((_checked(name, value), *self._items))

    def with_last(self, name: str, value: str) -> Headers:
        """These headers with one more, after all others."""
        return self._of((*self._items, _checked(name, value)))

    def replaced(self, name: str, *values: str) -> Headers:
        """These headers with ``values``, a line each, where the first ``name`` was, or at the end."""
        key = header_key(name)
        new = [_checked(name, value) for value in values]
        kept: list[tuple[str, str]] = []
        place: int | None = None
        for item in self._items:
            if header_key(item[0]) != key:
                kept.append(item)
            elif place is None:
                place = len(kept)
        place = len(kept) if place is None else place
        return self._of((*kept[:place], *new, *kept[place:]))

    def without(self, name: str) -> Headers:
        """These headers without any ``name``."""
        key = header_key(name)
        return self._of(tuple(item for item in self._items if header_key(item[0]) != key))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self._normal() == other._normal()

    def __hash__(self) -> int:
        return hash(self._normal())

    def _normal(self) -> tuple[tuple[str, str], ...]:
        return tuple((header_key(name), value) for name, value in self._items)

    def __repr__(self) -> str:
        return f"Headers({list(self._items)!r})"


def _checked(name: str, value: str) -> tuple[str, str]:
    if name not in _KEYS:
        header_key(name)
    if not value.isprintable() and _unsafe(value):
        raise MessageError(f"header {name}: {excerpt(value)} cannot be sent: it breaks the line")
    return name, value.strip(" \t")
