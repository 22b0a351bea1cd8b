"""Packages go in and out by the program that looks after the environment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from siptapi_core.errors import RefusedError, UsageError
from siptapi_frontends.cli import plugin_packages
from siptapi_frontends.cli.environment import Environment

RECEIPT = """
[tool]
requirements = [
    { name = "siptapi", specifier = ">=1" },
    { name = "siptapi-sbc", directory = "/src/sbc" },
    { name = "siptapi-git", git = "https://example.com/git" },
    { name = "siptapi-url", url = "https://example.com/a.whl" },
    { name = "siptapi-other" },
]
"""
OTHERS = (
    *("--with", "/src/sbc", "--with", "siptapi-git @ git+https://example.com/git"),
    *("--with", "siptapi-url @ https://example.com/a.whl"),
)


def environment(prefix: Path, *programs: str) -> Environment:
    return Environment(
        prefix=prefix,
        python="/venv/bin/python",
        find=lambda name: f"/bin/{name}" if name in programs else None,
    )


def test_pipx_injects(tmp_path: Path) -> None:
    (tmp_path / "pipx_metadata.json").touch()
    made = environment(tmp_path, "pipx", "uv")
    assert made.install("siptapi-x") == ["/bin/pipx", "inject", "siptapi", "siptapi-x"]
    assert made.uninstall("siptapi-x") == ["/bin/pipx", "uninject", "siptapi", "siptapi-x"]


def test_uv_is_told_all_that_the_tool_consists_of(tmp_path: Path) -> None:
    (tmp_path / "uv-receipt.toml").write_text(RECEIPT, encoding="utf-8")
    made = environment(tmp_path, "uv")
    begin = ["/bin/uv", "tool", "install", "siptapi>=1", *OTHERS]
    assert made.install("siptapi-x") == [*begin, "--with", "siptapi-other", "--with", "siptapi-x"]
    assert made.uninstall("siptapi-other") == begin


@pytest.mark.parametrize("place", ["lib/python3.12/site-packages", "Lib/site-packages"])
def test_pip_where_it_is(tmp_path: Path, place: str) -> None:
    (tmp_path / place / "pip").mkdir(parents=True)
    made = environment(tmp_path, "uv")
    pip = ["/venv/bin/python", "-m", "pip"]
    quietly = ["--quiet", "--disable-pip-version-check"]
    assert made.install("siptapi-x") == [*pip, "install", *quietly, "siptapi-x"]
    assert made.uninstall("siptapi-x") == [*pip, "uninstall", *quietly, "--yes", "siptapi-x"]


def test_uv_where_there_is_no_pip(tmp_path: Path) -> None:
    made = environment(tmp_path, "uv")
    uv = ["/bin/uv", "pip"]
    python = ["--python", "/venv/bin/python"]
    assert made.install("siptapi-x") == [*uv, "install", *python, "siptapi-x"]
    assert made.uninstall("siptapi-x") == [*uv, "uninstall", *python, "siptapi-x"]


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"uv looks after the environment .* and is not found"):
        environment(tmp_path).install("siptapi-x")


class Machine:
    """Answers what is run: installing has ``code``, and then there are ``after``."""

    def __init__(self, before: object, after: object, code: int = 0) -> None:
        self.ran: list[list[str]] = []
        self._listings = [before, after]
        self._code = code

    def run(self, command: list[str], **_how: object) -> subprocess.CompletedProcess[bytes]:
        if command[-3:] != ["plugins", "list", "--json"]:
            self.ran.append(command)
            return subprocess.CompletedProcess(command, self._code)
        listed = self._listings.pop(0)
        if isinstance(listed, bytes):
            return subprocess.CompletedProcess(command, 1, b"", listed)
        return subprocess.CompletedProcess(command, 0, json.dumps(listed).encode(), b"")


def record(distribution: str, why: str = "", **offers: list[str]) -> dict[str, object]:
    return {"name": "x", "distribution": distribution, "why": why, "offers": offers}


def installed(monkeypatch: pytest.MonkeyPatch, machine: Machine, name: str = "siptapi-x") -> object:
    monkeypatch.setattr(subprocess, "run", machine.run)
    return plugin_packages.install(name)


def test_what_it_brought_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, old = record("siptapi", strategy=["a"]), record("siptapi-old", resolver=["r"])
    new = record("siptapi-x", strategy=["s", "t"], resolver=["u"])
    machine = Machine([ours, old], [ours, old, new])
    assert installed(monkeypatch, machine) == {"siptapi-x": ["strategy s, t; resolver u"]}
    assert machine.ran[0][-1] == "siptapi-x"


def test_a_plugin_that_does_not_load_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine([], [record("siptapi-x", why="ImportError: no attrs")])
    assert installed(monkeypatch, machine) == {
        "siptapi-x": ["x is not loaded: ImportError: no attrs"]
    }


def test_a_folder_is_named_in_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    machine = Machine([], [])
    assert installed(monkeypatch, machine, "mine") == {}
    assert machine.ran[0][-1] == str(tmp_path / "mine")


def test_what_fails_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RefusedError, match=r"that failed, see above \(exit code 2\)"):
        installed(monkeypatch, Machine([], [], code=2))
    with pytest.raises(RefusedError, match="siptapi does not run any more: broken"):
        installed(monkeypatch, Machine([], b"broken\n"))
    with pytest.raises(UsageError, match="'--index-url=x' is no name"):
        installed(monkeypatch, Machine([], []), "--index-url=x")
