"""SIP, SIPS and tel URIs, and whatever other scheme comes along (RFC 3261 section 19, RFC 3966).

User, password, parameters and headers are kept as on the wire, escapes included, because what a
PBX dials depends on them: ``%2B`` is not ``+`` (RFC 3261 section 19.1.4).
"""

from __future__ import annotations

import re

from attrs import evolve, field, frozen

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import (
    HOST,
    LARGEST_PORT,
    Parameters,
    excerpt,
    remembered,
    replace_parameter,
)
from siptapi_core.values import Compared, Value

_ESCAPED = r"%[0-9A-Fa-f]{2}"

# Wider than the grammar, as phones are: whatever cannot be taken for the next part.
_OTHER = r'[^\x00-\x20\x7f"<>@'
_PARAMETER = rf"{_OTHER};?=]++(?:={_OTHER};?=]++)?+"
_HEADER = rf"{_OTHER}?=&]++={_OTHER}?=&]*+"

_sip_uri = re.compile(
    rf"([Ss][Ii][Pp][Ss]?+):(?:({_OTHER}:]++)(?::({_OTHER}:]*+))?+@)?{HOST}(?::([0-9]{{1,5}}))?+"
    rf"((?:;{_PARAMETER})*+)(?:\?({_HEADER}(?:&{_HEADER})*+))?+"
).fullmatch
# Rarer, so compiled when the first one is met.
_TEL_URI = rf"[Tt][Ee][Ll]:(\+?[0-9A-Fa-f*#().\-]++)((?:;{_PARAMETER})*+)"
_OTHER_URI = r'([A-Za-z][A-Za-z0-9+.\-]*+):([^\x00-\x20\x7f"<>]++)'


def unescape(text: str) -> str:
    """``text`` with its ``%HH`` read as UTF-8; bytes that are none become U+FFFD."""
    if "%" not in text:
        return text
    return re.sub(
        rf"(?:{_ESCAPED})++",
        lambda run: bytes.fromhex(run[0].replace("%", "")).decode("utf-8", "replace"),
        text,
    )


def escape_user(text: str) -> str:
    """``text`` as the user part of a SIP URI: ``*21#`` becomes ``*21%23``.

    Escapes exactly what the grammar of ``user`` forbids (RFC 3261 section 25.1), as UTF-8;
    never ``+`` or ``*``, which a PBX would dial as they are written.

    Raises:
        MessageError: ``text`` has half a character (a lone surrogate).
    """
    if text.isascii() and text.isalnum():
        return text
    return re.sub(r"[^A-Za-z0-9\-_.!~*'()&=+$,;?/]", _escape_character, text)


def _escape_character(match: re.Match[str]) -> str:
    try:
        octets = match[0].encode()
    except UnicodeEncodeError:
        raise MessageError(f"{excerpt(match.string)}: not text that can be sent as UTF-8") from None
    return "".join(f"%{octet:02X}" for octet in octets)


def _lower(text: str) -> str:
    return text.lower()


