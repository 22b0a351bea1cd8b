from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from siptapi_core.commands import Caller, Command, Done, Explain, Reply
from siptapi_core.errors import NumberError
from siptapi_core.numbers import NumberRules, explain
from siptapi_frontends.cli import application
from siptapi_frontends.cli import number as number_command

RULES = NumberRules(
    region="AT", area_code="1", deny=("premium",), confirm=("international",), outside_prefix="0"
)
SETTINGS = """
[numbers]
region = "AT"
area_code = "1"

[lines.office]
domain = "pbx.example"
user = "200"
password = "geheim"

[lines.office.numbers]
deny = ["premium"]
"""


class FakeSession:
    """A session whose dialer explains by `RULES`; ``lines`` are those asked for."""

    def __init__(self, reply: Reply | None = None) -> None:
        self.lines: list[str | None] = []
        self._reply = reply

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[FakeSession]:
        yield self

    async def execute(self, command: Command, caller: Caller) -> Reply:
        assert caller == Caller(frontend="cli")
        assert isinstance(command, Explain)
        self.lines.append(command.line)
        return self._reply or explain(command.text, RULES, domain="pbx.example")


def number(*arguments: str, session: FakeSession | None = None) -> int:
    parser = application.Parser()
    number_command.configure(parser)
    return number_command.run(
        parser.parse_args(arguments),
        session or FakeSession(),  # type: ignore[arg-type]
    )


def test_a_person_reads_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert number("+49 30 123456", "(Jörg)") == 0
    assert capsys.readouterr().out.splitlines() == [
        "read as     +4930123456",
        "left out    (Jörg)",
        "dialled as  0004930123456",
        "kind        global",
        "country     DE",
        "written     +49 30 123456",
        "Refer-To    sip:0004930123456@pbx.example",
        "dialling    only when you say yes (confirm international)",
    ]


def test_a_warning_and_a_number_without_a_country(capsys: pytest.CaptureFixture[str]) -> None:
    assert number("+43 112") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "dialling    allowed" in lines
    assert not any(line.startswith("country") for line in lines)
    assert lines[-1] == "warning     112 takes no country code; the +43 is left out"


def test_the_same_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert number("--json", "0900 123456") == 0
    explanation = json.loads(capsys.readouterr().out)
    assert explanation == {
        "input": "0900 123456",
        "kind": "national",
        "e164": "+43900123456",
        "country": "AT",
        "formatted": "+43 900 123456",
        "number": "+43900123456",
        "dialled": "sip:00900123456@pbx.example",
        "decision": "deny",
        "rule": "deny premium",
        "steps": [
            {"name": "read as", "result": "+43900123456"},
            {"name": "dialled as", "result": "00900123456"},
        ],
        "warnings": [],
    }


def test_a_text_that_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NumberError, match="no digit"):
        number("hello")
    assert number("--json", " hello") == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["input"] == " hello"
    assert "no digit" in answer["error"]
    assert answer["position"] == 1
    assert (answer["code"], answer["message"]) == ("number", answer["error"])
    assert set(answer) == {"input", "error", "position", "code", "message"}


def test_the_line_is_passed_on() -> None:
    session = FakeSession()
    number("112", session=session)
    number("--line", "sales", "112", session=session)
    assert session.lines == [None, "sales"]


def test_a_dialer_that_replies_nonsense_is_told_off() -> None:
    with pytest.raises(TypeError, match="Done"):
        number("112", session=FakeSession(Done()))


def test_the_whole_way_from_the_settings(
    settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text(SETTINGS, encoding="utf-8")
    assert application.run(["number", "505641", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dialled"] == "sip:+431505641@pbx.example"
    assert application.run(["number", "0900 123456", "--line", "office"]) == 0
    assert "not allowed (deny premium)" in capsys.readouterr().out
    assert application.run(["number", "01 505€641"]) == 2
    assert "(at character 7): '€' cannot stand in a number" in capsys.readouterr().err


def test_without_settings_the_defaults_explain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.delenv("SIPTAPI_CONFIG", raising=False)
    assert application.run(["number", "--json", "+43 (1) 505641"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["dialled"] == "sip:+431505641@pbx.invalid"
    assert "there are no settings yet" in said.err


def test_without_settings_there_is_no_line_to_ask_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.delenv("SIPTAPI_CONFIG", raising=False)
    assert application.run(["number", "--line", "office", "505641"]) == 2
    assert "siptapi config init" in capsys.readouterr().err
