"""SIP messages: requests and responses, read from bytes and written to bytes (RFC 3261 section 7).

Reading checks what routing and answering need: the start line, Via, From, To, Call-ID, CSeq,
Max-Forwards and Content-Length. Everything else is read when somebody asks for it, or all at once
by ``validate()``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from typing import Final, TypeVar

from siptapi_core.errors import MessageError
from siptapi_core.sip.cseq import CSeq, parse_cseq
from siptapi_core.sip.framing import cut_body, split_head
from siptapi_core.sip.headers import Headers, first_value, is_unsafe, unfold
from siptapi_core.sip.name_addr import NameAddr, parse_name_addr
from siptapi_core.sip.parameters import TOKEN, excerpt, is_token, remembered
from siptapi_core.sip.pattern import Pattern
from siptapi_core.sip.status import reason_phrase
from siptapi_core.sip.uri import OtherUri, Uri, parse_uri
from siptapi_core.sip.via import Via, parse_via

__all__ = ["MAXIMUM_SIZE", "Headers", "Message", "Request", "Response", "parse_message"]

T = TypeVar("T")

MAXIMUM_SIZE = 65535
"""The longest message in bytes, as long as a UDP datagram can be."""

METHODS = frozenset(
    (
        *("ACK", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK"),
        *("PUBLISH", "REFER", "REGISTER", "SUBSCRIBE", "UPDATE"),
    )
)
"""The registered methods (IANA registry of SIP methods)."""

_COPIED = {"from": "From", "to": "To", "call-id": "Call-ID", "cseq": "CSeq"}
_TRYING = 100
_LARGEST = 2**32 - 1
_LONGEST = len(str(_LARGEST))

_proper_status_line = Pattern(r"SIP/2\.0 [1-6][0-9]{2} .*")
_status_line = Pattern(r"[Ss][Ii][Pp]/2\.0 ([1-6][0-9]{2})(?: (.*))?")


class Message:
    """What requests and responses have in common. A value: never changed, compared by content.

    The accessors raise `MessageError` where their header is missing or cannot be read.
    """

    headers: Headers
    body: bytes

    @property
    def start_line(self) -> str:
        """The request line or status line."""
        raise NotImplementedError

    def encode(self, via: str = "") -> bytes:
        """The message as it is sent; Content-Length is always the body's.

        ``via``, if it is not empty, is the value of a Via above all others.

        Raises:
            MessageError: the start line cannot be sent.
        """
        start_line = _sendable(self.start_line)
        top = f"Via: {via}\r\n" if via else ""
        headers = self.headers.written(len(self.body))
        return f"{start_line}\r\n{top}{headers}\r\n".encode() + self.body

    @cached_property
    def via(self) -> Via:
        """The top Via: of whoever sent us the request, or our own in a response."""
        line = self.headers.get("Via")
        if line is None:
            raise MessageError("there is no Via")
        return _read_value("Via", first_value(line), parse_via)

    @property
    def vias(self) -> tuple[Via, ...]:
        """All Via values, the top first."""
        values = self.headers.values("Via")
        return tuple([_read_value("Via", value, parse_via) for value in values])

    @cached_property
    def from_(self) -> NameAddr:
        """The From header."""
        return _read_value("From", self.headers.only("From"), parse_name_addr)

    @cached_property
    def to(self) -> NameAddr:
        """The To header."""
        return _read_value("To", self.headers.only("To"), parse_name_addr)

    @cached_property
    def call_id(self) -> str:
        """The Call-ID, compared byte by byte."""
        return self.headers.only("Call-ID")

    @cached_property
    def cseq(self) -> CSeq:
        """The CSeq header."""
        return _read_value("CSeq", self.headers.only("CSeq"), parse_cseq)

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact, None if there is none. ``*`` is no address: `MessageError`."""
        line = self.headers.get("Contact")
        if line is None:
            return None
        return _read_value("Contact", first_value(line), parse_name_addr)

    @property
    def contacts(self) -> tuple[NameAddr, ...]:
        """All Contact values. ``*`` is no address: `MessageError`."""
        return self._addresses("Contact")

    @property
    def record_routes(self) -> tuple[NameAddr, ...]:
        """All Record-Route values, the top first."""
        return self._addresses("Record-Route")

    @property
    def routes(self) -> tuple[NameAddr, ...]:
        """All Route values, the next hop first."""
        return self._addresses("Route")

    @property
    def content_type(self) -> str | None:
        """The media type of the body in lower case, without parameters; None if not given."""
        value = self.headers.get("Content-Type")
        return None if value is None else value.partition(";")[0].strip().lower()

    @property
    def max_forwards(self) -> int | None:
        """How many more hops the request may take; None if not given."""
        return _number(self.headers, "Max-Forwards")

    @property
    def expires(self) -> int | None:
        """The Expires header in seconds; None if not given, 2**32 - 1 for anything longer."""
        return _number(self.headers, "Expires")

    def validate(self) -> None:
        """Read every header that we know, and hold them against each other.

        Raises:
            MessageError: something is wrong; ``status`` is what to answer a request with.
        """
        from siptapi_core.sip import validation  # noqa: PLC0415  # it imports this module

        validation.validate(self)

    def _addresses(self, name: str) -> tuple[NameAddr, ...]:
        values = self.headers.values(name)
        return tuple([_read_value(name, value, parse_name_addr) for value in values])

    def __eq__(self, other: object) -> bool:
        """Whether the other is the same kind of message, with the same start line and content."""
        if not isinstance(other, type(self)):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        """Equal messages have equal hashes."""
        return hash(self._content())

    def _content(self) -> tuple[object, ...]:
        return (self.start_line, self.headers, self.body)

    def __repr__(self) -> str:
        """The start line, for a debugger; the headers may hold secrets."""
        return f"<{type(self).__name__} {self.start_line!r}>"


