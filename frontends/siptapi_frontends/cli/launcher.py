"""Where ``siptapi`` begins: nothing is imported before Ctrl-C and SIGTERM end it quietly."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import NoReturn

INTERRUPTED = 130

OBJECTS_AT_START = 50_000
"""More than a start makes: searching them for garbage, of which there is none, takes 8 ms."""


def main() -> int:
    """Run ``siptapi`` with the arguments of the process; return its exit code."""
    gc.set_threshold(OBJECTS_AT_START)
    if "_ARGCOMPLETE" in os.environ:
        from siptapi_frontends.cli.completion import complete  # noqa: PLC0415  # a shell asks

        complete()
    try:
        signal.signal(signal.SIGTERM, _interrupt)
        from siptapi_frontends.cli.quick_dial import hand_over  # noqa: PLC0415  # see the docstring

        handed_over = hand_over(sys.argv[1:])
        from siptapi_frontends.cli.application import run  # noqa: PLC0415  # the call is under way

        return run(handed_over=handed_over)
    except KeyboardInterrupt:
        return INTERRUPTED


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
