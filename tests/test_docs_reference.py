"""The pages that are made from the code are what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("page", ["commands", "events"])
def test_the_committed_page_is_what_the_code_says(page: str) -> None:
    spec = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    made = getattr(reference, f"{page}_reference")()
    committed = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    assert committed == made, "write it anew: python docs/reference.py"
