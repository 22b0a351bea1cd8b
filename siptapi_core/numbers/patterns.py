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
from collections.abc import Callable, Sequence
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

_SHORT = 128
"""Characters in which a harmless pattern takes at most some milliseconds, and usual ones 0.4 us."""

_HARMLESS_REPEATS = 2
_HARMLESS_CHOICES = 4
_MAY_RUN_ON = r"\)\s*[*+?{]|\(\*|\(\?[^:=!]|\\|\{(?![0-9,]*\})"
"""A repeated group, a verb, a flag, a reference, a fuzzy match: what can make time exponential,
or means something else as a part of a larger pattern."""

_ESCAPED = r"\\[^1-9gKL]"

_REPEAT = r"(\)?)\s*\{\s*([0-9]+)"


@functools.lru_cache(maxsize=256)
def search(pattern: str, *, whole: bool = False) -> Search:
    """The search for ``pattern``; ``whole``: it must match the number from end to end."""
    import regex  # noqa: PLC0415  # 20 ms that only rules with patterns pay

    compiled = regex.compile(pattern)
    unlimited = compiled.fullmatch if whole else compiled.search
    harmless = is_harmless(pattern)

    def limited(number: str) -> regex.Match[str] | None:
        if harmless and len(number) <= _SHORT:
            return unlimited(number)  # the clock would take longer than the match
        try:
            return unlimited(number, timeout=TIME_LIMIT)
        except TimeoutError:
            reason = (
                f"the pattern {pattern!r} in the settings took longer than "
                f"{TIME_LIMIT * 1000:.0f} ms with it; write it so that it backtracks less"
            )
            raise NumberError(reason, text=number) from None

    return limited


def search_any(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether any of ``patterns`` is found in a number: one search for all that are harmless.

    What it gives raises `NumberError` where one of the others takes too long.
    """
    import regex  # noqa: PLC0415  # as above

    apart = [search(pattern) for pattern in patterns]
    watched = [search(pattern) for pattern in patterns if not is_harmless(pattern)]
    harmless = "|".join(f"(?:{pattern})" for pattern in patterns if is_harmless(pattern))
    together = regex.compile(harmless or "(?!)").search

    def found(number: str) -> bool:
        if len(number) <= _SHORT:
            return together(number) is not None or any(each(number) is not None for each in watched)
        return any(each(number) is not None for each in apart)

    return found


def is_harmless(pattern: str) -> bool:
    """Whether it needs no clock: there are few ways to match a number of usual length."""
    marks = re.sub(_ESCAPED, "0", pattern, flags=re.DOTALL)
    repeats = sum(map(marks.count, "*+{"))
    choices = repeats + marks.count("|") + marks.count("?") - marks.count("(?")
    return (
        repeats <= _HARMLESS_REPEATS
        and choices <= _HARMLESS_CHOICES
        and re.search(_MAY_RUN_ON, marks) is None
    )


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
