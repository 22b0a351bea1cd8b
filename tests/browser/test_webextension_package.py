"""What is handed out is whole, always the same, and asks for no more than it says."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from zipfile import ZipFile

import pytest

EXTENSION = Path(__file__).parents[2] / "frontends" / "webextension"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    build = runpy.run_path(str(EXTENSION / "build.py"))["build"]
    first, second = tmp_path / "new" / "first.zip", tmp_path / "second.zip"
    build(first)
    build(second)
    assert first.read_bytes() == second.read_bytes()
    return first


def test_all_that_is_named_is_in_it_and_nothing_else(package: Path) -> None:
    with ZipFile(package) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    named = set()
    for name, content in inside.items():
        if name.endswith((".json", ".html", ".js")):
            text = content.decode()
            named |= set(re.findall(r'(?:src|href)="([\w./]+)"', text))
            named |= set(re.findall(r'[":`\s/]([\w/]+\.(?:js|css|html|png))', text))
    assert named | {"manifest.json"} == inside.keys()


def test_it_asks_for_little(package: Path) -> None:
    manifest = json.loads((EXTENSION / "manifest.json").read_text())
    assert manifest["permissions"] == ["storage", "contextMenus", "notifications"]
    assert manifest["host_permissions"] == ["http://127.0.0.1/*", "http://localhost/*"]
    assert "web_accessible_resources" not in manifest
    assert "externally_connectable" not in manifest
    policy = manifest["content_security_policy"]["extension_pages"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_scripts_in_pages_know_neither_token_nor_address() -> None:
    for path in (EXTENSION / "content").glob("*.js"):
        code = re.sub(r"^\s*(//|/?\*).*$", "", path.read_text(), flags=re.MULTILINE)
        assert not re.search(r"fetch|XMLHttp|WebSocket|storage|token|innerHTML", code), path


def test_pages_put_in_text_and_not_html() -> None:
    for path in EXTENSION.rglob("*.js"):
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval", path.read_text())


def test_a_call_goes_in_the_words_of_the_page() -> None:
    page = EXTENSION.parent / "siptapi_frontends" / "http" / "page" / "words.js"
    theirs = page.read_text()
    sentences = re.findall(r'"([A-Z][^"]*\.)"', (EXTENSION / "words.js").read_text())
    assert len(sentences) > 15
    assert [each for each in sentences if each not in theirs] == []
