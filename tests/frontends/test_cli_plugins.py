from __future__ import annotations

import json

import pytest

from siptapi_core.contracts import PluginRecord, PluginState
from siptapi_frontends.cli import plugins as plugins_command
from siptapi_frontends.cli.application import Parser

RECORDS = (
    PluginRecord(
        name="acme",
        distribution="siptapi-acme",
        version="1.2",
        state=PluginState.LOADED,
        offers=("strategy acme", "strategy acme-slow", "resolver acme"),
    ),
    PluginRecord(
        name="broken",
        distribution="/home/me/broken.py",
        version="",
        state=PluginState.FAILED,
        why="ImportError: \x1b[2J",
    ),
    PluginRecord(name="off", distribution="x", version="2", state=PluginState.BLOCKED),
)


class FakeSession:
    def plugins(self) -> tuple[PluginRecord, ...]:
        return RECORDS


def plugins(*arguments: str) -> int:
    parser = Parser()
    plugins_command.configure(parser)
    return plugins_command.run(parser.parse_args(arguments), FakeSession())  # type: ignore[arg-type]


def test_the_table_says_what_each_offers_or_why_it_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert plugins("list") == 0
    assert capsys.readouterr().out.splitlines() == [
        "NAME    STATE    FROM                OFFERS, OR WHY IT DOES NOT",
        "acme    loaded   siptapi-acme 1.2    strategy acme, acme-slow; resolver acme",
        "broken  failed   /home/me/broken.py  ImportError: \\x1b[2J",
        "off     blocked  x 2",
    ]


def test_the_same_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert plugins("list", "--json") == 0
    first, second, third = json.loads(capsys.readouterr().out)
    assert first == {
        "name": "acme",
        "kind": "strategy, resolver",
        "distribution": "siptapi-acme",
        "version": "1.2",
        "state": "loaded",
        "why": "",
        "offers": {"strategy": ["acme", "acme-slow"], "resolver": ["acme"]},
    }
    assert (second["state"], second["why"]) == ("failed", "ImportError: \x1b[2J")
    assert (third["state"], third["kind"], third["offers"]) == ("blocked", "", {})
