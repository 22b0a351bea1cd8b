"""A line from whoever reached the control socket, and one from a daemon of another version."""

from __future__ import annotations

from contextlib import suppress

from siptapi_core.control.connection import Subscribe
from siptapi_core.control.hello import ClientHello, ServerHello
from siptapi_core.control.lines import read_line, write_line
from siptapi_core.control.vocabulary import (
    decode_command,
    decode_error,
    decode_reply,
    encode_command,
    encode_error,
    encode_reply,
)
from siptapi_core.errors import SiptapiError, UsageError
from siptapi_core.event_encoding import decode_event, encode_event
from siptapi_core.value_encoding import ValueEncoding


def read(data: bytes) -> None:
    try:
        line = read_line(data)
    except UsageError as error:
        write_line(encode_error(error))
        return
    for decode, encode in (
        (decode_command, encode_command),
        (decode_reply, encode_reply),
        (decode_event, encode_event),
        (decode_error, encode_error),
    ):
        try:
            value = decode(line)
        except SiptapiError as error:
            write_line(encode_error(error))
            continue
        again = decode(read_line(write_line(encode(value))))
        assert str(again) == str(value)
    for kind in (ClientHello, ServerHello, Subscribe):
        with suppress(SiptapiError):
            ValueEncoding(strict=True).decode_fields(kind, line)
