"""SIP, SIPS and tel URIs, and whatever other scheme comes along (RFC 3261 section 19, RFC 3966).

User, password, parameters and headers are kept as on the wire, escapes included, because what a
PBX dials depends on them: ``%2B`` is not ``+`` (RFC 3261 section 19.1.4).
"""

from __future__ import annotations

import functools
import re

from attrs import evolve, field, frozen

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import HOST, Parameters, excerpt, replace_parameter

# Wider than the grammar, as phones are: anything that cannot be mistaken for the next part.
_WORD = r'[^\x00-\x20\x7f"<>@:%\ud800-\udfff]'
_PARAMETER = r'[^\x00-\x20\x7f"<>@;?=%\ud800-\udfff]'
_HEADER = r'[^\x00-\x20\x7f"<>@?=&%\ud800-\udfff]'
_ESCAPED = r"%[0-9A-Fa-f]{2}"


def _run(character: str) -> str:
    return rf"(?:{character}|{_ESCAPED})++"


_USER = _run(_WORD)
_PASSWORD = rf"(?:{_WORD}|{_ESCAPED})*+"
_NAME_VALUE = rf"({_run(_PARAMETER)})(?:=({_run(_PARAMETER)}))?+"
_HEADER_VALUE = rf"({_run(_HEADER)})=((?:{_HEADER}|{_ESCAPED})*+)"

_sip_uri = re.compile(
    rf"(sips?+):(?:({_USER})(?::({_PASSWORD}))?+@)?{HOST}(?::([0-9]{{1,5}}))?+"
    r"((?:;[^;?]*+)*+)(?:\?(.*+))?+",
    re.IGNORECASE | re.DOTALL,
).fullmatch
_is_user = re.compile(_USER).fullmatch
_is_password = re.compile(_PASSWORD).fullmatch
_is_host = re.compile(r"[A-Za-z0-9\-._]++|(?=[^:]*+:[^:]*+:)[0-9A-Fa-f:.]++").fullmatch
_name_value = re.compile(_NAME_VALUE).fullmatch
_header_value = re.compile(_HEADER_VALUE).fullmatch
_tel_uri = re.compile(r"tel:(\+?[0-9A-Fa-f*#().\-]++)((?:;[^;]*+)*+)", re.IGNORECASE).fullmatch
_other_uri = re.compile(
    r'([A-Za-z][A-Za-z0-9+.\-]*+):([^\x00-\x20\x7f"<>\ud800-\udfff]++)'
).fullmatch
_forbidden_in_user = re.compile(r"[^A-Za-z0-9\-_.!~*'()&=+$,;?/]")
_escapes = re.compile(rf"(?:{_ESCAPED})++")

_LONGEST_PORT = 65535
_LONGEST_CACHED = 200


def unescape(text: str) -> str:
    """``text`` with its ``%HH`` read as UTF-8; bytes that are none become U+FFFD."""
    if "%" not in text:
        return text
    return _escapes.sub(
        lambda run: bytes.fromhex(run[0].replace("%", "")).decode("utf-8", "replace"), text
    )


def escape_user(text: str) -> str:
    """``text`` as the user part of a SIP URI: ``*21#`` becomes ``*21%23``.

    Escapes exactly what the grammar of ``user`` forbids (RFC 3261 section 25.1), as UTF-8;
    never ``+`` or ``*``, which a PBX would dial as they are written.

    Raises:
        MessageError: ``text`` has half a character (a lone surrogate).
    """
    return _forbidden_in_user.sub(_escape_character, text)


def _escape_character(match: re.Match[str]) -> str:
    try:
        octets = match[0].encode()
    except UnicodeEncodeError:
        raise MessageError(f"{excerpt(match.string)}: not text that can be sent as UTF-8") from None
    return "".join(f"%{octet:02X}" for octet in octets)


def _lower(text: str) -> str:
    return text.lower()


@frozen
class SipUri:
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

    def __attrs_post_init__(self) -> None:
        """Refuse what could not be read back."""
        if self.scheme not in {"sip", "sips"}:
            raise MessageError(f"{excerpt(self.scheme)}: a SIP URI's scheme is sip or sips")
        if _is_host(self.host) is None:
            raise MessageError(f"{excerpt(self.host)} is no host name or IP address")
        if self.port is not None and not 0 <= self.port <= _LONGEST_PORT:
            raise MessageError(f"{self.port} is no port: 0 to {_LONGEST_PORT}")
        if self.user is not None and _is_user(self.user) is None:
            raise MessageError(f"{excerpt(self.user)}: no user of a SIP URI; it must be escaped")
        if self.password is not None and (self.user is None or _is_password(self.password) is None):
            raise MessageError("the password of a SIP URI must be escaped, and needs a user")
        _check_pairs(self.parameters)
        for name, value in self.headers:
            if _header_value(f"{name}={value}") is None:
                raise MessageError(f"{excerpt(f'{name}={value}')} cannot be a URI's header")

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
        return (
            self.scheme == other.scheme
            and _normal(self.user) == _normal(other.user)
            and _normal(self.password) == _normal(other.password)
            and self.host == other.host
            and self.port == other.port
            and _same_parameters(self.parameters, other.parameters)
            and _normal_pairs(self.headers) == _normal_pairs(other.headers)
        )


