"""Regular expressions from the settings: compiled once, and never allowed to run on.

They run in `regex`, whose matching takes a time limit; the standard ``re`` cannot be stopped, not
even from another thread, because it keeps the interpreter's lock while it backtracks. RE2 would
need no limit, but has no look-around and no back references, which dialling rules use. ``regex``
is imported with the first pattern: settings that have none do not pay for it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from siptapi_core.errors import NumberError

if TYPE_CHECKING:
    import regex  # type: ignore[import-untyped]  # it ships no types

TIME_LIMIT = 0.05
"""Seconds that one pattern may take on one number; usual ones take a microsecond."""


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> regex.Pattern[str]:
    """``pattern``, ready to match; call its methods with ``timeout=TIME_LIMIT``."""
    import regex  # noqa: PLC0415  # 20 ms that only rules with patterns pay

    return regex.compile(pattern)


def search(pattern: str, number: str) -> regex.Match[str] | None:
    """The first match of ``pattern`` in ``number``.

    Raises:
        NumberError: it takes longer than `TIME_LIMIT`.
    """
    try:
        return compiled(pattern).search(number, timeout=TIME_LIMIT)
    except TimeoutError:
        raise _too_slow(pattern, number) from None


def matches_whole(pattern: str, number: str) -> bool:
    """Whether ``pattern`` matches the whole ``number``.

    Raises:
        NumberError: it takes longer than `TIME_LIMIT`.
    """
    try:
        return compiled(pattern).fullmatch(number, timeout=TIME_LIMIT) is not None
    except TimeoutError:
        raise _too_slow(pattern, number) from None


def _too_slow(pattern: str, number: str) -> NumberError:
    return NumberError(
        f"the pattern {pattern!r} in the settings took longer than {TIME_LIMIT * 1000:.0f} ms "
        "with it; write it so that it cannot backtrack that much",
        text=number,
    )


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
    r"""Refuse a replacement that names a group which ``pattern`` does not have, as ``\2``.

    Raises:
        ValueError: what is wrong with it.
    """
    import regex  # noqa: PLC0415  # as above

    try:
        regex.compile(f"(?:{pattern})|").sub(replacement, "", timeout=TIME_LIMIT)
    except (regex.error, IndexError, TimeoutError) as error:
        raise ValueError(f"{replacement!r} cannot replace {pattern!r}: {error}") from None
