"""A private file: whole or not at all, and for nobody else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from siptapi_core.private_file import write_private_file


def test_it_and_its_folders_are_its_users_alone(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "secret"
    write_private_file(file, "Jörg\n")
    assert file.read_bytes() == "Jörg\n".encode()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_the_old_one_is_replaced_where_a_link_leads(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    link.symlink_to(real)
    write_private_file(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "real"]


def test_what_a_killed_process_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / f"secret.{os.getpid()}.new").write_text("half")
    write_private_file(tmp_path / "secret", "whole")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["whole"]


def test_where_it_fails_nothing_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_private_file(file, "new")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]
