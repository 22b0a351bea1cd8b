"""Where ``siptapi`` begins: nothing is imported before Ctrl-C and SIGTERM end it quietly."""

from __future__ import annotations

import gc
import signal
from typing import NoReturn

INTERRUPTED = 130

OBJECTS_AT_START = 50_000
"""More than a start makes: searching them for garbage, of which there is none, takes 8 ms."""


def main() -> int:
    """Run ``siptapi`` with the arguments of the process; return its exit code."""
    gc.set_threshold(OBJECTS_AT_START)
    try:
        signal.signal(signal.SIGTERM, _interrupt)
        from siptapi_frontends.cli.application import run  # noqa: PLC0415  # see the docstring

        return run()
    except KeyboardInterrupt:
        return INTERRUPTED


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
