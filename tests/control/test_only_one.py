from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from siptapi_core.control.only_one import only_one
from siptapi_core.errors import NetworkError, RefusedError

HOLDER = """
import sys
from pathlib import Path
from siptapi_core.control.only_one import only_one

with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_while_one_runs_there_is_no_other(tmp_path: Path) -> None:
    lock = tmp_path / "state" / "control.lock"
    with only_one(lock):
        assert lock.read_text() == f"{os.getpid()}\n"
        with (
            pytest.raises(RefusedError, match=rf"runs already \(process {os.getpid()}\)"),
            only_one(lock),
        ):
            pytest.fail("there are two")
    with only_one(lock):
        pass


def test_one_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "control.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RefusedError, match=f"process {holder.pid}"), only_one(lock):
            pass
        holder.kill()
        holder.wait(30)
        with only_one(lock):
            assert lock.read_text() == f"{os.getpid()}\n"


def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "control.lock"
    lock.mkdir()
    with pytest.raises(NetworkError, match=r"control\.lock cannot be opened"), only_one(lock):
        pass
