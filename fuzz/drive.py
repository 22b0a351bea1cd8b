"""Fuzz one harness: ``python fuzz/drive.py fuzz_uri -runs=1000000 fuzz/corpora/fuzz_uri``.

What follows the harness' name is libFuzzer's. An exception that the harness does not expect ends
the run, with the input in a file ``crash-...``; so do an input that takes more time or memory than
`limits` allows and one that never ends. Memory is measured for one input in 64: it is slow.
"""

from __future__ import annotations

import importlib
import itertools
import sys

import atheris
import limits

with atheris.instrument_imports(
    include=["siptapi_core", "siptapi_plugins", "siptapi_frontends.tapi"]
):
    harness = importlib.import_module(sys.argv[1])

count = itertools.count()


def one_input(data: bytes) -> None:
    if next(count) % 64:
        limits.read_in_time(harness.read, data)
    else:
        limits.read_in_space(harness.read, data)


atheris.Setup(
    [
        sys.argv[0],
        f"-max_len={limits.LONGEST_INPUT}",
        "-timeout=10",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
        *sys.argv[2:],
    ],
    one_input,
)
atheris.Fuzz()
