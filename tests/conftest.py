"""What every test shares: how hard hypothesis looks, and folders that are not the user's.

``pytest --hypothesis-profile=soak`` looks 25 times as long.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest
from hypothesis import HealthCheck, settings

# No deadline: a machine that is busy with something else is no defect of ours.
settings.register_profile("siptapi", deadline=None)
settings.register_profile(
    "soak",
    deadline=None,
    max_examples=2500,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("siptapi")

_FOLDERS = ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "LOCALAPPDATA")


@pytest.fixture(scope="session", autouse=True)
def folders_of_nobody() -> Iterator[None]:
    """No test writes into the history of who runs it, or finds that person's daemon."""
    before = {name: os.environ.get(name) for name in _FOLDERS}
    with tempfile.TemporaryDirectory(prefix="siptapi-") as folder:
        os.environ.update(dict.fromkeys(_FOLDERS, folder))
        yield
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    """A file that systemd's journal is said to be."""
    with (tmp_path / "journal").open("w+", encoding="utf-8") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        yield stream
