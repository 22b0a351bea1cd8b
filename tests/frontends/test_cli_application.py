from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from siptapi_frontends.cli.application import run

LINE = '[lines.office]\ndomain = "pbx.example"\nuser = "201"\n'
PLUGIN = """
from siptapi_core import CliCommand, NetworkError, hookimpl


def configure(parser):
    parser.add_argument("words", nargs="*")
    parser.add_argument("--json", action="store_true")


def echo(arguments, session):
    print(*arguments.words, session.config, len(session.plugins()), arguments.log_level)
    return 7


def fail(arguments, session):
    raise NetworkError("no socket\\x1b[2J could be opened")


def break_(arguments, session):
    raise KeyError("broken")


def interrupt(arguments, session):
    raise KeyboardInterrupt


def chatter(arguments, session):
    while True:
        print("more", flush=True)


@hookimpl
def siptapi_commands():
    commands = {"echo": echo, "fail": fail, "break": break_, "interrupt": interrupt}
    commands["chatter"] = chatter
    for name, run in commands.items():
        yield CliCommand(name=name, summary=f"{name}\\x1b[31m", configure=configure, run=run)
"""


@pytest.fixture
def plugin(tmp_path: Path) -> str:
    file = tmp_path / "spare.py"
    file.write_text(PLUGIN)
    return str(file)


def siptapi(*arguments: str) -> int:
    return run(["--no-plugins", *arguments])


def test_without_a_command_it_says_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    assert siptapi() == 0
    out = capsys.readouterr().out
    assert all(first in out for first in ("siptapi demo", "siptapi setup", "siptapi dial"))


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert siptapi("--version") == 0
    assert capsys.readouterr() == (f"siptapi {version('siptapi')}\n", "")


