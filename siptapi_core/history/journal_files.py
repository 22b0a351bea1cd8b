"""What the journals in a folder have, whoever writes or wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class JournalFile(NamedTuple):
    """One file of the journal of ``run``; ``number`` counts them, from 1."""

    run: str
    number: int
    path: Path


def journal_files(folder: Path) -> dict[str, list[JournalFile]]:
    """The files of each run in the order they were written; a run may have none yet."""
    found: dict[str, list[JournalFile]] = {}
    for path in sorted(folder.glob("*")):
        if path.suffix == ".lock":
            found.setdefault(path.stem, [])
        run, _, number = path.stem.rpartition("-")
        if path.suffix == ".jsonl" and run and number.isdecimal():
            found.setdefault(run, []).append(JournalFile(run, int(number), path))
    for files in found.values():
        files.sort(key=lambda file: file.number)
    return found


def read_lines(path: Path, offset: int) -> tuple[list[bytes], int]:
    """The whole lines behind ``offset``, and the offset behind them.

    The last line may be half there: it is being written, or its process was killed meanwhile, and
    then nobody was told of it.

    Raises:
        OSError: it cannot be read, or is gone: then another process has taken it over.
    """
    with path.open("rb") as file:
        file.seek(offset)
        whole = file.read().rpartition(b"\n")[0]
    return (whole.split(b"\n"), offset + len(whole) + 1) if whole else ([], offset)
