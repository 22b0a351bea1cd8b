from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from siptapi_core.errors import RefusedError
from siptapi_frontends.handler import freedesktop

pytestmark = pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="another desktop")
COMMAND = ("/usr/bin/python3", "--")
SCHEMES = ("tel", "sip")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config").mkdir()
    return tmp_path


def test_it_is_installed_and_removed(home: Path) -> None:
    entry, general = home / "data/applications/siptapi.desktop", home / "config/mimeapps.list"
    assert freedesktop.install(COMMAND, SCHEMES) == (entry, general)
    assert "Exec=/usr/bin/python3 -- %u\n" in entry.read_text()
    assert general.read_text() == (
        "[Default Applications]\n"
        "x-scheme-handler/sip=siptapi.desktop;\n"
        "x-scheme-handler/tel=siptapi.desktop;\n"
    )
    assert freedesktop.install(COMMAND, SCHEMES) == (entry,)
    assert freedesktop.remove() == (general, entry)
    assert general.read_text() == "[Default Applications]\n"
    assert freedesktop.remove() == ()
    assert [file for file in home.rglob("*") if file.is_file()] == [general]


def test_what_was_the_default_before_is_it_again(home: Path) -> None:
    general = home / "config/mimeapps.list"
    before = b"[Default Applications]\nx-scheme-handler/tel=phone.desktop;\n# J\xf6rg's\n"
    general.write_bytes(before)
    freedesktop.install(COMMAND, SCHEMES)
    assert b"x-scheme-handler/tel=siptapi.desktop;phone.desktop;\n" in general.read_bytes()
    freedesktop.remove()
    assert general.read_bytes() == before


def test_the_list_of_one_desktop_is_changed_only_where_it_goes_before_the_others(
    home: Path,
) -> None:
    gnome, kde = home / "config/gnome-mimeapps.list", home / "config/kde-mimeapps.list"
    gnome.write_text("[Default Applications]\nx-scheme-handler/sip=phone.desktop;\n")
    kde.write_text("[Default Applications]\ntext/html=browser.desktop;\n")
    assert gnome in freedesktop.install(COMMAND, SCHEMES)
    assert gnome.read_text() == (
        "[Default Applications]\nx-scheme-handler/sip=siptapi.desktop;phone.desktop;\n"
    )
    assert kde.read_text() == "[Default Applications]\ntext/html=browser.desktop;\n"
    assert gnome in freedesktop.remove()
    assert "siptapi" not in gnome.read_text()


def test_a_link_to_the_file_stays_one_and_its_mode_too(home: Path) -> None:
    real = home / "dotfiles.list"
    real.write_text("")
    real.chmod(0o640)
    general = home / "config/mimeapps.list"
    general.symlink_to(real)
    freedesktop.install(COMMAND, SCHEMES)
    assert general.is_symlink()
    assert "siptapi.desktop" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_write_that_fails_leaves_the_old_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    general = home / "config/mimeapps.list"
    general.write_text("mine")

    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(RefusedError, match=r"siptapi\.desktop cannot be written: No space"):
        freedesktop.install(COMMAND, SCHEMES)
    assert general.read_text() == "mine"
    assert [file for file in home.rglob("*") if file.is_file()] == [general]


def test_what_is_in_the_way_is_named(home: Path) -> None:
    general = home / "config/mimeapps.list"
    general.mkdir()
    with pytest.raises(RefusedError, match=r"mimeapps\.list cannot be read: Is a directory"):
        freedesktop.install(COMMAND, SCHEMES)
    general.rmdir()
    entry = home / "data/applications/siptapi.desktop"
    entry.unlink()
    entry.mkdir()
    with pytest.raises(RefusedError, match=r"siptapi\.desktop cannot be removed: "):
        freedesktop.remove()
