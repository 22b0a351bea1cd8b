r"""What header fields are made of: tokens, quoted strings and ``;name=value`` (RFC 3261 25.1).

The patterns never look at a character more than a fixed number of times (possessive quantifiers),
so hostile text costs no more than its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from siptapi_core.errors import MessageError
from siptapi_core.sip.pattern import Pattern

T = TypeVar("T")
Text = TypeVar("Text", str, bytes)
_LONG = 200
_MOST = 1024

Parameters = tuple[tuple[str, str | None], ...]
"""Names and values in order, both as on the wire: a quoted value keeps its quotes."""

TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]++"  # noqa: S105  # a pattern, no secret
QUOTED = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
HOST = r"(?:\[((?=[^:]*+:[^:]*+:)[0-9A-Fa-f:.]++)\]|([A-Za-z0-9\-._]++))"
"""Two groups: an IPv6 address, or a name or IPv4 address (RFC 3261 has no underscore, DNS has)."""

LARGEST_PORT = 65535

# More than `gen-value` allows, so that ``reason=reason=noresource`` and a bare IPv6 address in
# ``received`` (which the grammar has without brackets) can be read.
PLAIN_VALUE = r'[^\x00-\x20\x7f",;<>]++'
_VALUE = rf"{QUOTED}|{PLAIN_VALUE}"
_next_parameter = Pattern(
    rf"[ \t]*+;[ \t]*+({TOKEN})(?:[ \t]*+=[ \t]*+({_VALUE}))?+[ \t]*+", re.DOTALL
)
_is_token = Pattern(TOKEN)
_is_value = Pattern(_VALUE, re.DOTALL)


class _Remembered(dict[Text, T]):
    """What has been read, by its text; anything else is read when it is looked up."""

    def __init__(self, parse: Callable[[Text], T]) -> None:
        super().__init__()
        self._parse: Callable[[Text], T] = parse

    def __missing__(self, text: Text) -> T:
        result = self._parse(text)
        if len(text) < _LONG:
            if len(self) == _MOST:
                self.clear()
            self[text] = result
        return result


def remembered(parse: Callable[[Text], T]) -> Callable[[Text], T]:
    """``parse`` that keeps its results: the messages of a call repeat what they say.

    A text that it knows calls no function of Python. Bounded in number, and in size by leaving
    long texts out. The results must be immutable.
    """
    return _Remembered(parse).__getitem__


def is_token(text: str) -> bool:
    """Whether ``text`` is a token: what methods, header names and tags are made of."""
    return (text.isalnum() and text.isascii()) or _is_token.fullmatch(text) is not None


@remembered
def parse_parameters(text: str) -> Parameters:
    """Read ``;name=value;name`` to the end of ``text``.

    Raises:
        MessageError: something else stands there.
    """
    found: list[tuple[str, str | None]] = []
    position = 0
    end = len(text)
    while position < end:
        match = _next_parameter.match(text, position)
        if match is None:
            raise MessageError(f"{excerpt(text)}: expected ;name=value at character {position + 1}")
        found.append(match.groups())  # type: ignore[arg-type]  # the pattern has two groups
        position = match.end()
    return tuple(found)


def format_parameters(parameters: Parameters) -> str:
    """Write parameters as they stand in a header.

    Raises:
        MessageError: a name or a value cannot be written.
    """
    text = ""
    for name, value in parameters:
        if not is_token(name) or not (
            value is None or value.isalnum() or _is_value.fullmatch(value)
        ):
            raise MessageError(f"parameter {name!r}={value!r} cannot be written in a header")
        text += f";{name}" if value is None else f";{name}={value}"
    return text


def find_parameter(parameters: Parameters, name: str) -> str | None:
    """The unquoted value of parameter ``name`` (any case), "" where it has none; None if absent."""
    for key, value in parameters:
        if key == name or key.lower() == name:
            if value is None:
                return ""
            return unquote(value) if value[0] == '"' else value
    return None if not parameters or name.islower() else find_parameter(parameters, name.lower())


def replace_parameter(parameters: Parameters, name: str, value: str | None) -> Parameters:
    """``parameters`` with ``name`` set to ``value``: in its old place, else at the end."""
    key = name.lower()
    for index, (known, _) in enumerate(parameters):
        if known.lower() == key:
            rest = tuple(pair for pair in parameters[index + 1 :] if pair[0].lower() != key)
            return (*parameters[:index], (name, value), *rest)
    return (*parameters, (name, value))


def quote(text: str) -> str:
    """``text`` as a quoted string (RFC 3261 25.1).

    Raises:
        MessageError: it holds a line break, which no quoted string can.
    """
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    if "\r" in text or "\n" in text:
        raise MessageError(f"{excerpt(text)}: a line break cannot be quoted")
    escaped = re.sub(r'["\\\x00-\x08\x0b\x0c\x0e-\x1f\x7f]', r"\\\g<0>", text)
    return f'"{escaped}"'


def unquote(text: str) -> str:
    """What a quoted string says."""
    inner = text[1:-1]
    return re.sub(r"(?s)\\(.)", r"\1", inner) if "\\" in inner else inner


def excerpt(text: str) -> str:
    """``text`` for an error message: quoted, and not longer than a line."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")  # noqa: PLR2004
