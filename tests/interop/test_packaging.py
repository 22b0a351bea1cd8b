"""What is shipped to run SIPTAPI with: the units, as systemd reads them, and their limits."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
from lab.daemon import SIPTAPI
from lab.programs import require

from siptapi_core.settings.finding import VARIABLE
from siptapi_frontends.cli.exit_codes import ExitCode

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
HARDENED = PACKAGING / "siptapi.service"
UNITS = ("siptapi.service", "siptapi-user.service")
DOCS = ROOT / "docs" / "daemon.md"


def unit(file: Path) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # systemd minds the case
    parser.read(file, encoding="utf-8")
    return parser["Service"]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.interop
@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_nothing_wrong(tmp_path: Path, name: str) -> None:
    text = (PACKAGING / name).read_text(encoding="utf-8")
    file = tmp_path / name
    file.write_text(re.sub(r"(?<==)\S+/siptapi(?= )", SIPTAPI, text, flags=re.MULTILINE))
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
    shown = re.findall(r"```ini\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert shown[0] == (PACKAGING / "siptapi-user.service").read_text(encoding="utf-8")


def test_the_docs_install_what_the_service_runs() -> None:
    program, *arguments = unit(HARDENED)["ExecStart"].split()
    settings = arguments[arguments.index("--config") + 1]
    text = DOCS.read_text(encoding="utf-8")
    assert f"python3 -m venv {Path(program).parents[1]} " in text
    assert f"cp {Path(settings).name} {Path(settings).parent}/ " in text
    assert f"-E SIPTAPI_CONFIG={settings} " in text
    assert f"{program} token add" in text


@pytest.mark.parametrize("name", UNITS)
def test_wrong_settings_are_not_tried_again(name: str) -> None:
    service = unit(PACKAGING / name)
    assert service["RestartPreventExitStatus"] == str(int(ExitCode.USAGE))
    assert service["Restart"] == "on-failure"


@pytest.mark.parametrize("name", UNITS)
def test_a_reload_waits_for_what_comes_of_it_and_asks_the_same_daemon(name: str) -> None:
    service = unit(PACKAGING / name)
    assert service["ExecReload"] == service["ExecStart"].removesuffix("serve") + "reload"


def test_the_service_may_write_where_its_state_is() -> None:
    service = unit(HARDENED)
    assert service["Environment"] == "XDG_STATE_HOME=%S"
    assert service["StateDirectory"] == "siptapi"


def test_a_crash_of_the_service_writes_no_passwords_down() -> None:
    assert unit(HARDENED)["LimitCORE"] == "0"


def instructions(keyword: str) -> list[str]:
    """What stands behind ``keyword`` in the Containerfile, each in one line."""
    text = (PACKAGING / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (line.split(maxsplit=1) for line in text.splitlines() if line)
    return [rest for first, rest in lines if first == keyword]


def test_an_image_is_made_of_all_that_is_built_from() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {"requirements.lock", "pyproject.toml", project["project"]["readme"]}
    needed |= {*project["project"]["license-files"], *(each.split("/")[0] for each in packages)}
    copied = {word for line in instructions("COPY") for word in line.split()[:-1]}
    assert needed == {each for each in copied if not each.startswith(("--from", "/"))}


def test_an_image_finds_its_settings_and_keeps_its_state() -> None:
    (environment,) = (shlex.split(line) for line in instructions("ENV"))
    given = dict(each.split("=", 1) for each in environment)
    assert given[VARIABLE] == "/etc/siptapi/siptapi.toml"
    assert instructions("VOLUME") == [f"{given['XDG_STATE_HOME']}/siptapi"]
    assert "XDG_RUNTIME_DIR" not in given, "a read-only container has another /run"


def test_an_image_runs_commands_that_there_are() -> None:
    from siptapi_frontends.cli import commands

    (entry,), (command,) = (json.loads(instructions(word)[0]) for word in ("ENTRYPOINT", "CMD"))
    check = json.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])
    there = {each.name for each in commands.siptapi_commands()}
    assert {entry, check[0]} == {"siptapi"}
    assert {command, *check[1:]} <= there


@pytest.mark.interop
def test_it_lives_within_its_limits(tmp_path: Path) -> None:
    """As far as that goes without systemd: its environment, no home, a read-only tree.

    The state folder is a link, as systemd makes one for DynamicUser=.
    """
    service = unit(HARDENED)
    state = tmp_path / "state"
    (state / "private" / "siptapi").mkdir(mode=0o700, parents=True)
    (state / "siptapi").symlink_to("private/siptapi")
    config = tmp_path / "siptapi.toml"
    config.write_text('[lines.office]\ndomain = "127.0.0.1"\nuser = "201"\n', encoding="utf-8")
    environment = dict(each.split("=", 1) for each in service["Environment"].split())
    given = {name: value.replace("%S", str(state)) for name, value in environment.items()}
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
