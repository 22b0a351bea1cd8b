"""The lines that are sent: one JSON object each, in UTF-8, ended by a line feed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from siptapi_core.errors import UsageError

LONGEST_REQUEST = 65_536
"""Bytes of a line that a client may send, its line feed included."""


def write_line(data: Mapping[str, Any]) -> bytes:
    """Write an object as a line; all that is not ASCII is escaped."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def read_line(line: bytes) -> dict[str, Any]:
    """Read the object in a line.

    Raises:
        UsageError: it is no JSON object.
    """
    try:
        data = json.loads(line.decode(), parse_constant=_refuse)  # of bytes it would guess UTF-16
    except (ValueError, RecursionError) as error:
        raise UsageError(f"this is no line of JSON: {error}") from None
    if not isinstance(data, dict):
        raise UsageError("a line must be a JSON object")
    return data


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
