"""The benchmark of the event stream, made small: it fails unless all see all, in order."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "http_events.py"


def test_fifty_listeners_see_every_event_in_order_beside_one_who_reads_nothing(tmp_path):
    size = ("--listeners", "50", "--calls-a-second", "20", "--seconds", "2", "--rounds", "1")
    ended = subprocess.run(
        [sys.executable, BENCHMARK, *size, "--json", tmp_path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    written = json.loads((tmp_path / "http_events.json").read_text())
    assert list(written["rounds"]) == ["50 listeners, 20 calls/s"]
