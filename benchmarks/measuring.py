"""What every benchmark here shares: its options, interleaved rounds, children, a table, JSON.

Rounds are interleaved, so that whatever else the machine does meanwhile is shared by all; medians
of each contender's rounds count, and ratios are of the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
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


def options(description: str | None, **sizes: tuple[Any, Any]) -> argparse.Namespace:
    """What the command line says: ``--rounds``, ``--json`` and, of each size, what is usual.

    ``sizes`` are options by name: what is usual, and what is enough to see that the benchmark works
    (``--quick``). A list takes several values, False is a flag. ``began_on`` is the machine by now.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, default=HERE / "results", metavar="FOLDER")
    parser.add_argument("--quick", action="store_true", help="only to see that it works")
    sizes = {"rounds": (MINIMUM_ROUNDS, 1)} | sizes
    for name, (usual, _) in sizes.items():
        option = f"--{name.replace('_', '-')}"
        if usual is False:
            parser.add_argument(option, action="store_true")
        elif isinstance(usual, list):
            parser.add_argument(option, type=type(usual[0]), nargs="+", help=f"usually {usual}")
        else:
            parser.add_argument(option, type=type(usual), help=f"usually {usual}")
    given = parser.parse_args()
    for name, (usual, quick) in sizes.items():
        if getattr(given, name) is None:
            setattr(given, name, quick if given.quick else usual)
    given.began_on = machine()
    return given


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


def resident(process: int | str = "self") -> int:
    """Bytes of a process in memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def child(script: str, *arguments: object, folder: str | None = None) -> dict[str, float]:
    """What a script beside this one prints as JSON, in a process of its own.

    ``folder`` is where it keeps temporary files.
    """
    done = subprocess.run(
        [sys.executable, HERE / script, *map(str, arguments)],
        check=False,
        stdout=subprocess.PIPE,
        text=True,
        timeout=900,
        env=os.environ | ({"TMPDIR": folder} if folder else {}),
    )
    if done.returncode:
        sys.exit(f"{script} failed with status {done.returncode}")
    result: dict[str, float] = json.loads(done.stdout)
    return result


@contextmanager
def beside(*command: object, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """A process that runs meanwhile; its first line, by which it says that it is ready."""
    with subprocess.Popen(
        [*map(str, command)], stdout=subprocess.PIPE, text=True, env=env
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline()
        finally:
            process.kill()


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their columns; the first is text, the others are figures."""
    widths = [max(map(len, each)) for each in zip(columns, *rows, strict=True)]
    print(f"\n{title}")
    for row in (columns, *rows):
        first, *rest = zip(row, widths, strict=True)
        print("  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]))


def save(given: argparse.Namespace, **results: object) -> None:
    """Write what was measured, with the machine and the options, where ``--json`` says; say where.

    The file is named as the script is.
    """
    folder: Path = given.json
    folder.mkdir(parents=True, exist_ok=True)
    name = Path(sys.argv[0]).stem
    chosen = {option: value for option, value in vars(given).items() if option != "json"}
    file = folder / f"{name}.json"
    text = json.dumps({"benchmark": name, "machine": machine(), **chosen, **results}, indent=2)
    file.write_text(text + "\n", encoding="utf-8")
    print(f"\n{given.began_on}\nwritten to {file}", flush=True)
