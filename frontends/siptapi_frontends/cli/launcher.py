"""Where ``siptapi`` begins: nothing is imported before Ctrl-C and SIGTERM end it quietly."""

from __future__ import annotations

import signal
from typing import NoReturn

INTERRUPTED = 130


def main() -> int:
    """Run ``siptapi`` with the arguments of the process; return its exit code."""
    try:
        signal.signal(signal.SIGTERM, _interrupt)
        from siptapi_frontends.cli.application import run  # noqa: PLC0415  # see the docstring

        return run()
    except KeyboardInterrupt:
        return INTERRUPTED


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
