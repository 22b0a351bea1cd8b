"""Text as a name and an address: what was read is written so that it reads the same.

As in `fuzz_headers` it holds no line breaks: a message is cut into lines before.
"""

from __future__ import annotations

from siptapi_core.errors import MessageError
from siptapi_core.sip.headers import Headers, first_value, split_values
from siptapi_core.sip.name_addr import NameAddr


def read(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape").replace("\r", " ").replace("\n", " ")
    values = split_values(text)
    assert not values or first_value(text).strip() == values[0]
    for value in (text, *values):
        try:
            address = NameAddr.parse(value)
        except MessageError:
            continue
        assert NameAddr.parse(str(address)) == address
        try:
            Headers([("Contact", value)])
        except MessageError:
            continue  # it has a NUL, or half a character
        Headers([("Contact", str(address.with_tag("t")))])
