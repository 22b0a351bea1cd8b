"""What docs/strategies.md says of names, headers and settings is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from siptapi_core.settings import parse
from siptapi_core.settings.auto_answer import AutoAnswer, auto_answer_headers
from siptapi_plugins import acd, refer_to_phone, refer_via_proxy, refer_via_stun, reverse

PAGE = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text(encoding="utf-8")
STRATEGIES = (refer_via_proxy, refer_to_phone, refer_via_stun, reverse, acd)


def test_every_strategy_is_compared() -> None:
    (heading,) = re.findall(r"^\| \| (.*) \|$", PAGE, re.MULTILINE)
    assert heading.split(" | ") == [f"`{module.NAME}`" for module in STRATEGIES]


@pytest.mark.parametrize("way", [way for way in AutoAnswer if way is not AutoAnswer.ALL])
def test_every_header_is_told_as_it_is_sent(way: AutoAnswer) -> None:
    ((name, value),) = auto_answer_headers((way,), "DOMAIN")
    assert f"| `{way}` | `{name}: {value}` |" in PAGE


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_its_examples_are_settings(block: str) -> None:
    assert parse(block).lines