@frozen
class TelUri:
    """A telephone number as a URI (RFC 3966); ``number`` with its visual separators."""

    number: str
    parameters: Parameters = ()

    def __attrs_post_init__(self) -> None:
        """Refuse what could not be read back."""
        if _tel_uri(f"tel:{self.number}") is None:
            raise MessageError(f"{excerpt(self.number)} is no number of a tel: URI")
        _check_pairs(self.parameters)

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
        return f"tel:{self.number}{_format_pairs(self.parameters)}"

    @property
    def is_global(self) -> bool:
        """Whether the number is valid everywhere: it begins with ``+``."""
        return self.number.startswith("+")

    def parameter(self, name: str) -> str | None:
        """The value of parameter ``name``, escapes read; "" where it has none, None if absent."""
        return _find_pair(self.parameters, name)


@frozen
class OtherUri:
    """A URI of a scheme that we only pass on: ``http``, ``urn``, ``mailto``, ..."""

    scheme: str
    rest: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"


Uri = SipUri | TelUri | OtherUri


def parse_uri(text: str) -> Uri:
    """Read a URI of any scheme.

    Raises:
        MessageError: it is none, or a SIP or tel URI with a fault.
    """
    if len(text) <= _LONGEST_CACHED:
        return _parse_cached(text)
    return _parse(text)


def _parse(text: str) -> Uri:
    scheme = text.partition(":")[0].lower()
    if scheme in {"sip", "sips"}:
        return _parse_sip(text)
    if scheme == "tel":
        match = _tel_uri(text)
        if match is None:
            raise MessageError(f"{excerpt(text)} is no tel: URI (RFC 3966)")
        return TelUri(match[1], _parse_pairs(match[2]))
    match = _other_uri(text)
    if match is None:
        raise MessageError(f"{excerpt(text)} is no URI")
    return OtherUri(scheme, match[2])


# A call repeats the same few URIs in every message.
_parse_cached = functools.lru_cache(maxsize=1024)(_parse)


def _parse_sip(text: str) -> SipUri:
    match = _sip_uri(text)
    if match is None:
        raise MessageError(f"{excerpt(text)} is no SIP URI (RFC 3261 section 19.1)")
    scheme, user, password, ipv6, name, port, parameters, headers = match.groups()
    return SipUri(
        ipv6 or name,
        user,
        None if port is None else int(port),
        scheme.lower(),
        password,
        _parse_pairs(parameters),
        () if headers is None else _parse_headers(headers),
    )


def _parse_pairs(text: str) -> Parameters:
    if not text:
        return ()
    pairs: list[tuple[str, str | None]] = []
    for part in text[1:].split(";"):
        name, equals, value = part.partition("=")
        pairs.append((name, value if equals else None))
    return tuple(pairs)


def _parse_headers(text: str) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if not equals:
            raise MessageError(f"{excerpt(part)}: a URI's header is name=value")
        pairs.append((name, value))
    return tuple(pairs)


def _check_pairs(parameters: Parameters) -> None:
    for name, value in parameters:
        text = name if value is None else f"{name}={value}"
        if _name_value(text) is None:
            raise MessageError(f"{excerpt(text)} cannot be a URI's parameter; it must be escaped")


def _format_pairs(parameters: Parameters) -> str:
    return "".join(
        f";{name}" if value is None else f";{name}={value}" for name, value in parameters
    )


def _find_pair(parameters: Parameters, name: str) -> str | None:
    name = name.lower()
    for key, value in parameters:
        if unescape(key).lower() == name:
            return unescape(value or "")
    return None


_RESERVED = frozenset(";/?:@&=+$,")
_MUST_AGREE = frozenset({"user", "ttl", "method", "maddr", "transport"})


def _normal(text: str | None) -> str | None:
    """``text`` with those escapes read that do not change what it means: all but reserved ones."""
    if text is None or "%" not in text:
        return text
    return re.sub(_ESCAPED, _normal_escape, text)


def _normal_escape(match: re.Match[str]) -> str:
    character = chr(int(match[0][1:], 16))
    if character.isascii() and character.isprintable() and character not in _RESERVED | {"%"}:
        return character
    return match[0].upper()


def _normal_pairs(
    pairs: tuple[tuple[str, str], ...] | Parameters,
) -> dict[str, str | None]:
    return {
        (_normal(name) or "").lower(): None if value is None else (_normal(value) or "").lower()
        for name, value in pairs
    }


def _same_parameters(one: Parameters, other: Parameters) -> bool:
    first, second = _normal_pairs(one), _normal_pairs(other)
    shared = first.keys() & second.keys()
    alone = first.keys() ^ second.keys()
    return not alone & _MUST_AGREE and all(first[name] == second[name] for name in shared)
