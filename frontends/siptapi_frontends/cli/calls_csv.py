"""Calls as CSV (RFC 4180), for spreadsheets.

A spreadsheet calculates what begins with = + - or @, and names come from strangers: such text gets
an apostrophe before it, which a spreadsheet takes for "this is text". The only exception is + with
nothing but digits behind it: that is a number, to us and to whoever calculates it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from siptapi_core.commands import CallRecord

_COLUMNS = tuple(name for name in CallRecord.attribute_names if name != "events")
_MOMENTS = {"started", "answered", "ended"}
_NUMBER = re.compile(r"\+[0-9]+")
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Also behind a semicolon, which in many countries begins the next cell; wide forms count too."""


def csv_lines(calls: Iterable[CallRecord]) -> Iterator[str]:
    """A line of headings, then one a call; moments are ISO 8601, durations seconds."""
    yield _line(_COLUMNS)
    for call in calls:
        yield _line(_cell(name, getattr(call, name)) for name in _COLUMNS)


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if name in _MOMENTS and isinstance(value, float):
        return datetime.fromtimestamp(value).astimezone().isoformat(timespec="seconds")
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return _FORMULA.sub(r"\1'", value)
    return str(value).lower() if isinstance(value, bool) else str(value)
