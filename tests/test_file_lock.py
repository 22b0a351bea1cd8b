from __future__ import annotations

import os
from pathlib import Path

from siptapi_core.file_lock import try_lock


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    first, second = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert try_lock(first)
    assert not try_lock(second)
    os.close(first)
    assert try_lock(second)
    os.close(second)


def test_what_stands_in_the_file_can_be_read_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("4711\n")
    descriptor = os.open(path, os.O_RDWR)
    assert try_lock(descriptor)
    assert os.read(descriptor, 10) == b"4711\n"
    assert path.read_text() == "4711\n"
    os.close(descriptor)
