"""Rows as columns: how commands that list something show it."""

from __future__ import annotations

from collections.abc import Sequence

from siptapi_core.logs import printable


def table(*rows: Sequence[str]) -> list[str]:
    """The lines of a table, whose first row are its headings; each cell made printable."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]
