"""The ``lab`` fixture: real parts for one test, and their traces where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.laboratory import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab(tmp_path) as made:
        yield made
    print(made.traces())  # pytest shows it where the test failed
