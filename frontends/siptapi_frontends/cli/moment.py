"""Moments as people write and read them, in the time zone of this computer."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from datetime import datetime, timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_moment(text: str) -> float:
    """Seconds since the epoch: of ``2026-07-01``, ``2026-07-01 10:00``, or ``3d``, that long ago.

    Raises:
        ArgumentTypeError: it is none; the words say what is.
    """
    number, unit = text[:-1].strip(), text[-1:]
    try:
        if unit in _UNITS and number.isdecimal():
            return time.time() - timedelta(**{_UNITS[unit]: int(number)}).total_seconds()
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):  # the last two: no computer counts that far
        raise ArgumentTypeError(
            f"{text!r} is no moment; expected 2026-07-01, '2026-07-01 10:00', or 30m, 2h, 3d or 1w "
            "for that long ago"
        ) from None


def show_moment(moment: float) -> str:
    """Day and second: ``2026-07-01 10:00:00``."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))


def show_duration(seconds: float) -> str:
    """Minutes and seconds: ``75:03``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
