"""The commands that docs/click-to-dial.md gives for a hot key, with programs that are played."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "click-to-dial.md"
RECIPES = re.findall(r"```sh\n(sh -c .*)\n```", PAGE.read_text(encoding="utf-8"))
SELECTED = "-rf +43 (1) 505641 $(id) `id` \"quoted\" 'so' \\ %u * \n second line"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="they are for Linux")


def test_there_is_one_for_either_display_server() -> None:
    assert [re.findall(r"\$\(([a-z-]+) ", recipe) for recipe in RECIPES] == [
        ["wl-paste"],
        ["xclip"],
    ]


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_selected_text_arrives_as_one_argument(recipe: str, tmp_path: Path) -> None:
    def play(name: str, words: str) -> None:
        file = tmp_path / name
        file.write_text(f"#!{sys.executable} -IS\nimport json, sys\n{words}\n")
        file.chmod(0o700)

    for name in ("wl-paste", "xclip"):
        play(name, f"assert any('primary' in each for each in sys.argv); print({SELECTED!r})")
    play("siptapi", "print(json.dumps(sys.argv[1:]))")
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ended = subprocess.run(
        recipe, shell=True, env=environment, capture_output=True, check=True, timeout=30
    )
    assert json.loads(ended.stdout) == ["handler", "open", "--", SELECTED]
