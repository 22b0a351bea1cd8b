"""The benchmark of the event stream, made small: every listener, every event, in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "http_events.py"


def test_fifty_listeners_see_every_event_in_order_beside_one_who_reads_nothing():
    ended = subprocess.run(
        [sys.executable, BENCHMARK, "50", "20", "2"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "50 listeners, 20 calls/s, 400 events each, in order" in ended.stdout
