"""Rows as columns, and values as JSON: how commands that list something show it."""

from __future__ import annotations

from collections.abc import Sequence


def table(*rows: Sequence[str]) -> list[str]:
    """The lines of a table, whose first row are its headings."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
