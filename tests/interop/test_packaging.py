"""What is shipped to run SIPTAPI with: the units, as systemd reads them, and their limits."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
from pathlib import Path

import pytest
from lab.daemon import SIPTAPI
from lab.programs import require

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
HARDENED = PACKAGING / "siptapi.service"


def unit(file: Path) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # systemd minds the case
    parser.read(file, encoding="utf-8")
    return parser["Service"]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.interop
@pytest.mark.parametrize("name", ["siptapi.service", "siptapi-user.service"])
def test_systemd_finds_nothing_wrong(tmp_path: Path, name: str) -> None:
    text = (PACKAGING / name).read_text(encoding="utf-8")
    file = tmp_path / name
    file.write_text(re.sub(r"(?<=^ExecStart=)\S+", SIPTAPI, text, flags=re.MULTILINE))
    analyze = require("systemd-analyze", package="systemd")
    done = run(analyze, "verify", str(file))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.interop
def test_the_service_can_do_little_else() -> None:
    analyze = require("systemd-analyze", package="systemd")
    bound = ("--offline=true", "--threshold=20")  # of 100; an unlimited service has 96
    done = run(analyze, "security", *bound, str(HARDENED))
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_docs_show_the_unit_of_a_user() -> None:
    shown = re.findall(r"```ini\n(.*?)```", (ROOT / "docs" / "daemon.md").read_text(), re.DOTALL)
    assert shown == [(PACKAGING / "siptapi-user.service").read_text(encoding="utf-8")]


@pytest.mark.interop
def test_it_lives_within_its_limits(tmp_path: Path) -> None:
    """As far as that goes without systemd: its environment, a bare home, a read-only tree."""
    service = unit(HARDENED)
    state, runtime = tmp_path / "state", tmp_path / "run"
    for folder in (state, runtime):
        folder.mkdir(mode=0o700)
    config = tmp_path / "siptapi.toml"
    config.write_text('[lines.office]\ndomain = "127.0.0.1"\nuser = "201"\n', encoding="utf-8")
    environment = dict(each.split("=", 1) for each in service["Environment"].split())
    given = {
        name: value.replace("%S", str(state)).replace("%t/siptapi", str(runtime))
        for name, value in environment.items()
    }
    command = (SIPTAPI, "--config", str(config), *("--log-level", "info"), "serve")
    mount = f'mount --bind {tmp_path} {tmp_path} && mount -o remount,bind,ro / && exec "$@"'
    serving = subprocess.Popen(
        [require("unshare", package="util-linux"), "--mount", "sh", "-c", mount, "sh", *command],
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **given},
        stdout=subprocess.PIPE,
        text=True,
        umask=0o077,
    )
    try:
        assert serving.stdout is not None
        assert serving.stdout.readline() == "SIPTAPI serves 1 line\n"
    finally:
        serving.terminate()
        assert serving.wait(30) == 0
        serving.stdout.close()  # type: ignore[union-attr]
    assert (state / "siptapi" / "history.db").exists()