@remembered
def _sendable(start_line: str) -> str:
    if is_unsafe(start_line) or not _can_be_sent(start_line):
        raise MessageError(f"{excerpt(start_line)} is no start line that can be sent")
    return start_line


def _can_be_sent(start_line: str) -> bool:
    if start_line.startswith("SIP/2.0 "):
        return _proper_status_line.fullmatch(start_line) is not None
    method, _, rest = start_line.partition(" ")
    uri, _, version = rest.partition(" ")
    return is_token(method) and uri != "" and version == "SIP/2.0"


def _read_value(name: str, value: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(value)
    except MessageError as error:
        raise MessageError(f"{name}: {error}") from None


def _number(headers: Headers, name: str) -> int | None:
    value = headers.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()):
        raise MessageError(f"{name}: {excerpt(value)} is no number")
    # int() refuses thousands of digits; what is above a field's range means its upper end.
    digits = value.lstrip("0") or "0"
    return _LARGEST if len(digits) > _LONGEST else min(int(digits), _LARGEST)


class Request(Message):
    """A request. ``uri`` is the Request-URI."""

    method: Final[str]
    uri: Final[Uri]

    def __init__(self, method: str, uri: Uri, headers: Headers, body: bytes = b"") -> None:
        self.method = method
        self.uri = uri
        self.headers = headers
        self.body = body

    @property
    def start_line(self) -> str:
        """``METHOD uri SIP/2.0``."""
        return f"{self.method} {self.uri} SIP/2.0"

    def with_headers(self, headers: Headers) -> Request:
        """This request with other headers."""
        return Request(self.method, self.uri, headers, self.body)

    def response(
        self,
        status: int,
        reason: str | None = None,
        *,
        to_tag: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Response:
        """The response to this request (RFC 3261 section 8.2.6).

        Copies Via, From, To, Call-ID and CSeq, those that are there, and Timestamp into a 100.
        ``to_tag`` goes into To unless To has a tag already or ``status`` is 100; ``headers``
        follow. ``reason`` None is the registered phrase.
        """
        pairs = [("Via", line) for line in self.headers.lines("Via")]
        for key, name in _COPIED.items():
            line = self.headers.index.get(key)
            if isinstance(line, list):
                line = line[0]
            if line is not None:
                tagged = name == "To" and to_tag and status > _TRYING and self._lacks_to_tag()
                pairs.append((name, f"{line};tag={to_tag}" if tagged else line))
        if status == _TRYING:
            pairs += [("Timestamp", line) for line in self.headers.lines("Timestamp")]
        pairs += headers
        phrase = reason_phrase(status) if reason is None else reason
        return Response(status, phrase, Headers(pairs), body)

    def _lacks_to_tag(self) -> bool:
        try:
            return self.to.tag is None
        except MessageError:
            return False  # a To that cannot be read is copied as it is


class Response(Message):
    """A response. ``status`` is 100 to 699."""

    status: Final[int]
    reason: Final[str]

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body

    @property
    def start_line(self) -> str:
        """``SIP/2.0 status reason``."""
        return f"SIP/2.0 {self.status} {self.reason}"


def parse_message(data: bytes) -> Request | Response:
    """Read one datagram, or one framed message of a stream.

    Empty lines before it are skipped, line ends may be LF, headers may be folded; what follows
    the body is ignored. Text that is no UTF-8 is read as Latin-1, as old phones send it.

    Raises:
        MessageError: this is no SIP message, or one with a fault in its start line, in a header
            that reading checks (see the module), or in its framing. ``request`` is the request
            where it can still be answered, with ``status``; else None.
    """
    start_line, lines, rest = split_head(data)
    try:
        return _read(data, start_line, lines, rest)
    except MessageError as error:
        error.request = _answerable(start_line, lines)
        raise


_ROUTING: Mapping[str, tuple[str, str, Callable[[str], object]]] = {
    "via": ("via", "Via", parse_via),
    "from": ("from_", "From", parse_name_addr),
    "to": ("to", "To", parse_name_addr),
    "cseq": ("cseq", "CSeq", parse_cseq),
    "call-id": ("call_id", "Call-ID", str),
}


def _read(data: bytes, start_line: str, lines: str, rest: bytes | None) -> Request | Response:
    if len(data) > MAXIMUM_SIZE:
        raise MessageError(f"{len(data)} bytes are more than {MAXIMUM_SIZE}", status=513)
    if rest is None:
        raise MessageError("no SIP message: no empty line ends its headers")
    if b"\0" in data and any(map(is_unsafe, (start_line, *lines.split("\r\n")))):
        raise MessageError("there is a NUL in the headers")
    headers = Headers.from_text(lines)
    index = headers.index
    create = _read_start_line(start_line)
    length = index.get("content-length")
    message = create(headers, rest if length == str(len(rest)) else cut_body(length, rest))
    # Read now, to where cached_property looks first: its own way takes a lock each on Python 3.11.
    for key, (attribute, name, parse) in _ROUTING.items():
        line = index.get(key)
        if not isinstance(line, str):
            line = line[0] if line and key == "via" else headers.only(name)
        if key == "via" and "," in line:
            line = first_value(line)
        try:
            setattr(message, attribute, parse(line))
        except MessageError as error:
            raise MessageError(f"{name}: {error}") from None
    if "max-forwards" in index:
        _number(headers, "Max-Forwards")
    return message


@remembered
def _read_start_line(line: str) -> partial[Request] | partial[Response]:
    """What makes the message of its headers and body."""
    if line[:4].upper() == "SIP/":
        match = _status_line.fullmatch(line)
        if match is None:
            raise MessageError(f"{excerpt(line)} is no status line")
        return partial(Response, int(match[1]), match[2] or "")
    parts = line.split(" ")
    if len(parts) != 3:  # noqa: PLR2004  # as it says
        raise MessageError(f"{excerpt(line)} is no request line: method, URI and version")
    method, uri, version = parts
    if version != "SIP/2.0" and version.upper() != "SIP/2.0":
        status = 505 if re.fullmatch(r"(?i)SIP/[0-9]+\.[0-9]+", version) else 400
        raise MessageError(f"version {excerpt(version)} is not SIP/2.0", status=status)
    if method not in METHODS and not is_token(method):
        raise MessageError(f"{excerpt(method)} is no method")
    return partial(Request, method, parse_uri(uri))


def _answerable(start_line: str, lines: str) -> Request | None:
    """A faulty request with what of it can be read, if that is enough for sending an answer."""
    method, *target = start_line.split() or [""]
    version = target.pop() if target else ""
    if method == "ACK" or not is_token(method) or version[:4].upper() != "SIP/":
        return None
    uri: Uri
    try:
        uri = parse_uri(" ".join(target))
    except MessageError:
        uri = OtherUri("invalid", "request-uri")
    readable = [f"{line}\r\n" for line in unfold(lines).split("\r\n") if _is_header(line)]
    headers = Headers.from_text("".join(readable))
    request = Request(method, uri, headers)
    try:
        _ = request.via
    except MessageError:
        return _with_repaired_via(request)
    return request


def _with_repaired_via(request: Request) -> Request | None:
    """``request`` with what can be read of its top Via alone: enough to find its sender."""
    sent_by, *parameters = (request.headers.get("Via") or "").partition(",")[0].split(";")
    readable = (each for each in parameters if re.fullmatch(rf"{TOKEN}(?:={TOKEN})?+", each))
    repaired = ";".join((sent_by, *readable))
    try:
        Via.parse(repaired)
    except MessageError:
        return None
    return request.with_headers(request.headers.replaced("Via", repaired))


def _is_header(line: str) -> bool:
    name, colon, _ = line.partition(":")
    return colon != "" and is_token(name.rstrip()) and not is_unsafe(line)
