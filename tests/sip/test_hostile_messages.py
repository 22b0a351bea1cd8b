"""Reading costs no more than the length of what came, however it was made up.

The bound is wide, and on the time of this process alone: reading takes a tenth of it, and what
looks back at every character that it saw takes many times as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from siptapi_core.errors import MessageError
from siptapi_core.sip.headers import Headers, split_values
from siptapi_core.sip.message import Request, parse_message
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.parameters import quote, unquote
from siptapi_core.sip.uri import SipUri, escape_user, parse_uri, unescape
from siptapi_core.sip.via import Via

SIZE = 60_000
SECONDS = 1.5

PATTERNS = [
    *(",", ";", '"', "<", ">", "\\", " ", "\t", "%", "%41", "=", "a", "0", ":", "@", "?", "&", "["),
    *('"",', "<>,", ";a", ";a=b", '"\\', ' "', ", ", '<"', '">', ";;", "a ", " a", "; ", "\\\\"),
    *(";a = ", "=;", '"<', "a,", "SIP/", "SIP / 2.0 / UDP ", "\0", "ö", "sip:", "::", ';a="b"'),
]

HEAD = (
    "INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@h>\r\nTo: <sip:b@h>\r\n"
    "Call-ID: x\r\nCSeq: 1 INVITE\r\n"
)


def spent(work: Callable[[], object]) -> float:
    start = time.process_time()
    with suppress(MessageError):
        work()
    return time.process_time() - start


def fill(pattern: str) -> str:
    return pattern * (SIZE // len(pattern.encode()))


def read_everything(data: bytes) -> None:
    message = parse_message(data)
    for work in (
        message.validate,
        lambda: message.contacts,
        lambda: message.routes,
        lambda: message.vias,
        lambda: isinstance(message, Request) and message.response(200, to_tag="t").encode(),
    ):
        spent(work)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    "name", ["Via", "From", "To", "CSeq", "Call-ID", "Contact", "Content-Length", "Date", "X", ""]
)
def test_one_long_header(name: str, pattern: str) -> None:
    line = f"{name}: {fill(pattern)}\r\n" if name else f"{fill(pattern)}\r\n"
    head = "".join(
        line for line in HEAD.splitlines(keepends=True) if not name or not line.startswith(name)
    )
    assert spent(lambda: read_everything(f"{head}{line}\r\n".encode())) < SECONDS


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("frame", ["{}", "INVITE {} SIP/2.0", "{} sip:a SIP/2.0", "SIP/2.0 200 {}"])
def test_a_long_start_line(frame: str, pattern: str) -> None:
    rest = HEAD.partition("\r\n")[2]
    data = f"{frame.format(fill(pattern))}\r\n{rest}\r\n".encode()
    assert spent(lambda: read_everything(data)) < SECONDS


@pytest.mark.parametrize(
    "lines",
    [
        *("v:\r\n", "v: SIP/2.0/UDP h\r\n", "m: <sip:a>\r\n", 'm: ",\r\n', "i: x\r\n", "l: 0\r\n"),
        *("A:\r\n", "a\r\n", ":\r\n", " \r\n", " a\r\n", "\t\n", "\n", "\r", "s: \0\r\n"),
    ],
)
def test_many_lines(lines: str) -> None:
    data = f"{HEAD}{fill(lines)}\r\n".encode()
    assert spent(lambda: read_everything(data)) < SECONDS


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    "read",
    [
        *(
            parse_uri,
            NameAddr.parse,
            Via.parse,
            split_values,
            unescape,
            escape_user,
            quote,
            unquote,
        ),
        lambda text: parse_uri(f"sip:{text}"),
        lambda text: parse_uri(f"sip:a@{text}"),
        lambda text: parse_uri(f"sip:h;{text}"),
        lambda text: parse_uri(f"sip:h?{text}"),
        lambda text: parse_uri(f"tel:+1{text}"),
        lambda text: NameAddr.parse(f"<sip:h>{text}"),
        lambda text: NameAddr.parse(f'"{text}" <sip:h>'),
        lambda text: Via.parse(f"SIP/2.0/UDP h{text}"),
        lambda text: SipUri("h", text),
        lambda text: str(Headers([("X", text)]).replaced("Y", text)),
    ],
)
def test_one_long_value(read: Callable[[str], object], pattern: str) -> None:
    text = fill(pattern)
    assert spent(lambda: read(text)) < SECONDS
