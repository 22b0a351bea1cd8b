"""The address of From, To, Contact, Route, Refer-To, ...: ``"Name" <uri>;parameters``."""

from __future__ import annotations

import re
from typing import NamedTuple

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import (
    PLAIN_VALUE,
    QUOTED,
    Parameters,
    excerpt,
    find_parameter,
    format_parameters,
    parse_parameters,
    quote,
    remembered,
    replace_parameter,
    unquote,
)
from siptapi_core.sip.pattern import Pattern
from siptapi_core.sip.uri import Uri, parse_uri

# The grammar wants tokens in an unquoted name; phones send more. A comma or semicolon there would
# end the value, so those stay errors.
_name_addr = Pattern(
    rf'[ \t]*+(?:({QUOTED})[ \t]*+|([^"<>,;\x00-\x08\x0a-\x1f\x7f]*+))<([^<>]*+)>'
    rf"(?:;tag=({PLAIN_VALUE}))?+[ \t]*+",  # most have this one and no other: read with the rest
    re.DOTALL,
)


class NameAddr(NamedTuple):
    """A ``name-addr`` or ``addr-spec`` with its header parameters (RFC 3261 sections 20.10, 25.1).

    ``display_name`` is what a person reads, unquoted. Writing gives always ``<...>``, so that
    nobody takes the URI's parameters for the header's.
    """

    uri: Uri
    display_name: str = ""
    parameters: Parameters = ()

    @staticmethod
    def parse(text: str) -> NameAddr:
        """See `parse_name_addr`."""
        return parse_name_addr(text)

    def __str__(self) -> str:
        """The value of the header."""
        name = f"{quote(self.display_name)} " if self.display_name else ""
        return f"{name}<{self.uri}>{format_parameters(self.parameters)}"

    @property
    def tag(self) -> str | None:
        """The ``tag`` that makes one end of a dialog (RFC 3261 section 19.3)."""
        return find_parameter(self.parameters, "tag")

    def parameter(self, name: str) -> str | None:
        """The header parameter ``name``, unquoted; "" where it has no value, None if absent."""
        return find_parameter(self.parameters, name)

    def with_tag(self, tag: str) -> NameAddr:
        """This address with ``tag``, in place of another one if there is one."""
        parameters = replace_parameter(self.parameters, "tag", tag)
        return NameAddr(self.uri, self.display_name, parameters)


@remembered
def parse_name_addr(text: str) -> NameAddr:
    """Read one address.

    Raises:
        MessageError: it is none. Without ``<...>`` a URI must not hold ``,`` or ``?``.
    """
    match = _name_addr.match(text)
    if match is not None:
        quoted, plain, uri, tag = match.groups()
        name = plain.strip() if quoted is None else unquote(quoted)
        parameters: Parameters = () if tag is None else (("tag", tag),)
        if rest := text[match.end() :]:
            parameters += parse_parameters(rest)
        return NameAddr(parse_uri(uri), name, parameters)
    uri, semicolon, rest = text.partition(";")
    if "?" in uri or "," in uri:
        raise MessageError(f"{excerpt(text)}: a URI with , or ? must stand in <...>")
    return NameAddr(parse_uri(uri.strip()), "", parse_parameters(semicolon + rest))
