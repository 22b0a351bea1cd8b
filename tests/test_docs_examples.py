"""Every block of code in the docs is what SIPTAPI takes: settings, commands, JSON, Python."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from argparse import Namespace
from pathlib import Path

import pytest

from siptapi_core.plugin_loading import PluginCatalog, load_plugins
from siptapi_core.settings import parse
from siptapi_core.settings.checking import check_sections
from siptapi_frontends.cli.application import Parser, global_options

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_REMARK = re.compile(r"\s+#.*$")


def blocks(language: str) -> dict[str, str]:
    """Each block in ``language``, by where it stands."""
    fence = re.compile(rf"^( *)```{language}\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
    found = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in fence.finditer(text):
            line = text.count("\n", 0, block.start()) + 1
            found[f"{page.name}:{line}"] = textwrap.dedent(block[2])
    return found


def each(found: dict[str, str]) -> pytest.MarkDecorator:
    """A test for each, named by its place."""
    return pytest.mark.parametrize("text", [*found.values()], ids=[*found])


@pytest.fixture(scope="module")
def catalog() -> PluginCatalog:
    return load_plugins(third_party=False)


@each(blocks("json"))
def test_it_is_json(text: str) -> None:
    for line in text.splitlines() if text.count("\n{") else [text]:
        json.loads(line)


@each(blocks("python"))
def test_it_is_python(text: str) -> None:
    compile(text, "docs", "exec")


def commands(language: str) -> dict[str, str]:
    """Each call of ``siptapi`` in the blocks, without its name."""
    found = {}
    for place, block in blocks(language).items():
        for line in block.replace("\\\n", " ").splitlines():
            for command in re.split(r" && |; | \| ", _REMARK.sub("", line.strip())):
                runner, name, words = command.partition("siptapi ")
                if name and re.fullmatch(r"(\S*[/\\]|uv run )?", runner):
                    found[f"{place}:{words}"] = words
    return found


@each(commands("sh") | commands("powershell"))
def test_it_is_a_command(text: str, catalog: PluginCatalog) -> None:
    given = Namespace()
    words = global_options().parse_known_args(shlex.split(text), given)[1]
    if given.version:
        return
    parser = Parser(allow_abbrev=False)
    found = catalog.commands[words[0]]
    found.configure(parser)
    parser.parse_args(words[1:], given)


OF_THEIR_OWN = (
    "[project",
    "[AT]",
    'password = "in the open"',
    "[resolvers.directory]",
    'strategies = ["refer-via-sbc',
)
"""Packaging; and what tests of their own read: rows of numbers, alternatives, a page's plugins."""
SETTINGS = {
    place: text
    for place, text in blocks("toml").items()
    if not any(words in text for words in OF_THEIR_OWN)
}


@each(SETTINGS)
def test_it_is_settings(text: str, catalog: PluginCatalog) -> None:
    """A part of a file counts too: what every file must have is added."""
    table = "[lines.office]\n"
    if table not in text and "[lines." not in text:
        text += table
    if table in text and "domain =" not in text:
        text = text.replace(table, f'{table}domain = "pbx.example.com"\nuser = "201"\n')
    check_sections(parse(text), catalog)
