"""Text for a terminal, measured in cells: a wide character takes two, a combining one none."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

__all__ = ["cell_len", "fit", "pad", "printable"]


def printable(text: str, *, unicode: bool) -> str:
    r"""``text`` on one line, without anything that a terminal acts upon.

    Control characters, bidi marks and the like become escapes such as ``\x1b``; so does all that
    is not ASCII unless ``unicode``.
    """
    return "".join(
        character
        if character.isprintable() and (unicode or character.isascii())
        else character.encode("unicode_escape").decode()
        for character in text
    )


def fit(text: str, cells: int, ellipsis: str) -> str:
    """``text``, or what of it goes into ``cells`` cells with ``ellipsis`` behind."""
    if cell_len(text) <= cells:
        return text
    kept = set_cell_size(text, max(cells - cell_len(ellipsis), 0))
    return set_cell_size(kept + ellipsis, max(cells, 0))


def pad(text: str, cells: int) -> str:
    """``text`` with spaces behind, up to ``cells`` cells."""
    return text + " " * (cells - cell_len(text))
