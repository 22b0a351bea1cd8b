from __future__ import annotations

import pytest

from siptapi_core.control.lines import read_line, write_line
from siptapi_core.errors import UsageError


def test_a_line_is_one_object_in_ascii() -> None:
    line = write_line({"name": 'Jörg "J"\n\ud800', "time": 1.5, "status": None})
    assert line == b'{"name":"J\\u00f6rg \\"J\\"\\n\\ud800","time":1.5,"status":null}\n'
    assert read_line(line) == {"name": 'Jörg "J"\n\ud800', "time": 1.5, "status": None}


def test_text_may_come_as_it_is() -> None:
    assert read_line('{"name": "Jörg"}\r\n'.encode()) == {"name": "Jörg"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "this is no line of JSON"),
        (b"GET / HTTP/1.1\r\n", "this is no line of JSON"),
        (b'{"a": 1', "this is no line of JSON"),
        (b'{"a": "\xff"}', "this is no line of JSON"),
        ('{"a": 1}'.encode("utf-16-le"), "this is no line of JSON"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": -Infinity}', "-Infinity is no number"),
        (b'{"a": ' + b"1" * 5000 + b"}", "this is no line of JSON"),
        (b"[" * 60_000, "this is no line of JSON"),
        (b"[]", "a line must be a JSON object"),
        (b'"dial"', "a line must be a JSON object"),
    ],
)
def test_what_is_no_object_is_an_error(line: bytes, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_line(line)


def test_what_json_does_not_have_is_not_written() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        write_line({"a": float("inf")})
