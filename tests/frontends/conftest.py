from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where SIPTAPI looks for settings: a file that is not there, never the user's own."""
    names = ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_STATE_HOME", "LOCALAPPDATA")
    for name in (*names, "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    path = tmp_path / "siptapi.toml"
    monkeypatch.setenv("SIPTAPI_CONFIG", str(path))
    return path


@pytest.fixture
def short_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the daemon of a test is looked for: the name of a socket must be short."""
    with tempfile.TemporaryDirectory(prefix="siptapi") as folder:
        for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "LOCALAPPDATA"):
            monkeypatch.setenv(name, folder)
        yield Path(folder)
