from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from examined import found, one

from siptapi_core.checks.settings_file import check_config, findings_of
from siptapi_core.checks.surroundings import check_history, check_plugins, check_ports
from siptapi_core.contracts import PluginRecord, PluginState
from siptapi_core.errors import RefusedError, SettingsError
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import load

LINE = '[lines.office]\ndomain = "example.com"\nuser = "201"\n'


def settings(tmp_path: Path, text: str) -> SimpleNamespace:
    file = tmp_path / "siptapi.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o644)
    return SimpleNamespace(settings=load(file), catalog=load_plugins(third_party=False))


def test_settings_that_can_be_used(tmp_path: Path) -> None:
    said, seen = one(check_config, settings(tmp_path, LINE))
    assert (said, seen) == ("ok", f"{tmp_path / 'siptapi.toml'} can be used; lines: 1.")


def test_a_section_that_nobody_reads_and_a_password_that_everybody_can(tmp_path: Path) -> None:
    text = f'{LINE}password = "x"\n[strategies.magic]\nwand = 1\n'
    wrong, readable = found(check_config, settings(tmp_path, text))
    assert (wrong.verdict, readable.verdict) == ("problem", "note")
    assert "magic" in wrong.seen
    assert readable.seen.startswith("Every user of this computer can read")


def test_every_mistake_is_a_finding() -> None:
    error = SettingsError("one", key="a", more=[SettingsError("two", key="b")])
    assert [each.seen for each in findings_of(error)] == ["a: one.", "b: two."]


def record(name: str, state: PluginState) -> PluginRecord:
    return PluginRecord(
        name=name, distribution="", version="", state=state, offers=(), why="it broke"
    )


def test_plugins() -> None:
    loaded = record("a", PluginState.LOADED)
    both = SimpleNamespace(records=(loaded, record("b", PluginState.FAILED)))
    alone = SimpleNamespace(records=(loaded, record("c", PluginState.BLOCKED)))
    said, seen = one(check_plugins, SimpleNamespace(catalog=both))
    assert said == "problem"
    assert "The plugin 'b' (a file) was not loaded: it broke." in seen
    said, seen = one(check_plugins, SimpleNamespace(catalog=alone))
    assert (said, seen) == ("ok", "All 1 plugins are loaded.")


@pytest.mark.parametrize(
    ("problem", "daemon", "verdict"),
    [("", False, "ok"), ("it is taken", False, "problem"), ("it is taken", True, "ok")],
)
def test_ports(problem, daemon, verdict) -> None:
    installation = SimpleNamespace(
        settings=SimpleNamespace(local_ports="5070"), port_problem=problem, daemon=daemon
    )
    assert one(check_ports, installation)[0] == verdict


class FakeHistory:
    def __init__(self, problem: str = "", error: str = "") -> None:
        self.problem = problem
        self._error = error

    async def list_calls(self, _command, _lines) -> None:
        if self._error:
            raise RefusedError(self._error)


@pytest.mark.parametrize(
    ("history", "verdict", "words"),
    [
        (None, "note", "switched off"),
        (FakeHistory(), "ok", "can be read"),
        (FakeHistory(problem="the disk is full"), "problem", "The disk is full."),
        (FakeHistory(error="it is damaged"), "problem", "It is damaged."),
    ],
)
def test_history(history, verdict, words) -> None:
    said, seen = one(check_history, SimpleNamespace(history=history))
    assert said == verdict
    assert words in seen
