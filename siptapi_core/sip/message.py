"""SIP messages: requests and responses, read from bytes and written to bytes (RFC 3261 section 7).

Reading checks what routing and answering need: the start line, Via, From, To, Call-ID, CSeq,
Max-Forwards and Content-Length. Everything else is read when somebody asks for it, or all at once
by ``validate()``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Final

from siptapi_core.errors import MessageError
from siptapi_core.sip.cseq import CSeq
from siptapi_core.sip.headers import Headers
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.parameters import excerpt, is_token
from siptapi_core.sip.status import reason_phrase
from siptapi_core.sip.uri import OtherUri, Uri, parse_uri
from siptapi_core.sip.via import Via

__all__ = ["MAXIMUM_SIZE", "Headers", "Message", "Request", "Response", "parse_message"]

MAXIMUM_SIZE = 65535
"""The longest message in bytes, as long as a UDP datagram can be."""

_LARGEST = 2**32 - 1

_fold = re.compile(r"\r?\n[ \t]+").sub
_digits = re.compile(r"[0-9]+").fullmatch
_status_line = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?", re.IGNORECASE).fullmatch
_version = re.compile(r"SIP/[0-9]+\.[0-9]+", re.IGNORECASE).fullmatch
_request_line = re.compile(r"[ \t]*([^ \t]+)[ \t]+(.*?)[ \t]+SIP/[^ \t]*[ \t]*").fullmatch


class Message:
    """What requests and responses have in common. A value: never changed, compared by content.

    The accessors raise `MessageError` where their header is missing or cannot be read.
    """

    headers: Final[Headers]
    body: Final[bytes]

    def __init__(self, headers: Headers, body: bytes = b"") -> None:
        self.headers = headers
        self.body = body

    @property
    def start_line(self) -> str:
        """The request line or status line."""
        raise NotImplementedError

    def encode(self) -> bytes:
        """The message as it is sent; Content-Length is always the body's.

        Raises:
            MessageError: the start line cannot be sent.
        """
        start_line = self.start_line
        if not start_line.isprintable() and re.search(r"[\x00\r\n\ud800-\udfff]", start_line):
            raise MessageError(f"{excerpt(start_line)}: a start line cannot hold this")
        lines = [start_line]
        for name, value in self.headers.items():
            if name not in _LENGTH_NAMES and name.lower() not in _LENGTH_NAMES:
                lines.append(f"{name}: {value}")
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode() + self.body

    def _one(self, name: str) -> str:
        value = self.headers.get(name)
        if value is None:
            raise MessageError(f"the message has no {name}")
        return value

    def _number(self, name: str) -> int | None:
        value = self.headers.get(name)
        if value is None:
            return None
        if _digits(value) is None:
            raise MessageError(f"{name}: {excerpt(value)} is no number")
        # int() refuses thousands of digits; what is above the field's range means its upper end.
        digits = value.lstrip("0")
        return _LARGEST if len(digits) > len(str(_LARGEST)) else min(int(digits or "0"), _LARGEST)

    def _addresses(self, name: str) -> tuple[NameAddr, ...]:
        return tuple(NameAddr.parse(value) for value in self.headers.values(name))

    @cached_property
    def via(self) -> Via:
        """The top Via: of whoever sent us the request, or our own in a response."""
        values = self.headers.values("Via")
        if not values:
            raise MessageError("the message has no Via")
        return Via.parse(values[0])

    @property
    def vias(self) -> tuple[Via, ...]:
        """All Via values, the top first."""
        return tuple(Via.parse(value) for value in self.headers.values("Via"))

    @cached_property
    def from_(self) -> NameAddr:
        """The From header."""
        return NameAddr.parse(self._one("From"))

    @cached_property
    def to(self) -> NameAddr:
        """The To header."""
        return NameAddr.parse(self._one("To"))

    @property
    def call_id(self) -> str:
        """The Call-ID, compared byte by byte."""
        return self._one("Call-ID")

    @cached_property
    def cseq(self) -> CSeq:
        """The CSeq header."""
        return CSeq.parse(self._one("CSeq"))

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact, None if there is none. ``*`` is no address: `MessageError`."""
        contacts = self.contacts
        return contacts[0] if contacts else None

    @cached_property
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
        return self._number("Max-Forwards")

    @property
    def expires(self) -> int | None:
        """The Expires header in seconds; None if not given, 2**32 - 1 for anything longer."""
        return self._number("Expires")

    def validate(self) -> None:
        """Read every header that we know, and hold them against each other.

        Raises:
            MessageError: something is wrong; ``status`` is what to answer a request with.
        """
        from siptapi_core.sip import validation  # noqa: PLC0415  # most messages never need it

        validation.validate(self)


