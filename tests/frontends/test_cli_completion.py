"""What a shell is told that asks how a command goes on, and the shell itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from siptapi_frontends.cli import application

SIPTAPI = Path(sys.executable).with_name("siptapi")
SETTINGS = """
[lines.office]
domain = "pbx.example"
user = "201"

[lines.home]
domain = "pbx.example"
user = "202"
"""


def completed(typed: str, folder: Path) -> set[str]:
    """What the shell is offered for the last word of ``typed``."""
    offered = folder / "offered"
    subprocess.run(
        [SIPTAPI],
        env=os.environ
        | {
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_IFS": "\n",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(offered),
            "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
            "COMP_LINE": typed,
            "COMP_POINT": str(len(typed)),
        },
        timeout=30,
        check=False,
    )
    return set(offered.read_text(encoding="utf-8").split())


def test_commands_options_lines_and_strategies(tmp_path: Path) -> None:
    config = tmp_path / "siptapi.toml"
    config.write_text(SETTINGS, encoding="utf-8")
    assert completed("siptapi hi", tmp_path) == {"history"}
    assert completed("siptapi history --s", tmp_path) == {"--since", "--search"}
    with_config = f"siptapi --config {config} dial"
    assert completed(f"{with_config} --line ", tmp_path) == {"office", "home"}
    assert completed(f"{with_config} --strategy refer-to", tmp_path) == {"refer-to-phone"}
    assert completed("siptapi --config /none dial --line ", tmp_path) == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_each_shell_has_its_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert application.run(["completion", shell]) == 0
    assert "_ARGCOMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_help_says_where_each_script_goes(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        application.run(["completion", "--help"])
    [line] = [
        each for each in capsys.readouterr().out.splitlines() if f"completion {shell}" in each
    ]
    assert ">" in line


def test_bash_takes_the_script(tmp_path: Path) -> None:
    script = 'eval "$(siptapi completion bash)"; complete -p siptapi'
    done = subprocess.run(
        [shutil.which("bash") or "bash", "-c", script],
        env=os.environ | {"PATH": f"{SIPTAPI.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.startswith("complete ")
    assert done.stderr == ""
