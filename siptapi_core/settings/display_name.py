"""The name that the ringing phone shows, which may tell whom it is about to call."""

from __future__ import annotations

import re

_FIELDS = frozenset({"number", "line"})


def check_template(template: str) -> None:
    """Refuse a template with fields other than ``{number}`` and ``{line}``; ``{{`` is a brace.

    Raises:
        ValueError: what is wrong with it.
    """
    if "{" not in template and "}" not in template:
        return
    import string  # noqa: PLC0415  # few names are templates

    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"{error}; a brace that is meant is written twice") from None
    for _, name, specification, conversion in parts:
        if name is not None and (name not in _FIELDS or specification or conversion):
            raise ValueError("expected text, {number} and {line}; a brace that is meant is doubled")


def render(template: str, *, number: str, line: str) -> str:
    """Fill a template that was checked; the result has no line breaks or other control codes."""
    text = template.format(number=number, line=line)
    if text.isprintable():
        return text.strip()
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", text).strip()
