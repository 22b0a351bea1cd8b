"""What reading one input may cost, and a check that it cost no more."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

Read = Callable[[bytes], None]

LONGEST_INPUT = 4096
"""Bytes."""
SECONDS = 1.0
"""Of this process' own time, for an input of that length. Instrumented code is much slower."""
MEMORY = 16 * 2**20
"""Bytes held at once, on top of what was held before."""


def read_in_time(read: Read, data: bytes) -> None:
    """Read ``data``; AssertionError where that took too long."""
    start = time.process_time()
    read(data)
    spent = time.process_time() - start
    assert spent < SECONDS, f"{spent:.2f} s for {len(data)} bytes"


def read_in_space(read: Read, data: bytes) -> None:
    """Read ``data``; AssertionError where that took too much memory."""
    tracemalloc.start()
    try:
        read(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEMORY, f"{peak} bytes of memory for {len(data)} bytes"
