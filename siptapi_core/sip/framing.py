"""From bytes to lines: where headers end, what ends a line, how long the body is."""

from __future__ import annotations

import re

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import excerpt


def split_head(data: bytes) -> tuple[str, str, bytes | None]:
    """The start line; the header lines as they came, each ended by CRLF; and the bytes after them.

    Empty lines before the message are skipped (RFC 3261 section 7.5). None for the bytes: no
    empty line ends the headers.
    """
    data = data.lstrip(b"\r\n")
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return _split_untidy(data)
    head = _decode(data[: end + 2])
    in_lines = head.replace("\r\n", "")
    if "\n" in in_lines or "\r" in in_lines:
        return _split_untidy(data)
    start_line, _, lines = head.partition("\r\n")
    return start_line, lines, data[end + 4 :]


def _split_untidy(data: bytes) -> tuple[str, str, bytes | None]:
    """The same where LF ends lines. CR alone does not: it is a blank to us."""
    match = re.search(rb"\r?\n\r?\n", data)
    head = _decode(data if match is None else data[: match.start()])
    start_line, *lines = head.replace("\r\n", "\n").replace("\r", " ").split("\n")
    text = "".join([f"{line}\r\n" for line in lines])
    return start_line, text, None if match is None else data[match.end() :]


def _decode(head: bytes) -> str:
    try:
        return head.decode()
    except UnicodeDecodeError:
        return head.decode("latin-1")


def cut_body(length: str | list[str] | None, rest: bytes) -> bytes:
    """As much of ``rest`` as Content-Length says, all if it says nothing (RFC 3261 18.3).

    ``length`` is the line of that header, or all of its lines.

    Raises:
        MessageError: Content-Length is no number, several, or more than there is.
    """
    if length is None:
        return rest
    if isinstance(length, list):
        length = length[0] if len(set(length)) == 1 else ""
    if not (length.isascii() and length.isdigit()):
        raise MessageError("Content-Length must be one number")
    # No number longer than that of the bytes themselves need become an int.
    digits = length.lstrip("0") or "0"
    if len(digits) > len(str(len(rest))) or (size := int(digits)) > len(rest):
        raise MessageError(f"Content-Length is {excerpt(length)}, but {len(rest)} bytes came")
    return rest[:size]
