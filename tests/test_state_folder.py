from __future__ import annotations

import sys
from pathlib import Path

import pytest
from platformdirs import user_state_path

from siptapi_core import state_folder as module
from siptapi_core.errors import SettingsError
from siptapi_core.state_folder import state_folder


@pytest.mark.parametrize("named", ["", "relative/state", "/var/tmp/state"])
def test_it_is_where_platformdirs_has_it(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", named)
    assert Path(state_folder()) == user_state_path("siptapi", appauthor=False)


def test_without_a_variable_it_is_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    assert Path(state_folder()).is_relative_to(tmp_path)


def test_who_has_neither_is_told_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(module._VARIABLE, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(SettingsError, match=f"no home folder: .* {module._VARIABLE}"):
        state_folder()


def test_windows_names_it_in_another_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(module, "_VARIABLE", "LOCALAPPDATA")
    monkeypatch.setenv("LOCALAPPDATA", "/profile/local")
    assert state_folder() == "/profile/local/siptapi"
    monkeypatch.delenv("LOCALAPPDATA")
    assert state_folder() == f"{tmp_path}/AppData/Local/siptapi"
