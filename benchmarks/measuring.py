"""What every benchmark here shares: interleaved rounds, the machine in words, a table, JSON.

Rounds are interleaved, so that whatever else the machine does meanwhile is shared by all; medians
of each contender's rounds count, and ratios are of the same run.
"""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

MINIMUM_ROUNDS = 5


def machine() -> dict[str, Any]:
    """What was measured on."""
    cpu = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        found = re.search(r"model name\s*:\s*(.*)", information.read_text(encoding="ascii"))
        cpu = found[1] if found else cpu
    return {
        "processor": cpu,
        "cores": os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def interleaved(
    contenders: Mapping[str, Callable[[], dict[str, float]]], rounds: int
) -> dict[str, list[dict[str, float]]]:
    """What each contender measured in each round; in every other round the last goes first."""
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    for number in range(rounds):
        names = list(contenders)
        for name in names if number % 2 == 0 else reversed(names):
            measured[name].append(contenders[name]())
    return measured


def median(rounds: Sequence[Mapping[str, float]], what: str) -> float:
    """The median of ``what`` over the rounds."""
    return statistics.median(each[what] for each in rounds)


def cpu_seconds(of: int = resource.RUSAGE_SELF) -> float:
    """Seconds of processor time that this process, or its children that have ended, used."""
    used = resource.getrusage(of)
    return used.ru_utime + used.ru_stime


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their columns; the first is text, the others are figures."""
    widths = [max(map(len, each)) for each in zip(columns, *rows, strict=True)]
    print(f"\n{title}")
    for row in (columns, *rows):
        first, *rest = zip(row, widths, strict=True)
        print("  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]))


def save(name: str, results: Mapping[str, Any], folder: Path) -> None:
    """Write ``folder/name.json``, with the machine; say where."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    text = json.dumps({"benchmark": name, "machine": machine(), **results}, indent=2)
    file.write_text(text + "\n", encoding="utf-8")
    print(f"\n{machine()}\nwritten to {file}")