_LENGTH_NAMES = frozenset({"Content-Length", "content-length", "l"})


class Request(Message):
    """A request. ``uri`` is the Request-URI."""

    method: Final[str]
    uri: Final[Uri]

    def __init__(self, method: str, uri: Uri, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = uri

    @property
    def start_line(self) -> str:
        """``METHOD uri SIP/2.0``."""
        if not is_token(self.method):
            raise MessageError(f"{excerpt(self.method)} is no method")
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

        Copies Via, From, To, Call-ID and CSeq, those that are there. ``to_tag`` goes into To
        unless To has a tag already or ``status`` is 100; ``headers`` follow.
        """
        pairs = [("Via", value) for value in self.headers.lines("Via")]
        for name in ("From", "To", "Call-ID", "CSeq"):
            for value in self.headers.lines(name)[:1]:
                tagged = name == "To" and to_tag and status > 100 and not self._has_to_tag()  # noqa: PLR2004
                pairs.append((name, f"{value};tag={to_tag}" if tagged else value))
        if status == 100:  # noqa: PLR2004
            pairs += [("Timestamp", value) for value in self.headers.lines("Timestamp")]
        pairs += headers
        return Response(
            status, reason_phrase(status) if reason is None else reason, Headers(pairs), body
        )

    def _has_to_tag(self) -> bool:
        try:
            return self.to.tag is not None
        except MessageError:
            return True  # a To that cannot be read is copied as it is

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Request):
            return NotImplemented
        return (self.method, self.uri, self.headers, self.body) == (
            other.method,
            other.uri,
            other.headers,
            other.body,
        )

    def __hash__(self) -> int:
        return hash((self.method, self.uri, self.headers, self.body))

    def __repr__(self) -> str:
        return f"Request({self.method!r}, {self.uri!r}, {self.headers!r}, {self.body!r})"


class Response(Message):
    """A response. ``status`` is 100 to 699."""

    status: Final[int]
    reason: Final[str]

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.status = status
        self.reason = reason

    @property
    def start_line(self) -> str:
        """``SIP/2.0 status reason``."""
        return f"SIP/2.0 {self.status} {self.reason}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Response):
            return NotImplemented
        return (self.status, self.reason, self.headers, self.body) == (
            other.status,
            other.reason,
            other.headers,
            other.body,
        )

    def __hash__(self) -> int:
        return hash((self.status, self.reason, self.headers, self.body))

    def __repr__(self) -> str:
        return f"Response({self.status}, {self.reason!r}, {self.headers!r}, {self.body!r})"


def parse_message(data: bytes) -> Request | Response:
    """Read one datagram, or one framed message of a stream.

    Empty lines before it are skipped, line ends may be LF, headers may be folded; what follows
    the body is ignored. Text that is no UTF-8 is read as Latin-1, as old phones send it.

    Raises:
        MessageError: this is no SIP message, or one with a fault in its start line, in a header
            that reading checks (see the module), or in its framing. ``request`` is the request
            where it can still be answered, with ``status``; else None.
    """
    head, rest = _split(data)
    lines = head.split("\n")
    try:
        if len(data) > MAXIMUM_SIZE:
            raise MessageError(
                f"a message of {len(data)} bytes; the limit is {MAXIMUM_SIZE}", status=513
            )
        if "\0" in head:
            _refuse_bare_nul(head)
        headers = Headers.from_lines(lines[1:])
        message = _message(lines[0], headers, _body(headers, rest))
    except MessageError as error:
        error.request = _answerable(lines)
        raise
    return message


def _split(data: bytes) -> tuple[str, bytes]:
    """The start line and headers, unfolded and with LF line ends; and all bytes after them."""
    data = data.lstrip(b"\r\n")
    end = data.find(b"\n\r\n")
    bare = data.find(b"\n\n", 0, None if end < 0 else end + 1)
    if bare >= 0:
        end, start = bare, bare + 2
    elif end >= 0:
        start = end + 3
    else:
        raise MessageError("no SIP message: no empty line ends its headers")
    raw = data[:end]
    try:
        head = raw.decode()
    except UnicodeDecodeError:
        head = raw.decode("latin-1")
    if "\n " in head or "\n\t" in head:
        head = _fold(" ", head)
    if "\r" in head:
        head = head.removesuffix("\r").replace("\r\n", "\n")
        # A carriage return alone ends no line; to us it is no more than a blank.
        head = head.replace("\r", " ")
    return head, data[start:]


def _refuse_bare_nul(head: str) -> None:
    if re.search(r"(?<!\\)\x00", head):
        raise MessageError("a NUL in the headers")


def _message(start_line: str, headers: Headers, body: bytes) -> Request | Response:
    message: Request | Response
    if start_line[:4].upper() == "SIP/":
        match = _status_line(start_line)
        if match is None:
            raise MessageError(f"{excerpt(start_line)} is no status line")
        message = Response(int(match[1]), match[2] or "", headers, body)
    else:
        message = Request(*_read_request_line(start_line), headers, body)
    for name in ("From", "To", "Call-ID", "CSeq"):
        if len(headers.lines(name)) > 1:
            raise MessageError(f"more than one {name}")
    _ = message.via, message.from_, message.to, message.call_id, message.cseq
    _ = message.max_forwards
    return message


def _read_request_line(line: str) -> tuple[str, Uri]:
    parts = line.split(" ")
    if len(parts) != 3:  # noqa: PLR2004
        raise MessageError(f"{excerpt(line)} is no request line: method, URI and version")
    method, uri, version = parts
    if version != "SIP/2.0" and version.upper() != "SIP/2.0":
        if _version(version):
            raise MessageError(f"SIP version {excerpt(version)} is not ours", status=505)
        raise MessageError(f"{excerpt(line)} is no request line: no SIP version at its end")
    if not is_token(method):
        raise MessageError(f"{excerpt(method)} is no method")
    return method, parse_uri(uri)


def _body(headers: Headers, rest: bytes) -> bytes:
    """As much of ``rest`` as Content-Length says (RFC 3261 section 18.3)."""
    lengths = {value.lstrip("0") or "0" for value in headers.lines("Content-Length")}
    if not lengths:
        return rest
    length = lengths.pop()
    if lengths or not _digits(length):
        raise MessageError("Content-Length must be one number")
    if len(length) > len(str(MAXIMUM_SIZE)) or int(length) > len(rest):
        raise MessageError(f"Content-Length is {excerpt(length)}, but {len(rest)} bytes came")
    return rest[: int(length)]


def _answerable(lines: list[str]) -> Request | None:
    """A faulty request with what of it can be read, if that is enough for sending an answer."""
    match = _request_line(lines[0])
    if match is None or match[1] == "ACK":
        return None
    headers = Headers()
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon and is_token(name := name.rstrip(" \t")):
            try:
                headers = headers.with_last(name, value)
            except MessageError:
                continue
    uri: Uri
    try:
        uri = parse_uri(match[2])
    except MessageError:
        uri = OtherUri("", match[2])
    request = Request(match[1], uri, headers)
    try:
        _ = request.via
    except MessageError:
        return None
    return request
