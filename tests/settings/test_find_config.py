"""Which settings file is taken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from siptapi_core.errors import NoSettingsError, SettingsError
from siptapi_core.settings import find_config, finding


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    user, system = tmp_path / "user" / "siptapi.toml", tmp_path / "system" / "siptapi.toml"
    for place in (user, system):
        place.parent.mkdir()
    monkeypatch.setattr(finding, "user_config", lambda: user)
    monkeypatch.setattr(finding, "system_config", lambda: system)
    return user, system


def test_the_users_goes_before_the_systems(places: tuple[Path, Path]) -> None:
    user, system = places
    system.touch()
    assert find_config(environment={}) == system
    user.touch()
    assert find_config(environment={}) == user


def test_a_folder_of_that_name_is_no_file(places: tuple[Path, Path]) -> None:
    user, system = places
    user.mkdir()
    system.touch()
    assert find_config(environment={}) == system


def test_what_is_named_goes_first_even_if_it_is_missing(places: tuple[Path, Path]) -> None:
    places[0].touch()
    named = {"SIPTAPI_CONFIG": "elsewhere.toml"}
    assert find_config(environment=named) == Path("elsewhere.toml")
    assert find_config(Path("mine.toml"), environment=named) == Path("mine.toml")
    assert find_config(environment={"SIPTAPI_CONFIG": ""}) == places[0]


def test_none(places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "siptapi.toml").touch()  # the current folder does not count
    with pytest.raises(SettingsError) as caught:
        find_config(environment={})
    assert str(caught.value) == (
        f"there are no settings: looked for {places[0]} and {places[1]};"
        " `siptapi setup` asks for your account and writes them, `siptapi config init` writes a"
        " file to fill in"
    )


def test_a_user_without_a_home_has_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home(*_: object, **__: object) -> Path:
        raise RuntimeError("could not determine the home directory")

    system = tmp_path / "siptapi.toml"
    monkeypatch.setattr("platformdirs.user_config_path", no_home)
    monkeypatch.setattr(finding, "system_config", lambda: system)
    with pytest.raises(NoSettingsError, match=f"looked for {re.escape(str(system))};"):
        find_config(environment={})
    system.touch()
    assert find_config(environment={}) == system
    with pytest.raises(NoSettingsError, match=r"has no home folder: .* --config or SIPTAPI_CONFIG"):
        finding.user_config()


def test_the_real_places_are_two_of_our_own() -> None:
    user, system = finding.user_config(), finding.system_config()
    assert user != system
    for place in (user, system):
        assert place.is_absolute()
        assert place.parts[-2:] == ("siptapi", "siptapi.toml")
