"""An event as a flat object of plain values: the one shape that every wire and file uses.

``siptapi dial --json`` prints it, and whatever else writes events down writes the same::

    {"id": 7, "event": "call_failed", "call": "c1", "line": "office", "time": 1700000000.0,
     "stage": "callee", "status": 486, "reason": "Busy Here", ...}
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, get_args

from siptapi_core.errors import UnknownNameError
from siptapi_core.events import (
    CallEvent,
    Event,
    Happening,
    LineEvent,
    LineHappening,
    fields_of,
)
from siptapi_core.value_encoding import Shape, ValueEncoding


def encode_event(event: Event) -> dict[str, object]:
    """Flatten ``event``: its envelope first, then the fields of what happened.

    An event of a line has no ``call``. Every value is a str, int, float, bool or None, so any JSON
    encoder takes it. ``time`` is seconds since the epoch, UTC; a field whose name is a Python
    keyword loses its underscore (``from``).
    """
    happening = event.happening
    return {
        "id": event.id,
        "event": happening.name,
        **({"call": event.call} if isinstance(event, CallEvent) else {}),
        "line": event.line,
        "time": event.time,
        **fields_of(happening),
    }


def decode_event(data: Mapping[str, Any]) -> Event:
    """Read what `encode_event` wrote; fields that a newer version added are passed over.

    Raises:
        UnknownNameError: it is an event that this version does not know.
        UsageError: a field is missing or of another type.
    """
    data = {**data, "happening": data}
    return _encoding().decode_fields(_envelope(data), data)  # type: ignore[no-any-return]


@functools.cache
def _encoding() -> ValueEncoding:
    flat = Shape(fields_of, _decode_happening)
    return ValueEncoding({Happening: flat, LineHappening: flat})


def _envelope(data: Mapping[str, Any]) -> type[Event]:
    return CallEvent if _happening(data) in get_args(Happening) else LineEvent


def _decode_happening(data: Any) -> object:
    return _encoding().decode_fields(_happening(data), data)


def _happening(data: Mapping[str, Any]) -> type[Any]:
    name = _encoding().decode(str, data.get("event"), key="event")
    happenings = _happenings()
    if name not in happenings:
        raise UnknownNameError("event", name, known=tuple(happenings))
    return happenings[name]


@functools.cache
def _happenings() -> dict[str, type[Any]]:
    return {cls.name: cls for cls in (*get_args(Happening), *get_args(LineHappening))}
