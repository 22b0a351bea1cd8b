from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from siptapi_core.commands import Status
from siptapi_core.errors import NetworkError, RefusedError
from siptapi_core.version import VERSION
from siptapi_frontends.cli import own_checks
from siptapi_frontends.cli.own_checks import check_daemon, check_tapi, daemon_runs

FUTURE = 4_000_000_000.0
RUNS = Status(
    version=VERSION, started=FUTURE, settings_file="x", counters={}, registered=1, lines=2
)


def findings(monkeypatch: pytest.MonkeyPatch, status, file: Path) -> list[tuple[str, str]]:
    expected = str(file.absolute())

    async def answer(settings: str):
        assert settings == expected
        if isinstance(status, Exception):
            raise status
        return status

    monkeypatch.setattr(own_checks, "_status", answer)
    found = asyncio.run(check_daemon(SimpleNamespace(settings_file=str(file))))
    assert asyncio.run(daemon_runs(expected)) is isinstance(status, Status)
    return [(each.verdict.value, each.seen) for each in found]


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        (None, [("note", "No daemon runs.")]),
        (RUNS, [("ok", "The daemon runs with these settings; lines: 2, 1 registered.")]),
        (RefusedError("it has other ones"), [("problem", "It has other ones.")]),
        (NetworkError("it hangs"), [("problem", "The daemon cannot be asked: it hangs.")]),
    ],
)
def test_the_daemon(monkeypatch, tmp_path, status, seen) -> None:
    assert findings(monkeypatch, status, tmp_path / "siptapi.toml") == seen


def test_a_daemon_that_is_old_and_warns(monkeypatch, tmp_path) -> None:
    file = tmp_path / "siptapi.toml"
    file.touch()
    status = RUNS.evolve(version="0.0.1", started=1.0, warnings=("the disk is full",))
    old, changed, warns, _runs = findings(monkeypatch, status, file)
    assert old == ("problem", f"The daemon is SIPTAPI 0.0.1, this is {VERSION}.")
    assert changed[0] == "note"
    assert warns == ("problem", "The daemon warns: the disk is full.")


@pytest.mark.skipif(sys.platform == "win32", reason="this is what the others are told")
def test_tapi_is_windows_alone() -> None:
    [finding] = asyncio.run(check_tapi(SimpleNamespace()))
    assert (finding.verdict, finding.seen) == ("note", "Not applicable: this is not Windows.")
