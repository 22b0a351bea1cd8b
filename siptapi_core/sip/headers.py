"""Header fields: ordered, immutable, found by any spelling of their name (RFC 3261 section 7.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import QUOTED, excerpt, is_token, remembered
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


@remembered
def header_key(name: str) -> str:
    """The name that all spellings of ``name`` share: long and in lower case.

    Raises:
        MessageError: it is no header name.
    """
    if not is_token(name):
        raise MessageError(f"{excerpt(name)} is no header name")
    key = name.lower()
    return _COMPACT.get(key, key)


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
"""The lines of each header by its `header_key`: one as it is, several as a list. Never changed."""


class Headers:
    """The header fields of a message, in order. Any spelling of a name finds it, ``v`` too.

    Raises:
        MessageError: a name is no token, or a value has a line break, a NUL or half a character:
            such a value could smuggle a header into a message.
    """

    __slots__ = ("_text", "index")

    index: Index

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.index = {}
        self._text = _write(pairs, self.index)  # the lines as they are sent, each ended by CRLF

    @classmethod
    def from_text(cls, text: str) -> Headers:
        """Read header lines, folded or not, each ended by CRLF; no CR or LF is anywhere else.

        Raises:
            MessageError: a line is no header.
        """
        index: Index = {}
        for line in text[:-2].split("\r\n") if text else ():
            name, colon, value = line.partition(": ")
            try:
                key = header_key(name)
            except MessageError:
                if index and line.startswith((" ", "\t")):
                    return cls.from_text(unfold(text))
                name, colon, value = line.partition(":")
                key = header_key(name.rstrip())
            if not colon:
                raise MessageError(f"header line {excerpt(line)} has no colon")
            if key not in index:
                index[key] = value.strip()
            elif isinstance(found := index[key], str):
                index[key] = [found, value.strip()]
            else:
                found.append(value.strip())
        return cls._of(text, index)

    @classmethod
    def _of(cls, text: str, index: Index) -> Headers:
        headers = cls.__new__(cls)
        headers._text = text  # noqa: SLF001  # our own
        headers.index = index
        return headers

    def written(self, length: int) -> str:
        """All lines as they are sent, each ended by CRLF, with ``length`` as Content-Length."""
        headers, given = self, self.index.get("content-length")
        if given == str(length):
            return self._text
        if given is not None:
            headers = self.without("Content-Length")
        return f"{headers._text}Content-Length: {length}\r\n"  # noqa: SLF001  # our own

    def items(self) -> tuple[tuple[str, str], ...]:
        """Names as they were spelled, and values, line by line."""
        parts = [line.partition(":") for line in _lines(self._text)]
        return tuple([(name.rstrip(), value.strip()) for name, _, value in parts])

    def get(self, name: str) -> str | None:
        """The first line of header ``name``, unfolded; None if there is none."""
        found = self.index.get(header_key(name))
        return found[0] if isinstance(found, list) else found

    def only(self, name: str) -> str:
        """The one line of header ``name``, unfolded.

        Raises:
            MessageError: there is none, or more than one.
        """
        found = self.index.get(header_key(name))
        if isinstance(found, str):
            return found
        raise MessageError(f"there is {'no' if found is None else 'more than one'} {name}")

    def lines(self, name: str) -> tuple[str, ...]:
        """All lines of header ``name``, unfolded."""
        found = self.index.get(header_key(name))
        if found is None:
            return ()
        return (found,) if isinstance(found, str) else tuple(found)

    def values(self, name: str) -> tuple[str, ...]:
        """The values of all lines of ``name``, for a header whose grammar is a comma list.

        Not for Date, WWW-Authenticate and the like, where a comma means something else.
        """
        lines = self.lines(name)
        return tuple([value for line in lines for value in split_values(line)]) if lines else ()

    def __contains__(self, name: object) -> bool:
        """Whether there is a line of header ``name``."""
        return isinstance(name, str) and is_token(name) and header_key(name) in self.index

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Iterate over `items`."""
        return iter(self.items())

    def __len__(self) -> int:
        """Count the lines."""
        return self._text.count("\r\n")

    def with_first(self, name: str, value: str) -> Headers:
        """These headers with one more, before all others."""
        return Headers(((name, value), *self.items()))

    def with_last(self, name: str, value: str) -> Headers:
        """These headers with one more, after all others."""
        return self.extended(((name, value),))

    def extended(self, pairs: Iterable[tuple[str, str]]) -> Headers:
        """These headers, and ``pairs`` after them."""
        index = self.index.copy()
        return self._of(self._text + _write(pairs, index), index)

    def replaced(self, name: str, *values: str) -> Headers:
        """These headers with ``values``, a line each, in place of all ``name``, else at the end."""
        key = header_key(name)
        kept: list[tuple[str, str]] = []
        place: int | None = None
        for pair in self.items():
            if header_key(pair[0]) != key:
                kept.append(pair)
            elif place is None:
                place = len(kept)
        place = len(kept) if place is None else place
        kept[place:place] = [(name, value) for value in values]
        return Headers(kept)

    def without(self, name: str) -> Headers:
        """These headers without any ``name``."""
        return self.replaced(name)

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


def _write(pairs: Iterable[tuple[str, str]], index: Index) -> str:
    """The lines of ``pairs``, which go into ``index``, too."""
    lines = []
    for name, value in pairs:
        key = header_key(name)
        if not value.isprintable() and is_unsafe(value):
            problem = f"{excerpt(value)} cannot be sent: it breaks the line"
            raise MessageError(f"header {name}: {problem}")
        value = value.strip()  # noqa: PLW2901
        lines.append(f"{name}: {value}\r\n")
        if key in index:
            found = index[key]  # which others may share
            index[key] = [found, value] if isinstance(found, str) else [*found, value]
        else:
            index[key] = value
    return "".join(lines)


def _lines(text: str) -> list[str]:
    lines = text.split("\r\n")
    lines.pop()  # nothing comes after the last line's end
    return lines
