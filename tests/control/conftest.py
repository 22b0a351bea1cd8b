from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the daemon of these tests is looked for; its name is short, as that of a socket is."""
    with tempfile.TemporaryDirectory(prefix="siptapi") as folder:
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "LOCALAPPDATA"):
            monkeypatch.setenv(name, folder)
        monkeypatch.setenv("XDG_STATE_HOME", f"{folder}/state")
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.delenv("SIPTAPI_CONFIG", raising=False)
        yield Path(folder)
