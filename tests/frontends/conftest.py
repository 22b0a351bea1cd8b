from __future__ import annotations

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
