from __future__ import annotations

import json
from pathlib import Path

import pytest

from siptapi_core.checks import BUILT_IN
from siptapi_core.contracts import Finding, Verdict
from siptapi_core.plugin_loading import load_plugins
from siptapi_frontends.cli.application import run
from siptapi_frontends.cli.doctor import lines_of

DOCS = Path(__file__).parents[2] / "docs" / "doctor.md"


def siptapi(*arguments: str) -> int:
    return run([*arguments])


def test_problems_come_first_and_each_says_what_to_do() -> None:
    found = [
        Finding(check="ports", verdict=Verdict.OK, seen="They are free.", means="unsaid"),
        Finding(check="dns", line="office", verdict=Verdict.OK, seen="It leads there."),
        Finding(check="nat", line="office", verdict=Verdict.NOTE, seen="A NAT.", means="Mind it."),
        Finding(check="tls", line="office", verdict=Verdict.PROBLEM, seen="S", means="M", do="D"),
    ]
    assert list(lines_of(found)) == [
        "SIPTAPI:",
        "  ok      ports: They are free.",
        "",
        "Line office:",
        "  PROBLEM tls: S",
        "          M",
        "          -> D",
        "  note    nat: A NAT.",
        "          Mind it.",
        "  ok      dns: It leads there.",
        "",
    ]


def test_settings_that_cannot_be_read_are_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "siptapi.toml"
    config.write_text('[lines.office]\nuser = "1"\npasword = "x"\n', encoding="utf-8")
    assert siptapi("--config", str(config), "doctor", "--json") == 3
    said = json.loads(capsys.readouterr().out)
    assert said["problems"] == len(said["findings"]) == 1
    assert {each["check"] for each in said["findings"]} == {"config"}
    assert "pasword" in str(said)


def test_a_line_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "siptapi.toml"
    config.write_text('[lines.office]\ndomain = "example.com"\nuser = "1"\n', encoding="utf-8")
    assert siptapi("--config", str(config), "doctor", "--line", "home") == 2
    assert "no line is named 'home'" in capsys.readouterr().err


def test_each_check_stands_in_the_docs() -> None:
    offered = load_plugins(third_party=False).checks
    table = DOCS.read_text(encoding="utf-8").split("## What it looks at")[1].split("\n## ")[0]
    documented = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(documented) == sorted([*(check.name for check in BUILT_IN), *offered])
