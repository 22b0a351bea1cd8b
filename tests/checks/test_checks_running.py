from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from siptapi_core.checks import running
from siptapi_core.checks.findings import UnexaminedError, fine
from siptapi_core.checks.running import examine
from siptapi_core.contracts import Check, Finding
from siptapi_core.errors import NetworkError, SettingsError


async def sees(_examined) -> list[Finding]:
    return [fine("All is well.")]


async def hangs(_examined) -> list[Finding]:
    await asyncio.Event().wait()
    return []


async def finds_nothing_known(_examined):
    return ["a text"]


def raises(error: Exception):
    async def run(_examined) -> list[Finding]:
        raise error

    return run


class FakeInstallation:
    """Its lines are whatever they are; ``closed`` are those that were left."""

    def __init__(self) -> None:
        self.closed: list[str] = []

    def line(self, name: str):
        if name == "broken":
            raise SettingsError("it has no resolver")

        async def close() -> None:
            self.closed.append(name)

        return SimpleNamespace(name=name, close=close)


def check(name: str, run, **more) -> Check:
    return Check(name=name, summary="s", run=run, **more)


def test_each_check_is_run_whatever_the_others_do() -> None:
    checks = [
        check("hangs", hangs, seconds=0.01),
        check("breaks", raises(LookupError("a bug"))),
        check("late", raises(TimeoutError())),
        check("settings", raises(SettingsError("no such key"))),
        check("network", raises(NetworkError("no socket"))),
        check("blind", raises(UnexaminedError("nobody is there"))),
        check("odd", finds_nothing_known),
        check("sees", sees),
        check("whole", sees, of_line=False),
    ]
    installation = FakeInstallation()
    whole, *found = asyncio.run(examine(installation, checks, ["office"]))
    assert (whole.check, whole.line) == ("whole", "")
    assert [(each.check, each.line, each.verdict) for each in found] == [
        ("hangs", "office", "problem"),
        ("breaks", "office", "problem"),
        ("late", "office", "problem"),
        ("settings", "office", "problem"),
        ("network", "office", "problem"),
        ("blind", "office", "note"),
        ("odd", "office", "problem"),
        ("sees", "office", "ok"),
    ]
    assert [each.seen for each in found] == [
        "It took longer than 0.01 s.",
        "The check is broken: LookupError('a bug').",
        "The check is broken: TimeoutError().",
        "no such key",
        "no socket",
        "Not looked at: nobody is there.",
        "The check is broken: TypeError(\"it found 'a text', which is no Finding\").",
        "All is well.",
    ]
    assert installation.closed == ["office"]


def test_a_line_that_cannot_be_made_hides_no_other() -> None:
    broken, other = asyncio.run(
        examine(FakeInstallation(), [check("sees", sees)], ["broken", "office"])
    )
    assert (broken.check, broken.line, broken.verdict) == ("config", "broken", "problem")
    assert (other.line, other.verdict) == ("office", "ok")


def test_not_all_lines_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "AT_ONCE", 2)
    under_way, most = 0, 0

    async def counts(_examined) -> list[Finding]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return [fine("It was looked at.")]

    names = [f"line-{number}" for number in range(7)]
    found = asyncio.run(examine(FakeInstallation(), [check("counts", counts)], names))
    assert [each.line for each in found] == names
    assert most == 2


def test_the_name_of_a_check_is_checked() -> None:
    with pytest.raises(ValueError, match="is no name"):
        check("No Name", sees)
