"""An event as a line of a journal: the JSON of `siptapi_core.event_encoding`, and a line break.

It is written by hand, because a call is written down before its first packet leaves, and importing
json takes longer than a hundred of these lines. What is not as simple as most of it is left to
json.
"""

from __future__ import annotations

from functools import cache, lru_cache
from math import isfinite

from siptapi_core.events import CallEvent, Event


def line_of(event: Event) -> bytes:
    """Encode ``event`` as ASCII text without a line break in it, and one behind it."""
    happening = event.happening
    call = f'"call":{_text(event.call)},' if isinstance(event, CallEvent) else ""
    line = (
        f'{{"id":{event.id},"event":"{happening.name}",{call}"line":{_text(event.line)},'
        f'"time":{event.time!r}'
    )
    for name, key in _keys(happening.attribute_names):
        value = getattr(happening, name)
        line += key + (_text(value) if isinstance(value, str) else _json(value))
    return (line + "}\n").encode("ascii")


@cache
def _keys(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Each attribute, and what stands before its value."""
    return [(name, f',"{name.rstrip("_")}":') for name in names]


def _json(value: object) -> str:
    if value is None:
        return "null"
    if type(value) is int or (type(value) is float and isfinite(value)):
        return repr(value)
    return _any(value)


@lru_cache(maxsize=1024)  # the same few, again and again
def _text(value: str) -> str:
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    return _any(value)


def _any(value: object) -> str:
    import json  # noqa: PLC0415  # see the module's docstring

    return json.dumps(value, default=str)  # a plugin may report anything
