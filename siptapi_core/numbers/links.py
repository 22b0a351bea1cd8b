"""Links that people click or copy: ``sip:``, ``tel:``, ``callto:``, and those to other things."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from attrs import evolve

from siptapi_core.errors import MessageError, NumberError
from siptapi_core.numbers.reading import Reading, read_text
from siptapi_core.numbers.runs import is_certain
from siptapi_core.sip.uri import SipUri, escape_user, unescape

_scheme = re.compile(r"\s*<?\s*([a-z][a-z0-9+.\-]*):(?://)?", re.IGNORECASE | re.ASCII).match
_TO_NUMBERS = frozenset({"tel", "callto", "sip", "sips", "skype", "facetime", "sms", "fax"})
_TO_OTHER_THINGS = frozenset(
    {"about", "data", "file", "ftp", "geo", "h323", "http", "https", "im", "javascript"}
    | {"mailto", "news", "urn", "ws", "wss", "xmpp"}
)
_sip = re.compile(r"(?:callto:)?(?://)?(sips?:.*)", re.IGNORECASE).fullmatch
_named_sip = re.compile(
    r"(\"[^\"]*\"\s*|[^\"<]*)<\s*(sips?:[^<>]*)>\s*(?:;.*)?", re.IGNORECASE
).fullmatch
_numeric_host = re.compile(r"sips?:[+0-9*#()\-. ]*$", re.IGNORECASE).match
_address = re.compile(
    r"(?:callto:)?(?://)?([^\s@:;,<>()|^?/]+@(?:[a-z0-9\-]+\.)+[a-z]{2,}(?::[0-9]{1,5})?)",
    re.IGNORECASE,
).fullmatch
_beyond_ascii = re.compile(r"[^\x00-\x7f]").sub
_escaped = re.compile(r"%[0-9A-Fa-f]{2}").search
_context = re.compile(r";\s*phone-context=([^;]*)", re.IGNORECASE).search
_SHORTEST_CONTEXT = 3
_LONGEST_CONTEXT = 15


def read_sip(text: str) -> tuple[SipUri, tuple[str, ...]] | None:
    """The SIP address in ``text`` and warnings about it; None where there is none.

    A bare ``bob@example.com`` is taken for one. Headers and a method are left out: a link must not
    make the phone send what the user does not see (RFC 3261 section 19.1.5).

    Raises:
        NumberError: it is a ``sip:`` URI with a fault.
    """
    visible = "".join(c for c in _address_part(text) if unicodedata.category(c) != "Cf").strip()
    address = _address(visible)
    if address is not None:
        found = f"sip:{address[1]}"
        warnings: tuple[str, ...] = ("it has no scheme and is taken for a SIP address",)
    else:
        bare, named = _sip(visible), _named_sip(visible)
        if bare is not None:
            found = bare[1]
        elif named is not None and (named[1].startswith('"') or not is_certain(named[1])):
            found = named[2].strip()
        else:
            return None
        warnings = ()
        if _numeric_host(found):  # sip:1001 names no host
            return None
    try:  # people see letters where the grammar has escapes only
        uri = SipUri.parse(_beyond_ascii(lambda letter: escape_user(letter[0]), found))
    except MessageError as error:
        raise NumberError(str(error), text=text) from None
    plain = evolve(uri.without_parameter("method"), headers=())
    if plain != uri:
        warnings = (*warnings, "the headers or method in the link are left out")
    return plain, warnings


def read_link(text: str) -> Iterator[Reading]:
    """What ``text``, a number or a link to one, may mean, the most likely first.

    Raises:
        NumberError: it holds no number; why, and where in it.
    """
    link = _scheme(text)
    scheme = "" if link is None else link[1].lower()
    if scheme in _TO_OTHER_THINGS:
        raise NumberError(f"{scheme}: links lead to no number", text=text, position=0)
    if (link is None or scheme not in _TO_NUMBERS) and _escaped(text) is None:
        yield from read_text(text)
        return
    rest = text
    if link is not None and scheme in _TO_NUMBERS:
        rest = " " * link.end() + text[link.end() :].rstrip(" >")
    if scheme not in {"", "tel"}:
        rest = rest.partition("?")[0]
    rest = unescape(rest)
    if scheme and not rest.strip():
        raise NumberError(f"nothing follows {scheme}:", text=text)
    context = _context(_address_part(rest)) if scheme == "tel" else None
    try:
        yield from read_text(rest) if context is None else _read_local(rest, context[1])
    except NumberError as error:
        position = error.position if _escaped(text) is None else None
        raise NumberError(error.reason, text=text, position=position) from None


def _address_part(text: str) -> str:
    """``text`` without further lines, ``|subaddress`` and ``^name``, whose digits are nobody's."""
    return re.split(r"[|^\r\n]", text.lstrip(), maxsplit=1)[0]


def _read_local(rest: str, context: str) -> Iterator[Reading]:
    """A local number of RFC 3966 section 5.1.5: its context is where, not always what to prepend.

    ``tel:863-1234;phone-context=+1-914-555`` is +1 914 863 1234.
    """
    area = re.sub(r"[^0-9]", "", context)[:_LONGEST_CONTEXT] if "+" in context else ""
    for reading in read_text(rest):
        for length in range(0 if reading.international else len(area), 0, -1):
            if length == len(area) or length >= _SHORTEST_CONTEXT:
                digits = area[:length] + reading.digits
                yield reading._replace(digits=digits, international=True, doubtful=True)
        yield reading
