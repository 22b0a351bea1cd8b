"""An event as a flat object of plain values: the one shape that every wire and file uses.

``siptapi dial --json`` prints it, and whatever else writes events down writes the same::

    {"id": 7, "event": "call_failed", "call": "c1", "line": "office", "time": 1700000000.0,
     "stage": "callee", "status": 486, "reason": "Busy Here", ...}
"""

from __future__ import annotations

from siptapi_core.events import CallEvent, Event, fields_of


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
