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

_LENGTH = "content-length"
_PLAIN = frozenset(name for name, key in _KEYS.items() if key != _LENGTH)

_next_value = Pattern(rf'(?:[^,"<]|{QUOTED}|<[^>]*+>)*+', re.DOTALL)


def is_unsafe(text: str) -> bool:
    r"""Whether ``text`` would end its line: a line break, a NUL, or half a character (surrogate).

    A NUL may stand behind a backslash in a quoted string (RFC 4475 section 3.1.1.2 has one).
    """
    return not text.isprintable() and (
        re.search(r"[\r\n\ud800-\udfff]|(?<!\\)\x00", text) is not None
    )


def unfold(text: str) -> str:
    """Header lines with those that begin with a blank joined to the one before (RFC 3261 7.3.1).

    Each line is ended by CRLF, and no CR or LF is anywhere else.
    """
    return re.sub(r"\r\n[ \t]+", " ", text)


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


Index = dict[str, str | list[str]]
"""The lines of each header by its `header_key`: one as it is, several as a list."""


class Headers:
    """The header fields of a message, in order. Any spelling of a name finds it, ``v`` too.

    Raises:
        MessageError: a name is no token, or a value has a line break, a NUL or half a character:
            such a value could smuggle a header into a message.
    """

    __slots__ = ("_may_have_length", "_text", "index")

    index: Index
    """Empty until a header is looked up, or the headers were read."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        lines = []
        may_have_length = False
        for name, value in pairs:
            if name in _PLAIN and value.isprintable():
                lines.append(f"{name}: {value.strip()}\r\n")
            else:
                lines.append(_line(name, value))
                may_have_length |= header_key(name) == _LENGTH
        self._text = "".join(lines)  # the lines as they are written, each ended by CRLF
        self._may_have_length = may_have_length
        self.index = {}

    @classmethod
    def from_text(cls, text: str) -> Headers:
        """Read header lines, folded or not, each ended by CRLF; no CR or LF is anywhere else.

        Raises:
            MessageError: a line is no header.
        """
        index: Index = {}
        for line in text[:-2].split("\r\n") if text else ():
            name, colon, value = line.partition(":")
            key = _KEYS.get(name)
            if key is None:
                if index and line.startswith((" ", "\t")):
                    return cls.from_text(unfold(text))
                key = header_key(name.rstrip())
            if not colon:
                raise MessageError(f"header line {excerpt(line)} has no colon")
            if key in index:
                _add(index, key, value.strip())
            else:
                index[key] = value.strip()
        headers = cls.__new__(cls)
        headers._text = text  # noqa: SLF001  # our own
        headers._may_have_length = _LENGTH in index  # noqa: SLF001
        headers.index = index
        return headers

    def _make_index(self) -> Index:
        self.index = self.from_text(self._text).index
        return self.index

    def written(self, length: int) -> str:
        """All lines as they are sent, each ended by CRLF, with ``length`` as Content-Length."""
        headers = self
        if self._may_have_length:
            if (self.index or self._make_index()).get(_LENGTH) == str(length):
                return self._text
            headers = self.without(_LENGTH)
        return f"{headers._text}Content-Length: {length}\r\n"  # noqa: SLF001  # our own

    def items(self) -> tuple[tuple[str, str], ...]:
        """Names as they were spelled, and values, line by line."""
        parts = [line.partition(":") for line in _lines(self._text)]
        return tuple([(name.rstrip(), value.strip()) for name, _, value in parts])

    def get(self, name: str) -> str | None:
        """The first line of header ``name``, unfolded; None if there is none."""
        found = (self.index or self._make_index()).get(_KEYS.get(name) or header_key(name))
        return found[0] if isinstance(found, list) else found

    def only(self, name: str) -> str:
        """The one line of header ``name``, unfolded.

        Raises:
            MessageError: there is none, or more than one.
        """
        found = (self.index or self._make_index()).get(_KEYS.get(name) or header_key(name))
        if isinstance(found, str):
            return found
        raise MessageError(f"there is {'no' if found is None else 'more than one'} {name}")

    def lines(self, name: str) -> tuple[str, ...]:
        """All lines of header ``name``, unfolded."""
        found = (self.index or self._make_index()).get(_KEYS.get(name) or header_key(name))
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
        if not isinstance(name, str):
            return False
        return (name in _KEYS or is_token(name)) and self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Iterate over `items`."""
        return iter(self.items())

    def __len__(self) -> int:
        """Count the lines."""
        return self._text.count("\r\n")

    def with_first(self, name: str, value: str) -> Headers:
        """These headers with one more, before all others."""
        return self._changed(name, _line(name, value) + self._text)

    def with_last(self, name: str, value: str) -> Headers:
        """These headers with one more, after all others."""
        return self._changed(name, self._text + _line(name, value))

    def replaced(self, name: str, *values: str) -> Headers:
        """These headers with ``values``, a line each, in place of all ``name``, else at the end."""
        key = header_key(name)
        kept: list[str] = []
        place: int | None = None
        for line in _lines(self._text):
            if header_key(line.partition(":")[0].rstrip()) != key:
                kept.append(f"{line}\r\n")
            elif place is None:
                place = len(kept)
        place = len(kept) if place is None else place
        kept[place:place] = [_line(name, value) for value in values]
        return self._changed(name, "".join(kept))

    def without(self, name: str) -> Headers:
        """These headers without any ``name``."""
        return self.replaced(name)

    def _changed(self, name: str, text: str) -> Headers:
        headers = Headers.__new__(Headers)
        headers._text = text  # noqa: SLF001  # our own
        headers._may_have_length = self._may_have_length or name not in _PLAIN  # noqa: SLF001
        headers.index = {}
        return headers

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


def _lines(text: str) -> list[str]:
    lines = text.split("\r\n")
    lines.pop()  # nothing comes after the last line's end
    return lines


def _line(name: str, value: str) -> str:
    if name not in _KEYS:
        header_key(name)
    if not value.isprintable() and is_unsafe(value):
        raise MessageError(f"header {name}: {excerpt(value)} cannot be sent: it breaks the line")
    return f"{name}: {value.strip()}\r\n"
