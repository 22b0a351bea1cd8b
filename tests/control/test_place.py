from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from siptapi_core.control import place


def test_the_socket_is_in_the_runtime_folder_where_there_is_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = str(home / "state" / "siptapi" / "control.sock")
    assert place.socket_files() == [str(home / "siptapi" / "control.sock"), state]
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "nobody"))
    assert place.socket_files() == [state]
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert place.socket_files() == [state]


def test_what_outlives_the_daemon_is_in_the_state_folder(home: Path) -> None:
    folder = home / "state" / "siptapi"
    assert place.address_file() == str(folder / "control.address")
    assert place.lock_file() == str(folder / "control.lock")


def test_to_look_costs_next_to_nothing() -> None:
    words = "import sys; import siptapi_core.control.finding; print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, timeout=30, check=True
    )
    loaded = set(ended.stdout.split())
    assert not {"socket", "asyncio", "pathlib", "json", "attrs"}.intersection(loaded)
    ours = {name for name in loaded if name.startswith("siptapi")}
    assert ours == {
        "siptapi_core",
        "siptapi_core.control",
        "siptapi_core.control.finding",
        "siptapi_core.control.place",
        "siptapi_core.state_folder",
    }
