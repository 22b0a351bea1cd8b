from __future__ import annotations

from pathlib import Path

import pytest

from siptapi_frontends.cli.application import run

LINE = '[lines.office]\ndomain = "pbx.example"\nuser = "201"\n'


def config(*arguments: str) -> int:
    return run(["--no-plugins", "config", *arguments])


def test_a_first_file_says_what_must_be_filled_in(
    settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert config("init") == 0
    assert f"Wrote {settings_file}." in capsys.readouterr().out
    assert config("check") == 2
    out, err = capsys.readouterr()
    assert out == ""
    for key in ("domain", "user", "password"):
        assert f"siptapi: {settings_file}: lines.office.{key}: " in err
        text = settings_file.read_text(encoding="utf-8")
        settings_file.write_text(text.replace(f'\n{key} = ""', f'\n{key} = "x"'))
    assert config("check") == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{settings_file} can be used.\n  line office: sip:")
    assert err == ""


def test_the_first_file_is_written_where_the_user_says(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "my.toml"
    assert config("--config", str(path), "init") == 0
    assert path.is_file()


def test_without_a_name_it_is_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "own" / "siptapi.toml"
    monkeypatch.delenv("SIPTAPI_CONFIG")
    monkeypatch.setattr("siptapi_core.settings.finding.user_config", lambda: path)
    assert config("init") == 0
    assert path.is_file()


def test_nothing_is_overwritten(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings_file.write_text(LINE)
    assert config("init") == 2
    assert settings_file.read_text() == LINE
    assert "already" in capsys.readouterr().err


def test_the_check_shows_whom_each_line_rings(
    settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = '[lines.lab]\ndomain = "d"\nuser = "u"\nphone = "7@192.0.2.1"\nregister = true\n'
    settings_file.write_text(LINE + lab)
    assert config("check") == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  line office: sip:201@pbx.example, rings sip:201@pbx.example",
        "  line lab: sip:u@d, rings sip:7@192.0.2.1, accepts calls from proxy",
    ]


def test_every_problem_has_a_line_of_its_own(
    settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text(f"{LINE}ring_timout = 3\nbye = 1\n")
    assert config("check") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 2
    assert all(line.startswith(f"siptapi: {settings_file}: lines.") for line in err.splitlines())
    assert "ring_timeout" in err


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ('strategies = ["sbc"]\n', "lines.office.strategies: no strategy is named 'sbc'"),
        ('password = {env = "NO_SUCH_VARIABLE"}\n', "lines.office.password: "),
        ("[resolvers.a]\nspeed = 3\n", "resolvers.a"),
        ('strategies = ["refer-to-phone"]\n', "lines.office.phone: refer-to-phone needs the addr"),
        ('[plugins]\nblocked = ["clii"]\n', "no plugin is named 'clii'; there is "),
    ],
)
def test_what_only_plugins_and_secrets_tell_is_checked_too(
    settings_file: Path, capsys: pytest.CaptureFixture[str], extra: str, words: str
) -> None:
    settings_file.write_text(LINE + extra)
    assert config("check") == 2
    assert words in capsys.readouterr().err


def test_a_password_that_everyone_can_read_is_warned_about(
    settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text(LINE + 'password = "secret"\n')
    settings_file.chmod(0o644)
    assert config("check") == 0
    out, err = capsys.readouterr()
    assert "can read" in err
    assert "secret\n" not in out


def test_without_a_file_it_says_how_to_begin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SIPTAPI_CONFIG")
    assert config("check") == 2
    assert "siptapi config init" in capsys.readouterr().err
