"""What the command line says of settings that are wrong beside a secret, or kept in the open."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from siptapi_frontends.cli.application import run

TYPED = "kahlkopf-typed"
ACCOUNT = '[lines.office]\ndomain = "pbx.example"\nuser = "201"\n'


@pytest.mark.parametrize(
    "mistake",
    [
        f'password = "{TYPED}',
        f'password = "{TYPED}\\q"',
        f'pasword = "{TYPED}"',
        f'password = {{ file = "/nowhere", text = "{TYPED}" }}',
        f'password = ["{TYPED}"]',
        f'password = "x"\npassword = "{TYPED}"',
        f"password = {TYPED}",
    ],
)
@pytest.mark.parametrize("command", [("config", "check"), ("lines", "--json"), ("dial", "301")])
def test_a_mistake_repeats_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mistake: str, command: tuple[str, ...]
) -> None:
    config = tmp_path / "siptapi.toml"
    config.write_text(f"{ACCOUNT}{mistake}\n", encoding="utf-8")
    options = ("--no-plugins", "--no-daemon", "--log-level", "debug", "--config", str(config))
    assert run([*options, *command]) == 2
    out, err = capsys.readouterr()
    assert str(config) in err
    assert TYPED not in out + err


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such modes there")
@pytest.mark.parametrize("place", ["the settings", "a file"])
def test_a_secret_that_others_can_read_is_complained_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    config, file = tmp_path / "siptapi.toml", tmp_path / "secret"
    kept = '"x"' if place == "the settings" else '{ file = "secret" }'
    config.write_text(f"{ACCOUNT}password = {kept}\n", encoding="utf-8")
    file.write_text("x")
    exposed, other = (config, file) if place == "the settings" else (file, config)
    exposed.chmod(0o644)
    other.chmod(0o600)
    check = ["--no-plugins", "--config", str(config), "config", "check"]
    assert run(check) == 0
    assert f"every user of this computer can read {exposed}" in capsys.readouterr().err
    exposed.chmod(0o600)
    assert run(check) == 0
    assert capsys.readouterr().err == ""
