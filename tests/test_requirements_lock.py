"""What a release is tried with goes with what the project says it needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINNED = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, re.MULTILINE))


def test_every_dependency_is_pinned_within_its_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [Requirement(text) for text in project["dependencies"]]
    assert needed
    wrong = [
        f"{each}: {PINNED.get(each.name)}"
        for each in needed
        if each.name not in PINNED or not each.specifier.contains(PINNED[each.name])
    ]
    assert wrong == [], "write it anew: nox -s lock"


def test_each_has_its_hashes_and_no_place() -> None:
    for block in re.split(r"^(?=[a-z])", LOCK, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block
    assert "://" not in LOCK
    assert "index" not in LOCK
