from __future__ import annotations

import re
import tomllib
from pathlib import Path

import cattrs
import pytest

from siptapi_core.errors import NumberError
from siptapi_core.numbers import Decision, NumberRules, explain

PAGE = (Path(__file__).parents[2] / "docs" / "numbers.md").read_text(encoding="utf-8")
TABLE = PAGE[PAGE.index("## From the real world") :]
RULES = {
    name: cattrs.structure(table, NumberRules)
    for name, table in tomllib.loads(TABLE.split("```")[1].removeprefix("toml")).items()
}
ROWS = re.findall(r"^\| `(.+)` \| (\w+) \| (\w.*) \| (?:`(.+)`)? \| (.*) \|$", TABLE, re.MULTILINE)
DOMAIN = "pbx.example"


def pasted(cell: str) -> str:
    """The text that a cell stands for."""
    characters = re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), cell)
    return characters.replace("\\r", "\r").replace("\\n", "\n").replace("\\|", "|")


def test_the_table_is_read_whole() -> None:
    assert len(ROWS) >= 60
    headings = TABLE.count("| pasted |")
    assert len(ROWS) == len(re.findall(r"^\|", TABLE, re.MULTILINE)) - 2 * headings
    assert len({(cell, where) for cell, where, *_ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("cell", "where", "kind", "dialled", "says"), ROWS)
def test_row(cell: str, where: str, kind: str, dialled: str, says: str) -> None:
    text = pasted(cell)
    if kind == "error":
        with pytest.raises(NumberError) as refused:
            explain(text, RULES[where], domain=DOMAIN)
        assert (refused.value.reason, dialled) == (says, "")
        return
    found = explain(text, RULES[where], domain=DOMAIN)
    decided = "" if found.decision is Decision.ALLOW else f", {found.rule}"
    assert f"{found.kind}{decided}" == kind
    user = dialled if dialled.startswith("sip:") else f"sip:{dialled}@{DOMAIN}"
    assert str(found.dialled) == user
    assert "; ".join(found.warnings) == says
