"""``siptapi transfer``: send whom a call of the daemon holds to somebody else."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, cast

from siptapi_core.commands import Done, Transfer
from siptapi_core.contracts import CliSession
from siptapi_core.errors import DeniedError
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say

if TYPE_CHECKING:
    from siptapi_frontends.cli.session import Session


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("call", metavar="CALL", help="as siptapi calls shows it")
    parser.add_argument("number", nargs="+", metavar="NUMBER", help="to whom, as in siptapi dial")
    parser.add_argument(
        "--yes", action="store_true", help="also to numbers that need confirmation, without asking"
    )


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    from siptapi_frontends.cli.asking import ask  # noqa: PLC0415  # for this command
    from siptapi_frontends.cli.confirmation import confirmed  # noqa: PLC0415

    connect = cast("Session", session).connect_to_daemon
    number = " ".join(arguments.number)
    command = Transfer(call=arguments.call, number=number, confirmed=arguments.yes)
    try:
        ask(connect, command, Done)
    except DeniedError as denied:
        ask(connect, confirmed(command, denied), Done)
    say("Transferring.")
    return ExitCode.SUCCESS
