from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest
from fake_user_windows import FakeWindows

import siptapi_frontends.handler  # noqa: F401  # where the fake puts its modules
from siptapi_core.errors import RefusedError, UsageError
from siptapi_frontends.handler.registry import install_file, registry_keys, remove_file

COMMAND = ("C:\\pythonw.exe", "--")
SCHEMES = ("tel", "sip")


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> FakeWindows:
    return FakeWindows(monkeypatch)


@pytest.fixture
def windows(desktop: FakeWindows, tmp_path: Path) -> ModuleType:
    module = importlib.import_module("siptapi_frontends.handler.windows")
    module.state_folder = lambda: str(tmp_path)
    return module


def test_it_is_installed_and_removed(
    desktop: FakeWindows, windows: ModuleType, tmp_path: Path
) -> None:
    before = {path: dict(values) for path, values in desktop.registry.keys.items()}
    files = (tmp_path / "handler/install.reg", tmp_path / "handler/remove.reg")
    keys = registry_keys(COMMAND, SCHEMES)
    assert windows.install(COMMAND, SCHEMES) == files
    assert [file.read_bytes() for file in files] == [install_file(keys), remove_file()]
    for key, texts in keys.items():
        assert texts.items() <= desktop.registry.keys[key].items()
    assert desktop.told == [(0x08000000, 0, None, None)]

    assert windows.remove() == files
    left = {path: values for path, values in desktop.registry.keys.items() if values}
    assert left == before
    assert "Software\\Classes\\SIPTAPI.Link" not in desktop.registry.keys
    assert "Software\\Classes" in desktop.registry.keys
    assert len(desktop.told) == 2
    assert not any(file.exists() for file in files)

    assert windows.remove() == ()


def test_where_there_are_no_registered_applications_none_is_removed(
    desktop: FakeWindows, windows: ModuleType
) -> None:
    desktop.registry.keys.clear()
    assert windows.remove() == ()
    assert desktop.registry.keys == {}


def test_where_the_registry_is_locked_the_file_is_named(
    desktop: FakeWindows, windows: ModuleType, tmp_path: Path
) -> None:
    desktop.registry.denied = True
    with pytest.raises(RefusedError, match=r"Access is denied; .*install\.reg does it by hand"):
        windows.install(COMMAND, SCHEMES)
    assert (tmp_path / "handler/install.reg").exists()
    with pytest.raises(RefusedError, match="the registry cannot be changed: Access is denied"):
        windows.remove()
    assert desktop.told == []


def test_a_folder_that_is_none_is_named(
    desktop: FakeWindows, windows: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "handler").write_text("no folder")
    with pytest.raises(RefusedError, match="handler cannot be written: File exists"):
        windows.install(COMMAND, SCHEMES)
    assert "Software\\Classes" not in desktop.registry.keys


def test_a_command_that_windows_would_change_changes_nothing(
    desktop: FakeWindows, windows: ModuleType, tmp_path: Path
) -> None:
    with pytest.raises(UsageError):
        windows.install(("C:\\100%\\pythonw.exe",), SCHEMES)
    assert list(tmp_path.iterdir()) == []
    assert "Software\\Classes" not in desktop.registry.keys
