"""``siptapi plugins new``: what it writes passes its own tests, and the type checker, at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from siptapi_core.errors import UsageError
from siptapi_core.plugin_loading import load_plugins
from siptapi_frontends.cli import application
from siptapi_frontends.new_plugin import writing
from siptapi_frontends.new_plugin.writing import Kind, write_plugin


def python(*arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # as its author has it
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("kind", Kind)
def test_its_own_tests_pass(tmp_path: Path, kind: Kind) -> None:
    folder, *_ = write_plugin("my-pbx", kind, tmp_path)
    assert python("pytest", "-q", "-W", "error", folder=folder) == ""


def test_they_are_typed(tmp_path: Path) -> None:
    for kind in Kind:
        write_plugin(kind.value, kind, tmp_path)
    modules = sorted(str(file) for file in tmp_path.glob("*/*.py"))
    assert len(modules) == len(Kind)
    cache = str(Path(__file__).parents[2] / ".mypy_cache")
    assert python("mypy", "--strict", "--cache-dir", cache, *modules, folder=tmp_path) == ""


@pytest.mark.parametrize("kind", Kind)
def test_it_is_loaded_and_offers_what_it_is_for(tmp_path: Path, kind: Kind) -> None:
    folder, *_ = write_plugin("my-pbx", kind, tmp_path)
    catalog = load_plugins(files=[folder / "siptapi_my_pbx.py"], third_party=False)
    [record] = [each for each in catalog.records if each.name == "siptapi_my_pbx"]
    assert record.offers == (f"{kind} my-pbx",)


def test_the_command_says_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert application.run(["plugins", "new", "sbc", "--kind", "strategy"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"Wrote {Path('siptapi-sbc/pyproject.toml')}."
    assert said[-1] == "To use it:   siptapi plugins install siptapi-sbc"
    assert application.run(["plugins", "new", "sbc", "--kind", "strategy"]) == 2
    assert "siptapi-sbc cannot be made: File exists" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "My", "1st", "a_b", "a-", "-a", "a/b", "é", "a\n"])
def test_a_name_that_cannot_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a plugin's name: expected lower-case"):
        write_plugin(name, Kind.STRATEGY, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_half_done_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(template: str, words: dict[str, str]) -> str:
        if template.startswith("test_"):
            raise OSError(28, "No space left on device")
        return ""

    monkeypatch.setattr(writing, "_filled", fail)
    with pytest.raises(UsageError, match="cannot be written: No space left"):
        write_plugin("sbc", Kind.STRATEGY, tmp_path)
    assert list(tmp_path.iterdir()) == []
