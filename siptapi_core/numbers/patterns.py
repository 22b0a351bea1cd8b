"""Regular expressions from the settings: compiled once, and never allowed to run on.

They run in `regex`, whose matching can be given a time limit; the standard ``re`` cannot be
stopped, not even from a thread, because it keeps the interpreter's lock while it backtracks.
RE2 would be linear without a limit, but has no look-around and no back references, which number
rules in the field use, and its wheels miss platforms. ``regex`` is imported with the first
pattern: settings without one do not pay for it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from siptapi_core.errors import NumberError

if TYPE_CHECKING:
    import regex  # type: ignore[import-untyped]  # it ships none

TIME_LIMIT = 0.05
"""Seconds that one pattern may take on one number; usual ones take microseconds."""


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> regex.Pattern[str]:
    """The compiled ``pattern``."""
    import regex  # noqa: PLC0415  # 20 ms that only rules with patterns pay

    return regex.compile(pattern)


def check_pattern(pattern: str) -> None:
    """Refuse what is no regular expression.

    Raises:
        ValueError: what is wrong with it, and where.
    """
    import regex  # noqa: PLC0415  # as above

    try:
        compiled(pattern)
    except (regex.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


def check_replacement(pattern: str, replacement: str) -> None:
    r"""Refuse a replacement that refers to a group that ``pattern`` does not have.

    Raises:
        ValueError: what is wrong with it.
    """
    import regex  # noqa: PLC0415  # as above

    try:
        regex.compile(f"(?:{pattern})|").sub(replacement, "", timeout=TIME_LIMIT)
    except (regex.error, IndexError) as error:
        raise ValueError(f"{replacement!r} cannot replace {pattern!r}: {error}") from None


def too_slow(pattern: str, number: str) -> NumberError:
    """The error for a pattern that ran into its `TIME_LIMIT`."""
    return NumberError(
        f"the pattern {pattern!r} of the rules took longer than {TIME_LIMIT * 1000:.0f} ms; "
        "write it so that it cannot backtrack so much",
        text=number,
    )
