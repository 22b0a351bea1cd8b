"""From bytes to lines: where headers end, what ends a line, how long the body is."""

from __future__ import annotations

import re

from siptapi_core.errors import MessageError
from siptapi_core.sip.headers import Headers
from siptapi_core.sip.parameters import excerpt


def split_head(data: bytes) -> tuple[list[str], bytes | None]:
    """The start line and the header lines as they came; and the bytes after them.

    Empty lines before the message are skipped (RFC 3261 section 7.5). None for the bytes: no
    empty line ends the headers.
    """
    data = data.lstrip(b"\r\n")
    end = data.find(b"\r\n\r\n")
    if end >= 0:
        head = _decode(data[:end])
        lines = head.split("\r\n")
        if head.count("\n") == head.count("\r") == len(lines) - 1:
            return lines, data[end + 4 :]
    return _split_untidy(data)


def _split_untidy(data: bytes) -> tuple[list[str], bytes | None]:
    """The same where LF ends lines. CR alone does not: it is a blank to us."""
    match = re.search(rb"\r?\n\r?\n", data)
    head = _decode(data if match is None else data[: match.start()])
    lines = head.replace("\r\n", "\n").replace("\r", " ").split("\n")
    return lines, None if match is None else data[match.end() :]


def _decode(head: bytes) -> str:
    try:
        return head.decode()
    except UnicodeDecodeError:
        return head.decode("latin-1")


def cut_body(headers: Headers, rest: bytes) -> bytes:
    """As much of ``rest`` as Content-Length says, all if it says nothing (RFC 3261 18.3).

    Raises:
        MessageError: Content-Length is no number, several, or more than there is.
    """
    lines = headers.lines("Content-Length")
    if not lines:
        return rest
    text = lines[0]
    if lines.count(text) < len(lines) or not (text.isascii() and text.isdigit()):
        raise MessageError("Content-Length must be one number")
    # No number longer than that of the bytes themselves need become an int.
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(len(rest))) or (length := int(digits)) > len(rest):
        raise MessageError(f"Content-Length is {excerpt(text)}, but {len(rest)} bytes came")
    return rest[:length]