@frozen(eq=False, repr=False)
class SipUri(Compared):
    """A ``sip:`` or ``sips:`` URI (RFC 3261 section 19.1).

    ``user``, ``password``, ``parameters`` and ``headers`` are as on the wire, escaped; `user_text`
    reads the user. ``host`` is lower-cased, an IPv6 address without brackets.

    Raises:
        MessageError: a part has characters that cannot stand there. Escape a user with
            `escape_user`.
    """

    host: str = field(converter=_lower)
    user: str | None = None
    port: int | None = None
    scheme: str = "sip"
    password: str | None = None
    parameters: Parameters = ()
    headers: tuple[tuple[str, str], ...] = ()
    _text: str = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Refuse what would be read back as something else."""
        text = self._write()
        parts = (self.host, self.user, self.port, self.scheme)
        if _read_sip(text) != (*parts, self.password, self.parameters, self.headers):
            raise MessageError(f"{excerpt(text)}: a part of this SIP URI must be escaped")
        object.__setattr__(self, "_text", text)  # asked for with each message

    @classmethod
    def parse(cls, text: str) -> SipUri:
        """Read a SIP or SIPS URI.

        Raises:
            MessageError: it is none.
        """
        uri = parse_uri(text)
        if not isinstance(uri, SipUri):
            raise MessageError(f"{excerpt(text)} is no sip: or sips: URI")
        return uri

    def __str__(self) -> str:
        """The URI."""
        return self._text

    def __eq__(self, other: object) -> bool:
        """Whether all parts are the same: then, and only then, both are written alike."""
        return self._text == other._text if isinstance(other, SipUri) else NotImplemented

    def __hash__(self) -> int:
        """Equal URIs have equal hashes."""
        return hash(self._text)

    def _write(self) -> str:
        text = f"{self.scheme}:"
        if self.user is not None:
            password = "" if self.password is None else f":{self.password}"
            text += f"{self.user}{password}@"
        text += f"[{self.host}]" if ":" in self.host else self.host
        if self.port is not None:
            text += f":{self.port}"
        text += _format_pairs(self.parameters)
        if self.headers:
            text += "?" + "&".join(f"{name}={value}" for name, value in self.headers)
        return text

    @property
    def user_text(self) -> str:
        """The user with its escapes read; "" where there is none."""
        return unescape(self.user or "")

    def parameter(self, name: str) -> str | None:
        """The value of parameter ``name``, escapes read; "" where it has none, None if absent."""
        return _find_pair(self.parameters, name)

    def has_parameter(self, name: str) -> bool:
        """Whether parameter ``name`` is there, with a value or without."""
        return self.parameter(name) is not None

    def with_parameter(self, name: str, value: str | None = None) -> SipUri:
        """This URI with parameter ``name`` set."""
        return evolve(self, parameters=replace_parameter(self.parameters, name, value))

    def without_parameter(self, name: str) -> SipUri:
        """This URI without parameter ``name``."""
        name = name.lower()
        rest = tuple(pair for pair in self.parameters if unescape(pair[0]).lower() != name)
        return self if len(rest) == len(self.parameters) else evolve(self, parameters=rest)

    @property
    def transport(self) -> str | None:
        """The ``transport`` parameter, lower-cased."""
        value = self.parameter("transport")
        return value.lower() if value else None

    @property
    def is_loose_router(self) -> bool:
        """Whether it has ``lr`` (RFC 3261 section 16.12)."""
        return self.has_parameter("lr")

    def equivalent(self, other: SipUri) -> bool:
        """Whether both mean the same resource by the rules of RFC 3261 section 19.1.4."""
        from siptapi_core.sip import equivalence  # noqa: PLC0415  # seldom asked

        return equivalence.equivalent(self, other)


class TelUri(Value):
    """A telephone number as a URI (RFC 3966); ``number`` with its visual separators."""

    number: str
    parameters: Parameters = ()

    def _check(self) -> None:
        if _read_tel(str(self)) != (self.number, self.parameters):
            raise MessageError(f"{excerpt(str(self))}: a part of this tel: URI must be escaped")

    @classmethod
    def parse(cls, text: str) -> TelUri:
        """Read a tel URI.

        Raises:
            MessageError: it is none.
        """
        uri = parse_uri(text)
        if not isinstance(uri, TelUri):
            raise MessageError(f"{excerpt(text)} is no tel: URI")
        return uri

    def __str__(self) -> str:
        """The URI."""
        return f"tel:{self.number}{_format_pairs(self.parameters)}"

    @property
    def is_global(self) -> bool:
        """Whether the number is valid everywhere: it begins with ``+``."""
        return self.number.startswith("+")

    def parameter(self, name: str) -> str | None:
        """The value of parameter ``name``, escapes read; "" where it has none, None if absent."""
        return _find_pair(self.parameters, name)


class OtherUri(Value):
    """A URI of a scheme that we only pass on: ``http``, ``urn``, ``mailto``, ..."""

    scheme: str
    rest: str

    def _check(self) -> None:
        self.__dict__["scheme"] = self.scheme.lower()
        if _read_other(str(self)) != (self.scheme, self.rest):
            raise MessageError(f"{excerpt(str(self))} is no URI")

    def __str__(self) -> str:
        """The URI."""
        return f"{self.scheme}:{self.rest}"


Uri = SipUri | TelUri | OtherUri


@remembered
def parse_uri(text: str) -> Uri:
    """Read a URI of any scheme.

    Raises:
        MessageError: it is none, or a SIP or tel URI with a fault.
    """
    scheme = text.partition(":")[0].lower()
    if scheme in {"sip", "sips"}:
        return SipUri(*_read_sip(text))
    if scheme == "tel":
        return TelUri(*_read_tel(text))
    return OtherUri(*_read_other(text))


_SipParts = tuple[
    str, str | None, int | None, str, str | None, Parameters, tuple[tuple[str, str], ...]
]


@remembered
def _read_sip(text: str) -> _SipParts:
    match = _sip_uri(text)
    if match is None or _has_broken_escape(text):
        raise MessageError(f"{excerpt(text)} is no SIP URI (RFC 3261 section 19.1)")
    scheme, user, password, ipv6, name, port, parameters, headers = match.groups()
    if port is not None and int(port) > LARGEST_PORT:
        raise MessageError(f"{excerpt(text)}: a port is at most {LARGEST_PORT}")
    return (
        (ipv6 or name).lower(),
        user,
        None if port is None else int(port),
        scheme.lower(),
        password,
        _read_pairs(parameters),
        tuple((name, value) for name, _, value in _partitions(headers, "&")) if headers else (),
    )


def _has_broken_escape(text: str) -> bool:
    return "%" in text and re.search(r"%(?![0-9A-Fa-f]{2})", text) is not None


def _read_tel(text: str) -> tuple[str, Parameters]:
    match = re.fullmatch(_TEL_URI, text)
    if match is None or _has_broken_escape(text):
        raise MessageError(f"{excerpt(text)} is no tel: URI (RFC 3966)")
    return match[1], _read_pairs(match[2])


def _read_other(text: str) -> tuple[str, str]:
    match = re.fullmatch(_OTHER_URI, text)
    if match is None:
        raise MessageError(f"{excerpt(text)} is no URI")
    return match[1].lower(), match[2]


def _read_pairs(text: str) -> Parameters:
    if not text:
        return ()
    return tuple((name, value or None) for name, _, value in _partitions(text[1:], ";"))


def _partitions(text: str, separator: str) -> list[tuple[str, str, str]]:
    return [part.partition("=") for part in text.split(separator)]


def _format_pairs(parameters: Parameters) -> str:
    if not parameters:
        return ""
    return "".join(
        f";{name}" if value is None else f";{name}={value}" for name, value in parameters
    )


def _find_pair(parameters: Parameters, name: str) -> str | None:
    name = name.lower()
    for key, value in parameters:
        if unescape(key).lower() == name:
            return unescape(value or "")
    return None
