"""The documentation of the settings is what the code says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import attrs
import pytest

from siptapi_core.numbers import NumberRules, Rewrite
from siptapi_core.settings import LineSettings, PluginSettings, parse
from siptapi_core.settings.reference import settings_reference

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_committed_page_is_what_the_code_says() -> None:
    made = settings_reference()
    assert PAGE.read_text(encoding="utf-8") == made, (
        'write it anew: python -c "from siptapi_core.settings.reference import *; '
        "open('docs/settings.md', 'w').write(settings_reference())\""
    )


@pytest.mark.parametrize("cls", [LineSettings, PluginSettings, NumberRules, Rewrite])
def test_every_key_is_explained(cls: type[attrs.AttrsInstance]) -> None:
    explained = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| [^|]* \| [^|]+ \|$", settings_reference(), re.MULTILINE
    )
    for field in attrs.fields(cls):
        if field.init:
            assert field.metadata["help"]
            assert field.name in explained


def test_its_examples_are_toml() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", settings_reference(), re.DOTALL)
    assert len(blocks) == 3
    assert tomllib.loads(blocks[0])["lines"]["office"]["user"] == "201"
    assert list(parse(blocks[1]).lines) == ["anna", "bert"]
    for line in blocks[2].splitlines():
        assert "password" in tomllib.loads(line)
