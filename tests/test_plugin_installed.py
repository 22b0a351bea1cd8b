from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from siptapi_core.plugin_loading.installed import EntryPoint, installed_entry_points


def write(folder: Path, dist_info: str, text: str | None) -> None:
    (folder / dist_info).mkdir(parents=True)
    name, _, version = dist_info.removesuffix(".dist-info").partition("-")
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (folder / dist_info / "METADATA").write_text(metadata)
    if text is not None:
        (folder / dist_info / "entry_points.txt").write_text(text, encoding="utf-8")


def by_the_standard_library(group: str, path: list[str]) -> set[tuple[str, str]]:
    found = importlib.metadata.distributions(path=path)
    points = [point for each in found for point in each.entry_points if point.group == group]
    return {(point.name, point.value) for point in points}


def test_name_value_distribution_and_version_are_read(tmp_path: Path) -> None:
    write(tmp_path, "siptapi_sbc-1.2.3.dist-info", "[siptapi]\nsbc = siptapi_sbc:Plugin\n")
    assert installed_entry_points("siptapi", [str(tmp_path)]) == [
        EntryPoint("sbc", "siptapi_sbc:Plugin", "siptapi-sbc", "1.2.3")
    ]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[siptapi]\n",
        "[siptapi]\na=b\n c.d = e:f.g \n",
        "[other]\na = b\n[siptapi]\nc = d\n\n[siptapi_more]\ne = f\n",
        "[siptapi]\n# c = d\n\ne = f\n",
        "[siptapi]\r\na = b\r\n",
        "[siptapi]\nä = ö\n",
    ],
)
def test_it_reads_what_the_standard_library_reads(tmp_path: Path, text: str | None) -> None:
    write(tmp_path, "x-1.dist-info", text)
    path = [str(tmp_path)]
    found = {(point.name, point.value) for point in installed_entry_points("siptapi", path)}
    assert found == by_the_standard_library("siptapi", path)


@pytest.mark.parametrize("group", ["siptapi", "console_scripts", "pytest11", "no-such-group"])
def test_in_this_environment_it_finds_what_the_standard_library_finds(group: str) -> None:
    found = {(point.name, point.value) for point in installed_entry_points(group)}
    points = importlib.metadata.entry_points(group=group)
    assert found == {(point.name, point.value) for point in points}


@pytest.mark.parametrize("name", ["a_b-2.dist-info", "A.B-2.dist-info", "a_b-1.dist-info"])
def test_the_first_distribution_of_a_name_on_the_path_counts(tmp_path: Path, name: str) -> None:
    write(tmp_path / "one", "a_b-1.dist-info", "[siptapi]\nfirst = x\n")
    write(tmp_path / "two", name, "[siptapi]\nsecond = x\n")
    path = [str(tmp_path / "one"), str(tmp_path / "two")]
    assert [point.name for point in installed_entry_points("siptapi", path)] == ["first"]


def test_a_path_entry_that_is_no_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "library.zip").write_bytes(b"PK")
    write(tmp_path / "site", "a-1.dist-info", "[siptapi]\na = x\n")
    path = [str(tmp_path / "library.zip"), str(tmp_path / "missing"), str(tmp_path / "site")]
    assert [point.name for point in installed_entry_points("siptapi", path)] == ["a"]


def test_what_cannot_be_read_hides_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a-1.dist-info").write_text("a file, no folder")
    write(tmp_path, "b-1.dist-info", None)
    (tmp_path / "b-1.dist-info" / "entry_points.txt").write_bytes(b"[siptapi]\nb = \xff\n")
    write(tmp_path, "c-1.dist-info", "[siptapi]\nc = x\n")
    found = installed_entry_points("siptapi", [str(tmp_path)])
    assert [(point.name, point.value) for point in found] == [("b", "\ufffd"), ("c", "x")]


def test_a_value_that_names_no_module_is_left_to_who_imports_it(tmp_path: Path) -> None:
    """The standard library reads no entry point at all beside such a one, since Python 3.15."""
    write(tmp_path, "a-1.dist-info", "[siptapi]\na = b = c\nd = e\n")
    found = installed_entry_points("siptapi", [str(tmp_path)])
    assert [(point.name, point.value) for point in found] == [("a", "b = c"), ("d", "e")]


def test_an_empty_path_entry_is_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a-1.dist-info", "[siptapi]\na = x\n")
    monkeypatch.chdir(tmp_path)
    assert [point.name for point in installed_entry_points("siptapi", [""])] == ["a"]


def test_loading_plugins_leaves_the_standard_librarys_reader_alone() -> None:
    program = (
        "import sys; from siptapi_core.plugin_loading import load_plugins; load_plugins();"
        "print({'importlib.metadata', 'email', 'zipfile'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "set()"
