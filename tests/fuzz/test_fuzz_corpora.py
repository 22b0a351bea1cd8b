"""What fuzzing does for hours, for a few seconds: each corpus, and damaged copies of it.

``nox -s fuzz`` looks further, guided by coverage.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "fuzz"
HARNESSES = sorted(path.stem for path in FOLDER.glob("fuzz_*.py"))
DAMAGED = 150
"""Inputs a harness."""
PIECES = (
    b"\r\n",
    b"\n",
    b"\0",
    b'"',
    b"<",
    b">",
    b";",
    b",",
    b"=",
    b"%",
    b"\\",
    b"\xff",
    b"9" * 40,
)


@pytest.fixture(autouse=True)
def _harnesses_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def corpus(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((FOLDER / "corpora" / name).iterdir())]


def damaged(seeds: list[bytes], chance: random.Random) -> Iterator[bytes]:
    for _ in range(DAMAGED):
        data = chance.choice(seeds)
        for _ in range(chance.randint(1, 4)):
            start = chance.randint(0, len(data))
            end = min(len(data), start + chance.choice((0, 0, 1, 4, 30)))
            other = chance.choice(seeds)
            cut = chance.randint(0, len(other))
            piece = chance.choice((b"", chance.choice(PIECES), data[start:end] * 3, other[cut:]))
            data = data[:start] + piece + data[end:]
        yield data


def test_there_is_a_corpus_for_each_harness() -> None:
    assert sorted(path.name for path in (FOLDER / "corpora").iterdir()) == HARNESSES
    assert len(HARNESSES) >= 15


@pytest.mark.parametrize("name", HARNESSES)
def test_nothing_but_errors_of_ours_in_bounded_time_and_space(name: str) -> None:
    limits, harness = (importlib.import_module(each) for each in ("limits", name))
    seeds = corpus(name)
    for data in seeds:
        limits.read_in_time(harness.read, data)
        limits.read_in_space(harness.read, data)
    for data in damaged(seeds, random.Random(name)):
        limits.read_in_time(harness.read, data[: limits.LONGEST_INPUT])


def test_the_memory_limit_can_be_broken() -> None:
    limits = importlib.import_module("limits")
    with pytest.raises(AssertionError, match="bytes of memory"):
        limits.read_in_space(lambda _data: bytearray(limits.MEMORY + 1), b"x")


def test_the_time_limit_can_be_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = importlib.import_module("limits")
    ticks = iter((0.0, limits.SECONDS))
    monkeypatch.setattr(limits.time, "process_time", lambda: next(ticks))
    with pytest.raises(AssertionError, match="s for 1 bytes"):
        limits.read_in_time(lambda _data: None, b"x")
