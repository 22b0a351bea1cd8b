"""What people install: the wheel has every file of the packages, and works by itself."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = [
    Path(name) for name in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the backend itself: that needs no network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (file,) = folder.iterdir()
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def read_metadata(installed: Path, name: str) -> str:
    (file,) = installed.glob(f"siptapi-*.dist-info/{name}")
    return file.read_text(encoding="utf-8")


def test_it_has_every_file_of_the_packages(wheel: Path) -> None:
    ours = {
        file.relative_to(ROOT / package.parent).as_posix()
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        there = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert there == ours
    assert {f"{package.name}/py.typed" for package in PACKAGES} <= there
    assert "siptapi_frontends/http/page/index.html" in there


def test_it_says_where_to_begin(installed: Path) -> None:
    stated = configparser.ConfigParser(delimiters=["="])
    stated.read_string(read_metadata(installed, "entry_points.txt"))
    project = PROJECT["project"]
    ours = {"console_scripts": project["scripts"], **project["entry-points"]}
    assert {group: dict(stated[group]) for group in stated.sections()} == ours


def test_its_metadata_names_version_licence_and_what_it_needs(installed: Path) -> None:
    metadata = read_metadata(installed, "METADATA").splitlines()
    version = (ROOT / "siptapi_core" / "version.py").read_text(encoding="utf-8")
    (stated,) = (line.split(": ")[1] for line in metadata if line.startswith("Version: "))
    assert f'"{stated}"' in version
    assert "License-Expression: GPL-3.0-or-later" in metadata
    assert read_metadata(installed, "licenses/LICENSE") == (ROOT / "LICENSE").read_text(
        encoding="utf-8"
    )
    needed = [line.split(": ")[1] for line in metadata if line.startswith("Requires-Dist: ")]
    assert needed[: len(PROJECT["project"]["dependencies"])] == PROJECT["project"]["dependencies"]


def test_every_plugin_of_ours_loads_from_it(installed: Path, tmp_path: Path) -> None:
    show = (
        "import siptapi_core, siptapi_plugins, siptapi_frontends; "
        "from siptapi_frontends.cli.application import run; "
        "print(siptapi_core.__file__, siptapi_plugins.__file__, siptapi_frontends.__file__); "
        "run(['plugins', 'list', '--json'])"
    )
    ended = subprocess.run(
        [sys.executable, "-P", "-c", show],
        env=os.environ | {"PYTHONPATH": str(installed), "SIPTAPI_CONFIG": str(tmp_path / "none")},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    files, plugins = ended.stdout.split("\n", 1)
    assert all(file.startswith(str(installed)) for file in files.split(" "))
    states = {record["name"]: record["state"] for record in json.loads(plugins)}
    named = {name for group in PROJECT["project"]["entry-points"].values() for name in group}
    assert {name: states[name] for name in named} == dict.fromkeys(named, "loaded")
