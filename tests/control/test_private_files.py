from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from siptapi_core.control import private_files
from siptapi_core.control.private_files import make_folder, write_private
from siptapi_core.errors import NetworkError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_is_made_for_the_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_folder(folder)
    assert mode(folder) == 0o700
    folder.chmod(0o755)
    make_folder(folder)
    assert mode(folder) == 0o700


def test_a_folder_of_another_user_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: own + 1)
    with pytest.raises(NetworkError, match="belongs to another user"):
        make_folder(tmp_path)


@pytest.mark.parametrize(
    ("owner_of_the_link", "taken"), [("its user", True), ("root", True), ("another", False)]
)
def test_a_link_to_a_folder_is_followed_where_its_user_or_root_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner_of_the_link: str, *, taken: bool
) -> None:
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    own = folder.stat().st_uid
    owner = {"its user": own, "root": 0, "another": own + 1}[owner_of_the_link]
    found = os.stat_result((0o120777, *link.lstat()[1:4], owner, *link.lstat()[5:10]))
    monkeypatch.setattr(Path, "lstat", lambda _: found)
    if taken:
        make_folder(link)
        assert mode(folder) == 0o700
    else:
        with pytest.raises(NetworkError, match="belongs to another user"):
            make_folder(link)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(NetworkError, match=f"{file}/a cannot be made: Not a directory"):
        make_folder(file / "a")


def test_a_file_is_the_users_alone_from_its_first_moment(tmp_path: Path) -> None:
    file = tmp_path / "a" / "secret"
    write_private(file, "one\n")
    assert (file.read_bytes(), mode(file)) == (b"one\n", 0o600)
    file.chmod(0o644)
    write_private(file, "two\n")
    assert (file.read_bytes(), mode(file)) == (b"two\n", 0o600)
    assert list(file.parent.iterdir()) == [file]


def test_what_a_crash_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    write_private(file, "one\n")
    (left,) = (file.with_suffix(f".{os.getpid()}.new"),)
    left.write_text("half")
    write_private(file, "two\n")
    assert file.read_text() == "two\n"
    assert not left.exists()


def test_a_file_that_everybody_could_read_is_not_left_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_files, "readable_by_others", lambda _: True)
    with pytest.raises(NetworkError, match="every user of this computer could read"):
        write_private(tmp_path / "secret", "one\n")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.mkdir()
    with pytest.raises(NetworkError, match=f"{file} cannot be written: Is a directory"):
        write_private(file, "one\n")
