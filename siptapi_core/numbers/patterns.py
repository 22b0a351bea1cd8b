"""Regular expressions from the settings: compiled once, and never allowed to run on.

They run in `regex`, whose matching takes a time limit; the standard ``re`` cannot be stopped, not
even from another thread, because it keeps the interpreter's lock while it backtracks. RE2 would
need no limit, but has no look-around and no back references, which dialling rules use. ``regex``
is imported with the first pattern: settings that have none do not pay for it.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from siptapi_core.errors import NumberError

if TYPE_CHECKING:
    import regex  # type: ignore[import-untyped]  # it ships no types

    Search = Callable[[str], regex.Match[str] | None]
    """Finds the first match in a number; raises `NumberError` where that takes too long."""

TIME_LIMIT = 0.05
"""Seconds that one pattern may take on one number; usual ones take a microsecond."""

LARGEST_PATTERN = 20_000
"""What a pattern may come to, in characters, once its repeats are written out: some megabytes."""

_HARMLESS_REPEATS = 2
_MAY_RUN_ON = r"\)[*+?{]|\(\?|\\[1-9g]"
"""A repeated group, a look-around, a reference to a group: what can make time exponential."""
_REPEAT = r"(\)?)\s*\{\s*([0-9]+)"


@functools.lru_cache(maxsize=256)
def search(pattern: str, *, whole: bool = False) -> Search:
    """The search for ``pattern``; ``whole``: it must match the number from end to end."""
    import regex  # noqa: PLC0415  # 20 ms that only rules with patterns pay

    compiled = regex.compile(pattern)
    unlimited = compiled.fullmatch if whole else compiled.search
    if (
        re.search(_MAY_RUN_ON, pattern) is None
        and sum(map(pattern.count, "*+{")) <= _HARMLESS_REPEATS
    ):
        # Quadratic in at most 128 characters: needs no clock, which takes longer than the match.
        return unlimited  # type: ignore[no-any-return]

    def limited(number: str) -> regex.Match[str] | None:
        try:
            return unlimited(number, timeout=TIME_LIMIT)
        except TimeoutError:
            reason = (
                f"the pattern {pattern!r} in the settings took longer than "
                f"{TIME_LIMIT * 1000:.0f} ms with it; write it so that it backtracks less"
            )
            raise NumberError(reason, text=number) from None

    return limited


def check_pattern_size(pattern: str) -> None:
    """Refuse repeats of repeats that would fill the memory: ``((a{999}){999}){999}``.

    `regex` writes out what must be repeated when it compiles. The groups are taken as if each
    stood in the next, so that nobody needs to read the pattern: none comes to more than that.

    Raises:
        ValueError: it is too large.
    """
    repeats = [(group, max(1, int(times))) for group, times in re.findall(_REPEAT, pattern)]
    characters = len(pattern) + sum(times for group, times in repeats if not group)
    if characters * math.prod(times for group, times in repeats if group) > LARGEST_PATTERN:
        raise ValueError(
            f"{pattern!r} is no regular expression that we can use: its repeats come to more than "
            f"{LARGEST_PATTERN} characters"
        )


def check_pattern(pattern: str) -> None:
    """Refuse what is no regular expression, or too large a one.

    Raises:
        ValueError: what is wrong with it, and where.
    """
    check_pattern_size(pattern)
    import regex  # noqa: PLC0415  # as above

    try:
        search(pattern)
    except (regex.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


def check_replacement(pattern: str, replacement: str) -> None:
    r"""Refuse a replacement that names a group which ``pattern`` does not have, as ``\2``.

    Raises:
        ValueError: what is wrong with it.
    """
    import regex  # noqa: PLC0415  # as above

    try:
        regex.compile(f"(?:{pattern})|").sub(replacement, "", timeout=TIME_LIMIT)
    except (regex.error, IndexError, TimeoutError) as error:
        raise ValueError(f"{replacement!r} cannot replace {pattern!r}: {error}") from None