@pytest.mark.parametrize("option", ["-h", "--help", "help"])
def test_help_lists_options_and_the_commands_of_every_plugin(
    plugin: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert siptapi("--plugin", plugin, option) == 0
    out = capsys.readouterr().out
    assert "--trace" in out
    listed = [" ".join(line.split()) for line in out.splitlines()]
    assert "dial make your phone call a number" in listed
    assert "echo echo\\x1b[31m" in listed


def test_in_colours_it_is_the_same_help(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.14 and later write help in colours where a person reads it."""
    siptapi("--help")
    plain = capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    for other in ("PYTHON_COLORS", "NO_COLOR"):
        monkeypatch.delenv(other, raising=False)
    siptapi("--help")
    assert re.sub("\x1b\\[[0-9;]*m", "", capsys.readouterr().out) == plain


@pytest.mark.parametrize("words", [("echo", "--help"), ("help", "echo"), ("help", "echo", "a")])
def test_a_command_explains_itself(
    plugin: str, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        siptapi("--plugin", plugin, *words)
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: siptapi echo ")
    assert "siptapi --help lists the options" in out


def test_a_command_gets_its_words_and_gives_its_exit_code(
    plugin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert siptapi("--plugin", plugin, "echo", "a", "b") == 7
    assert capsys.readouterr().out.startswith("a b None ")


def test_options_of_every_command_may_stand_behind_it(
    plugin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "my.toml"
    config.write_text('log_level = "error"\n' + LINE)
    assert siptapi("echo", "--plugin", plugin, "a", "--config", str(config)) == 7
    out = capsys.readouterr().out
    assert out.startswith(f"a {config} ")
    assert out.endswith(" error\n")


def test_a_blocked_command_is_told_apart_from_one_that_nobody_has(
    settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text(f'{LINE}[plugins]\nblocked = ["cli"]\n')
    assert siptapi("dial", "1") == 2
    assert "not loaded: cli (the settings block it)" in capsys.readouterr().err


def test_the_log_level_on_the_command_line_wins(
    plugin: str, settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text('log_level = "error"\n' + LINE)
    assert siptapi("--plugin", plugin, "echo", "--log-level", "info") == 7
    assert capsys.readouterr().out.endswith(" info\n")


def test_behind_two_hyphens_nothing_is_an_option(
    plugin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert siptapi("--plugin", plugin, "echo", "--", "--version", "-x") == 7
    assert capsys.readouterr().out.startswith("--version -x None")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("dail",), "; did you mean dial?"),
        (("--verison",), "there is no option --verison before the command (see siptapi --help)"),
        (("--log-level", "loud"), "invalid choice: 'loud'"),
        (("--config",), "expected one argument (see siptapi --help)"),
        (("dial",), "the following arguments are required: NUMBER (see siptapi dial --help)"),
        (("dial", "--fast", "1"), "unrecognized arguments: --fast (see siptapi dial --help)"),
        (("plugins",), "(see siptapi plugins --help)"),
        (("demo", "--ending", "well"), "invalid choice: 'well' (choose from "),
        (("demo", "--ending", "well"), "phone-no-answer"),
        (("help", "dail"), "no command is named 'dail'; there is "),
        (("--plugin", "nowhere.py", "dial", "1"), "nowhere.py"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert siptapi(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("siptapi: ")
    assert words in err
    assert err.count("\n") == 1


def test_an_error_is_one_harmless_sentence(plugin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert siptapi("--plugin", plugin, "fail") == 3
    assert capsys.readouterr() == ("", "siptapi: no socket\\x1b[2J could be opened\n")


def test_an_error_is_an_object_for_programs(
    plugin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert siptapi("--plugin", plugin, "fail", "--json") == 3
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "event": "error",
        "code": "network",
        "message": "no socket\x1b[2J could be opened",
    }
    assert out.count("\n") == err.count("\n") == 1


def test_the_unexpected_is_named_without_a_traceback(
    plugin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert siptapi("--plugin", plugin, "break") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "siptapi: something unexpected happened: KeyError: 'broken'; "
        "--log-level debug shows where\n"
    )


def test_whoever_asks_gets_the_traceback(plugin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert siptapi("--plugin", plugin, "--log-level", "debug", "break") == 1
    err = capsys.readouterr().err
    assert "Traceback (most recent call last):\n" in err
    assert "spare.py" in err
    assert "--log-level" not in err.splitlines()[-1]


def test_an_interrupt_is_left_to_the_launcher(plugin: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        siptapi("--plugin", plugin, "interrupt")


def test_a_broken_plugin_is_reported_and_the_others_work(
    plugin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import no_such_module\n")
    assert siptapi("--plugin", str(broken), "--plugin", plugin, "echo") == 7
    err = capsys.readouterr().err
    assert err.startswith("siptapi: the plugin 'broken' was not loaded: ModuleNotFoundError")
    assert err.count("\n") == 1


def test_the_arguments_of_the_process_are_the_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["siptapi", "--version"])
    assert run() == 0
    assert capsys.readouterr().out.startswith("siptapi ")


def test_starting_up_imports_nothing_heavy() -> None:
    words = "import sys; from siptapi_frontends.cli.application import run; run([]); "
    words += "print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, timeout=30, check=True
    )
    loaded = set(ended.stdout.splitlines()[-1].split())
    heavy = {"asyncio", "rich", "structlog", "phonenumbers", "cattrs", "json", "platformdirs"}
    assert "siptapi_frontends.cli.application" in loaded
    assert not loaded & (heavy | {"importlib.metadata", "siptapi_core.dialer"})


def test_a_plugin_whose_reader_is_gone_ends_quietly(plugin: str) -> None:
    siptapi = [sys.executable, "-m", "siptapi_frontends.cli", "--no-plugins", "--plugin", plugin]
    command = subprocess.Popen(
        [*siptapi, "chatter"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert command.stdout is not None
    assert command.stdout.readline() == "more\n"
    command.stdout.close()
    assert command.wait(30) == 0
    assert command.stderr is not None
    assert command.stderr.read() == ""
    command.stderr.close()
