"""The Via header: which way a request came, and so which way its response goes."""

from __future__ import annotations

from typing import NamedTuple

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import (
    HOST,
    LARGEST_PORT,
    PLAIN_VALUE,
    TOKEN,
    Parameters,
    excerpt,
    find_parameter,
    format_parameters,
    parse_parameters,
    replace_parameter,
)
from siptapi_core.sip.pattern import Pattern

_via = Pattern(
    rf"[ \t]*+[Ss][Ii][Pp][ \t]*+/[ \t]*+{TOKEN}[ \t]*+/[ \t]*+({TOKEN})[ \t]++"
    rf"{HOST}(?:[ \t]*+:[ \t]*+([0-9]{{1,5}}))?+[ \t]*+"
    rf"(?:;branch=({PLAIN_VALUE}))?+[ \t]*+"  # nearly every Via has it: read with the rest
)


class Via(NamedTuple):
    """One Via value (RFC 3261 sections 18.2, 20.42; ``rport``: RFC 3581).

    ``transport`` is upper-case, as ``UDP``; ``host`` an IPv6 address without brackets.
    """

    transport: str
    host: str
    port: int | None = None
    parameters: Parameters = ()

    @staticmethod
    def parse(text: str) -> Via:
        """See `parse_via`."""
        return parse_via(text)

    def __str__(self) -> str:
        """The value of the header, with version 2.0."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {host}{port}{format_parameters(self.parameters)}"

    @property
    def branch(self) -> str | None:
        """What identifies the transaction (RFC 3261 section 8.1.1.7)."""
        return find_parameter(self.parameters, "branch")

    @property
    def received(self) -> str | None:
        """The address that the request came from, where it is not ``host``."""
        return find_parameter(self.parameters, "received")

    @property
    def rport(self) -> str | None:
        """The port it came from; "" asks to fill it in (RFC 3581)."""
        return find_parameter(self.parameters, "rport")

    def parameter(self, name: str) -> str | None:
        """The parameter ``name``, unquoted; "" where it has no value, None if absent."""
        return find_parameter(self.parameters, name)

    def has_parameter(self, name: str) -> bool:
        """Whether parameter ``name`` is there, with a value or without."""
        return find_parameter(self.parameters, name) is not None

    def with_parameter(self, name: str, value: str | None = None) -> Via:
        """This Via with parameter ``name`` set."""
        return self._replace(parameters=replace_parameter(self.parameters, name, value))


def parse_via(text: str) -> Via:
    """Read one Via value, of any SIP version.

    Raises:
        MessageError: it is none.
    """
    match = _via.match(text)
    if match is None or (match[4] and int(match[4]) > LARGEST_PORT):
        raise MessageError(f"{excerpt(text)} is no Via")
    transport, ipv6, name, port, branch = match.groups()
    parameters: Parameters = () if branch is None else (("branch", branch),)
    if rest := text[match.end() :]:
        parameters += parse_parameters(rest)
    return Via(transport.upper(), ipv6 or name, None if port is None else int(port), parameters)
