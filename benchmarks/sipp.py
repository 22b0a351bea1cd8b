"""sipp as the phone of every benchmark, and as the fastest of the contenders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PHONE = "127.0.0.15:5070"
OWN_HOST = "127.0.0.16"
SCENARIOS = Path(__file__).parent / "scenarios"
_FLAGS = (
    *("-nostdin", "-max_recv_loops", "20000", "-max_sched_loops", "20000"),
    *("-timer_resol", "1", "-buff_size", "4194304"),
)


def _command(scenario: str, host: str, port: int, *more: str) -> list[str]:
    path = shutil.which("sipp")
    if path is None:
        sys.exit("sipp is not here: install the Debian package sip-tester")
    file = str(SCENARIOS / f"{scenario}.xml")
    return [path, "-sf", file, "-i", host, "-p", str(port), *_FLAGS, *more]


@contextmanager
def phone() -> Iterator[None]:
    """A phone that picks up at once, accepts every REFER, and whose callee answers at once.

    A new one for each contender: none meets what another one has left.
    """
    host, _, port = PHONE.partition(":")
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            _command("phone", host, int(port)),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(0.3)
            yield
        finally:
            process.terminate()
            process.wait(10)


def click_to_dial(flows: int, at_once: int) -> dict[str, float]:
    """sipp's own UAC: ``flows`` of them, ``at_once`` at a time."""
    limits = ("-r", "100000", "-l", str(at_once), "-m", str(flows), "-s", "phone")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        process = subprocess.Popen(
            _command("click_to_dial", OWN_HOST, 0, *limits, PHONE),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
    if process.returncode:
        sys.exit(f"sipp failed with status {process.returncode}")
    return {"flows": flows / seconds, "cpu": (used.ru_utime + used.ru_stime) / flows}
