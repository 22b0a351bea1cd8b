"""``siptapi transfer`` and ``siptapi redirect``: they differ in what calls they are for."""

from __future__ import annotations

import io
import sys
from argparse import ArgumentParser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType

import pytest

from siptapi_core.commands import Caller, Command, Done, Redirect, Reply, Transfer
from siptapi_core.errors import DeniedError, RefusedError
from siptapi_frontends.cli import redirect, transfer
from siptapi_frontends.cli.exit_codes import ExitCode

DENIED = DeniedError("0900 1 must be confirmed (rule premium)", confirmable=True)


class Daemon:
    """A session whose daemon raises ``errors``, one a command, before it does what it is told."""

    def __init__(self, *errors: Exception) -> None:
        self.executed: list[Command] = []
        self._errors = list(errors)

    @asynccontextmanager
    async def connect_to_daemon(self) -> AsyncIterator[Daemon]:
        yield self

    async def execute(self, command: Command, _caller: Caller) -> Reply:
        self.executed.append(command)
        if self._errors:
            raise self._errors.pop(0)
        return Done()


def run(daemon: Daemon, *arguments: str, command: ModuleType = transfer) -> int:
    parser = ArgumentParser()
    command.configure(parser)
    return int(command.run(parser.parse_args(arguments), daemon))


@pytest.mark.parametrize(
    ("command", "told", "said"),
    [(transfer, Transfer, "Transferring.\n"), (redirect, Redirect, "Redirecting.\n")],
)
def test_the_daemon_is_told(
    command: ModuleType,
    told: type[Transfer | Redirect],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    daemon = Daemon()
    assert run(daemon, "c1", "+43", "1", "505641", command=command) == ExitCode.SUCCESS
    assert daemon.executed == [told(call="c1", number="+43 1 505641")]
    assert capsys.readouterr().out == said


def test_what_the_rules_want_confirmed_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = Daemon(DENIED)
    stdin = io.StringIO("yes\n")
    monkeypatch.setattr(stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert run(daemon, "c1", "0900 1") == ExitCode.SUCCESS
    assert daemon.executed[1:] == [Transfer(call="c1", number="0900 1", confirmed=True)]


@pytest.mark.parametrize(("command", "told"), [(transfer, Transfer), (redirect, Redirect)])
def test_it_may_be_confirmed_beforehand(
    command: ModuleType, told: type[Transfer | Redirect]
) -> None:
    daemon = Daemon()
    run(daemon, "c1", "0900 1", "--yes", command=command)
    assert daemon.executed == [told(call="c1", number="0900 1", confirmed=True)]


def test_a_refusal_is_told_and_nothing_claimed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RefusedError, match="transfer it on the phone"):
        run(Daemon(RefusedError("the phone has the call now; transfer it on the phone")), "c1", "2")
    assert capsys.readouterr().out == ""
