"""The grammar that challenges and credentials share: ``Digest name=value, name="value"``.

RFC 7235 section 2.1 and RFC 3261 section 25.1. Real servers leave quotes away and quote where
they should not, so a value may be quoted or not, whatever its name is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from siptapi_core.errors import MessageError
from siptapi_core.sip.auth.digest import KNOWN_QOPS
from siptapi_core.sip.parameters import QUOTED, TOKEN, excerpt, is_token, quote, unquote
from siptapi_core.values import Value

# Compiled when first used: most calls begin before anything is challenged.
_ELEMENT = rf'(?s)((?:[^",]|{QUOTED})*+)(?:,|\Z)'
_PARAMETER = rf"(?s)({TOKEN})[ \t]*=[ \t]*(.*)"
_SCHEME = rf"(?s)({TOKEN})(?:[ \t]+(.+))?"


class SchemeParameters(Value):
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
    schemes: list[SchemeParameters] = []
    name = ""
    for element in _split(text):
        parameter = re.fullmatch(_PARAMETER, element)
        if parameter is None:
            if name == "qop" and element.lower() in KNOWN_QOPS:
                schemes[-1].parameters["qop"] += f",{element}"  # a list that lacks its quotes
                continue
            scheme = re.fullmatch(_SCHEME, element)
            if scheme is None:
                raise MessageError(f"{excerpt(element)} is no authentication parameter")
            schemes.append(SchemeParameters(scheme[1], {}))
            parameter = re.fullmatch(_PARAMETER, scheme[2] or "")
            if parameter is None:
                name = ""
                continue
        if not schemes:
            raise MessageError(f"{excerpt(element)} comes before any authentication scheme")
        name = parameter[1].lower()
        schemes[-1].parameters.setdefault(name, _value(parameter[2]))
    return tuple(schemes)


def parse_digest(text: str) -> SchemeParameters:
    """Read a text that must be one ``Digest`` scheme.

    Raises:
        MessageError: it is another scheme, several, or none.
    """
    schemes = parse_schemes(text)
    if len(schemes) != 1 or schemes[0].scheme.lower() != "digest":
        names = ", ".join(scheme.scheme for scheme in schemes) or "nothing"
        raise MessageError(f"expected one Digest scheme, got {excerpt(names)}")
    return schemes[0]


def format_digest(parameters: Iterable[tuple[str, str | None]]) -> str:
    """Write ``Digest`` and the parameters whose value, already quoted or not, is not None."""
    return "Digest " + ", ".join(
        f"{name}={value}" for name, value in parameters if value is not None
    )


def quote_unless_token(value: str) -> str:
    """Write a value bare where the grammar allows it, quoted where not."""
    return value if is_token(value) else quote(value)


def _split(text: str) -> list[str]:
    if "\r" in text or "\n" in text:
        raise MessageError("a line break inside an authentication header")
    next_element = re.compile(_ELEMENT).match
    elements = []
    position = 0
    while position < len(text):
        match = next_element(text, position)
        if match is None:
            raise MessageError(f"{excerpt(text)}: a quoted value does not end")
        if element := match[1].strip():
            elements.append(element)
        position = match.end()
    return elements


def _value(text: str) -> str:
    if re.fullmatch(QUOTED, text, re.DOTALL):
        return unquote(text)
    if '"' in text:
        raise MessageError(f"{excerpt(text)} is quoted only in part")
    return text
