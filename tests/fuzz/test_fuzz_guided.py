"""Fuzzing guided by coverage, a second for each harness; ``nox -s fuzz`` goes on for longer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[2] / "fuzz"
HARNESSES = sorted(path.stem for path in FUZZ.glob("fuzz_*.py"))
INPUTS = 4000

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or sys.version_info >= (3, 14), reason="there is no atheris for it"
)


def fuzz(name: str, found: Path, corpus: Path, **environment: str) -> tuple[int, str]:
    """The exit code and what is said; the seed is fixed, so that a finding is found again."""
    options = (f"-runs={INPUTS}", "-seed=1", f"-artifact_prefix={found}/artifact-")
    (found / "corpus").mkdir()
    done = subprocess.run(
        [sys.executable, FUZZ / "drive.py", name, *options, found / "corpus", corpus],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", HARNESSES)
def test_some_thousand_inputs_find_nothing(name: str, tmp_path: Path) -> None:
    status, said = fuzz(name, tmp_path, FUZZ / "corpora" / name)
    assert status == 0, said[-4000:]
    assert f"Done {INPUTS} runs" in said
    assert "NEW" in said, "coverage guides it"


def test_an_exception_that_nobody_expects_is_found(tmp_path: Path) -> None:
    (tmp_path / "fuzz_faulty.py").write_text(
        'def read(data):\n    if data == b"seed":\n        raise IndexError("found")\n'
    )
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "seed").write_bytes(b"seed")
    status, said = fuzz("fuzz_faulty", tmp_path, tmp_path / "seeds", PYTHONPATH=str(tmp_path))
    assert status != 0
    assert "IndexError: found" in said
    assert [path.read_bytes() for path in tmp_path.glob("artifact-crash-*")] == [b"seed"]
