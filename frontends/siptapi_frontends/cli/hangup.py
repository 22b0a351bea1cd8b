"""``siptapi hangup``: end a call that the daemon holds."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, cast

from siptapi_core.commands import Done, HangUp
from siptapi_core.contracts import CliSession
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say

if TYPE_CHECKING:
    from siptapi_frontends.cli.session import Session


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("call", metavar="CALL", help="as siptapi calls shows it")


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    from siptapi_frontends.cli.asking import ask  # noqa: PLC0415  # for this command

    ask(cast("Session", session).connect_to_daemon, HangUp(call=arguments.call), Done)
    say("Hanging up.")
    return ExitCode.SUCCESS
