from __future__ import annotations

from pathlib import Path

import pytest

from siptapi_core.control.finding import PROTOCOL
from siptapi_core.control.hello import check_settings, check_version
from siptapi_core.errors import NotSupportedError, RefusedError


@pytest.mark.parametrize("version", [PROTOCOL, "2.7", "2"])
def test_a_minor_version_does_not_matter(version: str) -> None:
    check_version(version)


@pytest.mark.parametrize("version", ["1.0", "3.0", "", "two", "22.0"])
def test_a_major_version_does(version: str) -> None:
    with pytest.raises(NotSupportedError, match="install the same SIPTAPI for both"):
        check_version(version)


def test_the_same_file_is_known_by_any_name(tmp_path: Path) -> None:
    own, link, other = (tmp_path / name for name in ("own.toml", "link.toml", "other.toml"))
    own.touch()
    other.touch()
    link.symlink_to(own)
    check_settings(str(link), str(own), "")
    check_settings("default", str(own), str(link))
    with pytest.raises(RefusedError, match=f"`--config {own}` reaches it"):
        check_settings(str(other), str(own), str(own))
    with pytest.raises(RefusedError, match="other settings"):
        check_settings("default", str(own), str(other))


def test_who_means_none_in_particular_takes_any() -> None:
    check_settings("", "", "")


@pytest.mark.parametrize("own", ["", "/nowhere/siptapi.toml"])
@pytest.mark.parametrize("wanted", ["default", "/nowhere/siptapi.toml", "a\0b", "\ud800"])
def test_a_file_that_is_not_there_is_nobodys(wanted: str, own: str) -> None:
    with pytest.raises(RefusedError):
        check_settings(wanted, own, "")


def test_settings_that_are_in_no_file_cannot_be_named() -> None:
    with pytest.raises(RefusedError, match="they are in no file"):
        check_settings("default", "", "")
