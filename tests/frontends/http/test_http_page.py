"""The files of the page, as a browser gets them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from http_lab import run, serving

from siptapi_frontends.http import pages

SHIPPED = pages.FOLDER
FILES = {
    "index.html": "text/html; charset=utf-8",
    "main.js": "text/javascript; charset=utf-8",
    "base.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "manifest.webmanifest": "application/manifest+json",
    "deep/down.js": "text/javascript; charset=utf-8",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "page"
    (folder / "deep").mkdir(parents=True)
    for name in FILES:
        (folder / name).write_text(f"content of {name}")
    (folder / "secret.py").write_text("no page has this")
    (tmp_path / "outside.txt").write_text("nobody's business")
    monkeypatch.setattr(pages, "FOLDER", folder)
    return folder


def test_each_file_has_its_type_whatever_the_computer_thinks(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab, lab.client() as client:
            for name, kind in FILES.items():
                answer = await client.get(f"/{name}")
                assert answer.text == f"content of {name}"
                assert answer.headers["content-type"] == kind
                assert answer.headers["cache-control"] == "no-cache"
            assert (await client.get("/")).text == "content of index.html"
            assert (await client.head("/main.js")).headers["content-length"] == "18"

    run(main())


def test_what_has_not_changed_is_not_sent_again(tmp_path: Path, folder: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab, lab.client() as client:
            tag = (await client.get("/main.js")).headers["etag"]
            same = await client.get("/main.js", headers={"If-None-Match": tag})
            assert (same.status_code, same.content) == (304, b"")
            assert same.headers["cache-control"] == "no-cache"
            (folder / "main.js").write_text("another")
            os.utime(folder / "main.js", (2e9, 2e9))
            other = await client.get("/main.js", headers={"If-None-Match": tag})
            assert (other.status_code, other.text) == (200, "another")

    run(main())


def test_only_what_a_page_has_is_served(tmp_path: Path, folder: Path) -> None:
    if hasattr(os, "symlink"):
        (folder / "link.txt").symlink_to(tmp_path / "outside.txt")

    async def main():
        async with serving(tmp_path) as lab, lab.client() as client:
            for path in ("/secret.py", "/link.txt", "/deep", "/deep/", "/nothing.js"):
                answer = await client.get(path)
                assert answer.status_code == 404, path
                assert answer.headers["content-type"] == "application/problem+json"
            posted = await client.post("/main.js")
            assert posted.status_code == 405

    run(main())


def test_the_page_that_is_shipped_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "FOLDER", SHIPPED)

    async def main():
        async with serving(tmp_path) as lab, lab.client() as client:
            answer = await client.get("/")
            assert answer.status_code == 200
            assert "<!doctype html>" in answer.text[:20].lower()
            for file in pages.FOLDER.rglob("*"):
                if file.is_file():
                    name = file.relative_to(pages.FOLDER).as_posix()
                    assert (await client.get(f"/{name}")).content == file.read_bytes()

    run(main())


def test_every_module_is_asked_for_at_once() -> None:
    """Else each comes only after the one that names it."""
    html = (SHIPPED / "index.html").read_text(encoding="utf-8")
    early = re.findall(r'<link rel="modulepreload" href="/([\w.]+)">', html)
    others = {"main.js", "theme_early.js"}
    assert sorted(early) == sorted({file.name for file in SHIPPED.glob("*.js")} - others)
