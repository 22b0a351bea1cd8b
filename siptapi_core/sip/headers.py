"""Header fields: ordered, immutable, found by any spelling of their name (RFC 3261 section 7.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import QUOTED, excerpt, is_token
from siptapi_core.sip.pattern import Pattern

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
        *("Accept", "Allow", "Allow-Events", "Authorization", "Call-ID", "Contact"),
        *("Content-Length", "Content-Type", "CSeq", "Date", "Event", "Expires", "From"),
        *("Max-Forwards", "Proxy-Authenticate", "Proxy-Authorization", "Reason", "Record-Route"),
        *("Refer-To", "Referred-By", "Require", "Route", "Server", "Subscription-State"),
        *("Supported", "To", "User-Agent", "Via", "WWW-Authenticate"),
    )
    for spelling in (name, name.lower())
} | _COMPACT

_next_value = Pattern(rf'(?:[^,"<]|{QUOTED}|<[^>]*+>)*+', re.DOTALL)


def is_unsafe(text: str) -> bool:
    r"""Whether ``text`` would end its line: a line break, a NUL, or half a character (surrogate).

    A NUL may stand behind a backslash in a quoted string (RFC 4475 section 3.1.1.2 has one).
    """
    return not text.isprintable() and (
        re.search(r"[\r\n\ud800-\udfff]|(?<!\\)\x00", text) is not None
    )


def unfold(lines: list[str]) -> list[str]:
    """``lines`` with those that begin with a blank joined to the one before (RFC 3261 7.3.1)."""
    return re.sub(r"\n[ \t]+", " ", "\n".join(lines)).split("\n")


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


def split_values(line: str) -> list[str]:
    """The values of a comma list; commas in quotes and in ``<...>`` do not count."""
    if "," not in line:
        parts = [line]
    elif '"' not in line and "<" not in line:
        parts = line.split(",")
    else:
        parts = []
        position = 0
        while position <= len(line):
            end = _next_value.match(line, position).end()  # type: ignore[union-attr]  # matches ""
            if end < len(line) and line[end] != ",":  # a quote or bracket that is never closed
                end = len(line)
            parts.append(line[position:end])
            position = end + 1
    return [value for part in parts if (value := part.strip())]


def first_value(line: str) -> str:
    """The first value of a comma list; "" if it has none."""
    if "," not in line:
        return line
    values = split_values(line)
    return values[0] if values else ""


class Headers:
    """The header fields of a message, in order. Any spelling of a name finds it, ``v`` too.

    Raises:
        MessageError: a name is no token, or a value has a line break, a NUL or half a character:
            such a value could smuggle a header into a message.
    """

    __slots__ = ("_index", "_items", "_wire")

    _items: tuple[tuple[str, str], ...] | None
    _wire: list[str]
    """The lines as they came, where ``_items`` has not been made of them yet."""
    _index: dict[str, str | list[str]] | None
    """One line as it is, several as a list."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._items = tuple(
            [
                (name, value.strip())
                if name in _KEYS and value.isprintable()
                else _checked(name, value)
                for name, value in pairs
            ]
        )
        self._index = None

    @classmethod
    def from_lines(cls, lines: list[str]) -> Headers:
        """Read header lines, folded or not; none of them holds a line break.

        Raises:
            MessageError: a line is no header.
        """
        index: dict[str, str | list[str]] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            try:
                key = _KEYS[name]
            except KeyError:
                if index and line.startswith((" ", "\t")):
                    return cls.from_lines(unfold(lines))
                key = header_key(name.rstrip())
            if not colon:
                raise MessageError(f"header line {excerpt(line)} has no colon")
            if key in index:
                _add(index, key, value.strip())
            else:
                index[key] = value.strip()
        headers = cls.__new__(cls)
        headers._items = None  # noqa: SLF001  # our own
        headers._wire = lines  # noqa: SLF001
        headers._index = index  # noqa: SLF001
        return headers

    @classmethod
    def _of(cls, items: Iterable[tuple[str, str]]) -> Headers:
        headers = cls.__new__(cls)
        headers._items = tuple(items)  # noqa: SLF001
        headers._index = None  # noqa: SLF001
        return headers

    def items(self) -> tuple[tuple[str, str], ...]:
        """Names as they were spelled, and values, line by line."""
        if self._items is None:
            parts = [line.partition(":") for line in self._wire]
            self._items = tuple([(name.rstrip(), value.strip()) for name, _, value in parts])
        return self._items

    def _make_index(self) -> dict[str, str | list[str]]:
        index: dict[str, str | list[str]] = {}
        for name, value in self.items():
            key = _KEYS.get(name) or header_key(name)
            if key in index:
                _add(index, key, value)
            else:
                index[key] = value
        self._index = index
        return index

    def get(self, name: str) -> str | None:
        """The first line of header ``name``, unfolded; None if there is none."""
        found = (self._index or self._make_index()).get(_KEYS.get(name) or header_key(name))
        return found[0] if isinstance(found, list) else found

    def only(self, name: str) -> str:
        """The one line of header ``name``, unfolded.

        Raises:
            MessageError: there is none, or more than one.
        """
        found = (self._index or self._make_index()).get(_KEYS.get(name) or header_key(name))
        if isinstance(found, str):
            return found
        raise MessageError(f"there is {'no' if found is None else 'more than one'} {name}")

    def lines(self, name: str) -> tuple[str, ...]:
        """All lines of header ``name``, unfolded."""
        found = (self._index or self._make_index()).get(_KEYS.get(name) or header_key(name))
        if found is None:
            return ()
        return (found,) if isinstance(found, str) else tuple(found)

    def values(self, name: str) -> tuple[str, ...]:
        """The values of all lines of ``name``, for a header whose grammar is a comma list.

        Not for Date, WWW-Authenticate and the like, where a comma means something else.
        """
        return tuple(value for line in self.lines(name) for value in split_values(line))

    def __contains__(self, name: object) -> bool:
        """Whether there is a line of header ``name``."""
        return isinstance(name, str) and is_token(name) and self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Iterate over `items`."""
        return iter(self.items())

    def __len__(self) -> int:
        """Count the lines."""
        return len(self.items())

    def with_first(self, name: str, value: str) -> Headers:
        """These headers with one more, before all others."""
        return self._of((_checked(name, value), *self.items()))

    def with_last(self, name: str, value: str) -> Headers:
        """These headers with one more, after all others."""
        return self._of((*self.items(), _checked(name, value)))

    def replaced(self, name: str, *values: str) -> Headers:
        """These headers with ``values``, a line each, in place of all ``name``, else at the end."""
        key = header_key(name)
        new = [_checked(name, value) for value in values]
        kept: list[tuple[str, str]] = []
        place: int | None = None
        for item in self.items():
            if header_key(item[0]) != key:
                kept.append(item)
            elif place is None:
                place = len(kept)
        place = len(kept) if place is None else place
        return self._of((*kept[:place], *new, *kept[place:]))

    def without(self, name: str) -> Headers:
        """These headers without any ``name``."""
        key = header_key(name)
        return self._of(item for item in self.items() if header_key(item[0]) != key)

    def __eq__(self, other: object) -> bool:
        """Whether names, in any spelling, and values are the same, in the same order."""
        if not isinstance(other, Headers):
            return NotImplemented
        return self._normal() == other._normal()

    def __hash__(self) -> int:
        """Equal headers have equal hashes."""
        return hash(self._normal())

    def _normal(self) -> tuple[tuple[str, str], ...]:
        return tuple((header_key(name), value) for name, value in self.items())

    def __repr__(self) -> str:
        """Names only, for a debugger: the values may hold secrets."""
        return f"<Headers {' '.join(name for name, _ in self.items())}>"


def _add(index: dict[str, str | list[str]], key: str, value: str) -> None:
    found = index[key]
    if isinstance(found, str):
        index[key] = [found, value]
    else:
        found.append(value)


def _checked(name: str, value: str) -> tuple[str, str]:
    if name not in _KEYS:
        header_key(name)
    if is_unsafe(value):
        raise MessageError(f"header {name}: {excerpt(value)} cannot be sent: it breaks the line")
    return name, value.strip()
