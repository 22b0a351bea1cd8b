"""The file that a newcomer begins with."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import attrs
import pytest

from siptapi_core.errors import SettingsError
from siptapi_core.numbers import NumberRules
from siptapi_core.settings import LineSettings, parse
from siptapi_core.settings.initial import initial_config, write_initial_config


def filled_in(text: str) -> str:
    for name in ("domain", "user", "password"):
        text, count = re.subn(rf'^{name} = ""$', f'{name} = "{name}"', text, flags=re.MULTILINE)
        assert count == 1
    return text


def test_as_it_is_it_is_refused_and_all_that_must_be_filled_in_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        parse(initial_config(), where="siptapi.toml")
    assert sorted(map(str, caught.value.problems)) == [
        (
            "siptapi.toml: lines.office.domain: expected a host name or IP address, "
            "such as pbx.example"
        ),
        (
            'siptapi.toml: lines.office.password: it is empty; { env = "NAME" } reads it '
            "from elsewhere"
        ),
        "siptapi.toml: lines.office.user: expected text that is not empty",
    ]


def test_it_can_be_read_once_the_account_is_filled_in() -> None:
    settings = parse(filled_in(initial_config()))
    line = settings.line(settings.default_line)
    assert (line.domain, line.user) == ("domain", "user")
    others = attrs.evolve(line, domain="d", user="u", password=None)
    assert others == LineSettings(domain="d", user="u")  # every other key has its default


def test_every_key_can_be_uncommented() -> None:
    text = filled_in(initial_config())
    text, count = re.subn(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE)
    settings = parse(text)
    assert count > 20
    assert settings.line("office").display_name == "{number}"


@pytest.mark.parametrize("cls", [LineSettings, NumberRules])
def test_it_has_every_key(cls: type[attrs.AttrsInstance]) -> None:
    names = {field.name for field in attrs.fields(cls) if field.init} - {"numbers"}
    assert names <= set(re.findall(r"^(?:# )?(\w+) = ", initial_config(), re.MULTILINE))


def test_where_to_read_on_is_said_by_the_file_that_it_is_in() -> None:
    text = initial_config()
    assert "(docs/strangers.md)" in text
    assert "](" not in text
    named = set(re.findall(r"docs/[\w-]+\.md", text))
    assert all((Path(__file__).parents[2] / page).is_file() for page in named)


def test_the_web_page_is_a_line_away() -> None:
    text = filled_in(initial_config()).replace("# [frontends.http]", "[frontends.http]")
    assert parse(text).section("frontends", "http") == {}


def test_no_line_is_too_long_to_read() -> None:
    assert max(map(len, initial_config().splitlines())) <= 100


def test_written_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folders" / "siptapi.toml"
    write_initial_config(file)
    assert file.read_text(encoding="utf-8") == initial_config()
    if os.name != "nt":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "siptapi.toml"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"siptapi\.toml: is there already"):
        write_initial_config(file)
    assert file.read_text(encoding="utf-8") == "mine"


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be written"):
        write_initial_config(tmp_path / "file" / "siptapi.toml")
    with pytest.raises(SettingsError, match="cannot be written"):
        write_initial_config(Path("a\0b"))
