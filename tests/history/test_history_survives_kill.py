"""Real processes: killed at any moment, several at once, out of disk."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from history_bench import Bench, Told, check, run, whole_history

PROGRAM = Path(__file__).with_name("recording_process.py")
CALLS = 200
EVENTS = 6 * CALLS
"""At least."""
ROUNDS = 6


class Recording:
    """The process; ``told`` are the events that its listener got before its end."""

    def __init__(self, bench: Bench, kind: str, *, calls: int = CALLS, seed: object = 0) -> None:
        self.told: list[Told] = []
        command = [sys.executable, str(PROGRAM), str(bench.file), str(calls), str(seed), kind]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.__exit__(None, None, None)

    def read(self, most: int | None = None) -> None:
        """Read what it tells: ``most`` lines, or all until its end."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            id_, call, event = line.split()
            self.told.append((int(id_), call, event))
            if most is not None and len(self.told) == most:
                break

    def kill(self) -> None:
        self._process.kill()
        self.read()
        self._process.wait()

    def finish(self) -> None:
        self.read()
        assert self._process.wait(30) == 0


def test_a_daemon_killed_again_and_again_loses_nothing_that_it_told(tmp_path: Path) -> None:
    bench, chance = Bench(tmp_path), random.Random()
    told: list[Told] = []
    for number in range(ROUNDS):
        with Recording(bench, "daemon", seed=number) as process:
            process.read(chance.randrange(1, EVENTS))
            process.kill()
        assert len(process.told) < 8 * CALLS, "it was over before it was killed"
        assert not told or process.told[0][0] > told[-1][0], "ids go on"
        told += process.told
    check(bench, told)


def test_processes_at_once_some_of_them_killed(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    kinds = ["daemon", "dial", "dial", "dial"]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(Recording(bench, kind, calls=40, seed=kind)) for kind in kinds
        ]
        for process in processes[1:3]:
            process.read(100)
            process.kill()
        run(lambda: whole_history(bench))  # somebody asks meanwhile
        for process in (processes[0], processes[3]):
            process.finish()
    check(bench, [event for process in processes for event in process.told])
    assert len(run(lambda: whole_history(bench))) > 80
