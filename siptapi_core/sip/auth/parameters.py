"""The grammar that challenges and credentials share: ``Digest name=value, name="value"``.

RFC 7235 section 2.1 and RFC 3261 section 25.1. Real servers leave quotes away and quote where
they should not, so a value may be quoted or not, whatever its name is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrs import frozen

from siptapi_core.errors import MessageError

_NAME = r"[A-Za-z0-9\-.!%*_+`'~]+"
_ELEMENT = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*")*')
_PARAMETER = re.compile(rf"({_NAME})[ \t]*=[ \t]*(.*)")
_SCHEME = re.compile(rf"({_NAME})(?:[ \t]+(.+))?")
_TOKEN = re.compile(_NAME)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_TO_ESCAPE = re.compile(r'(["\\])')


@frozen
class SchemeParameters:
    """One challenge, or one header's credentials. Names are lower-case, values unquoted."""

    scheme: str
    parameters: dict[str, str]

    def required(self, name: str) -> str:
        """The value of ``name``.

        Raises:
            MessageError: there is none.
        """
        try:
            return self.parameters[name]
        except KeyError:
            raise MessageError(f"{self.scheme} authentication without {name!r}") from None


def parse_schemes(text: str) -> tuple[SchemeParameters, ...]:
    """Read a header line, which may hold several challenges with commas between and inside.

    Of a parameter that is there twice the first counts.

    Raises:
        MessageError: it does not follow the grammar.
    """
    check_text(text)
    schemes: list[SchemeParameters] = []
    name = ""
    for element in _split(text):
        parameter = _PARAMETER.fullmatch(element)
        if parameter is None:
            if name == "qop" and element.lower() in {"auth", "auth-int"}:
                schemes[-1].parameters["qop"] += f",{element}"  # a list that lacks its quotes
                continue
            scheme = _SCHEME.fullmatch(element)
            if scheme is None:
                raise MessageError(f"{element!r} is no authentication parameter")
            schemes.append(SchemeParameters(scheme[1], {}))
            parameter = _PARAMETER.fullmatch(scheme[2] or "")
            if parameter is None:
                name = ""
                continue
        if not schemes:
            raise MessageError(f"authentication parameter {element!r} without a scheme before it")
        name = parameter[1].lower()
        schemes[-1].parameters.setdefault(name, _unquote(parameter[2]))
    return tuple(schemes)


def parse_digest(text: str) -> SchemeParameters:
    """Read a text that must be one ``Digest`` scheme.

    Raises:
        MessageError: it is another scheme, several, or none.
    """
    schemes = parse_schemes(text)
    if len(schemes) != 1 or schemes[0].scheme.lower() != "digest":
        names = ", ".join(scheme.scheme for scheme in schemes) or "nothing"
        raise MessageError(f"expected one Digest scheme, got {names}")
    return schemes[0]


def format_digest(parameters: Iterable[tuple[str, str | None]]) -> str:
    """Write ``Digest`` and the parameters whose value, already quoted or not, is not None."""
    return "Digest " + ", ".join(
        f"{name}={value}" for name, value in parameters if value is not None
    )


def quote(value: str) -> str:
    """Write a quoted-string.

    Raises:
        MessageError: a character in it can stand in no header.
    """
    check_text(value)
    escaped = _TO_ESCAPE.sub(r"\\\1", value)
    return f'"{escaped}"'


def quote_unless_token(value: str) -> str:
    """Write a value bare where the grammar allows it, quoted where not."""
    return value if _TOKEN.fullmatch(value) else quote(value)


def check_text(text: str) -> None:
    """Refuse what would end a header line, or has no bytes on the wire.

    Raises:
        MessageError: it is refused.
    """
    if not {"\r", "\n", "\0"}.isdisjoint(text):
        raise MessageError("line breaks and NUL cannot stand in an authentication header")
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise MessageError(f"authentication header: {error}") from None


def _split(text: str) -> list[str]:
    elements = []
    position = 0
    while position <= len(text):
        match = _ELEMENT.match(text, position)
        assert match is not None  # noqa: S101  # the pattern matches the empty text
        if match.end() < len(text) and text[match.end()] != ",":
            raise MessageError("authentication header: a quoted value does not end")
        if element := match[0].strip():
            elements.append(element)
        position = match.end() + 1
    return elements


def _unquote(value: str) -> str:
    quoted = _QUOTED.fullmatch(value)
    if quoted is not None:
        return _ESCAPED.sub(r"\1", quoted[1])
    if '"' in value:
        raise MessageError(f"authentication header: {value!r} is quoted only in part")
    return value
