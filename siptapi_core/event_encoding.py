"""A call event as a flat object of plain values: the one shape that every wire and file uses.

``siptapi dial --json`` prints it, and whatever else writes events down writes the same::

    {"id": 7, "event": "call_failed", "call": "c1", "line": "office", "time": 1700000000.0,
     "stage": "callee", "status": 486, "reason": "Busy Here", ...}
"""

from __future__ import annotations

from siptapi_core.events import CallEvent, fields_of


def encode_event(event: CallEvent) -> dict[str, object]:
    """Flatten ``event``: its envelope first, then the fields of what happened.

    Every value is a str, int, float or None, so any JSON encoder takes it. ``time`` is seconds
    since the epoch, UTC; a field whose name is a Python keyword loses its underscore (``from``).
    """
    happening = event.happening
    return {
        "id": event.id,
        "event": happening.name,
        "call": event.call,
        "line": event.line,
        "time": event.time,
        **fields_of(happening),
    }
