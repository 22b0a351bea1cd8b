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
from siptapi_core.settings import LineSettings, load, parse
from siptapi_core.settings.initial import initial_config, write_initial_config


def test_it_can_be_read_as_it_is() -> None:
    settings = parse(initial_config())
    line = settings.line(settings.default_line)
    assert (line.domain, line.user) == ("pbx.example", "201")
    others = attrs.evolve(line, domain="d", user="u", password=None)
    assert others == LineSettings(domain="d", user="u")  # every other key has its default


def test_every_key_can_be_uncommented() -> None:
    text, count = re.subn(r"^# (?=\w+ = )", "", initial_config(), flags=re.MULTILINE)
    settings = parse(text)
    assert count > 20
    assert settings.line("office").display_name == "{number}"


@pytest.mark.parametrize("cls", [LineSettings, NumberRules])
def test_it_has_every_key(cls: type[attrs.AttrsInstance]) -> None:
    names = {field.name for field in attrs.fields(cls) if field.init} - {"numbers"}
    assert names <= set(re.findall(r"^(?:# )?(\w+) = ", initial_config(), re.MULTILINE))


def test_no_line_is_too_long_to_read() -> None:
    assert max(map(len, initial_config().splitlines())) <= 100


def test_written_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folders" / "siptapi.toml"
    write_initial_config(file)
    assert load(file).default_line == "office"
    assert load(file).warnings() == ()
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
