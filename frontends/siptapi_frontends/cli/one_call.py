"""What the commands have in common that tell the daemon what to do with one of its calls."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, cast

from siptapi_core.commands import Done, HangUp, Redirect, Reject, Transfer
from siptapi_core.contracts import CliSession
from siptapi_core.errors import DeniedError
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say

if TYPE_CHECKING:
    from siptapi_frontends.cli.session import Session


def take_call(parser: ArgumentParser) -> None:
    """Take the id of a call."""
    parser.add_argument("call", metavar="CALL", help="as siptapi calls shows it")


def take_number(parser: ArgumentParser) -> None:
    """Take to whom the call is sent."""
    parser.add_argument("number", nargs="+", metavar="NUMBER", help="to whom, as in siptapi dial")
    parser.add_argument(
        "--yes", action="store_true", help="also to numbers that need confirmation, without asking"
    )


def tell(session: CliSession, command: HangUp | Reject | Transfer | Redirect, done: str) -> int:
    """Have the daemon carry out ``command``; say ``done``, and return the exit code.

    Raises:
        SiptapiError: there is no daemon, or it cannot.
    """
    from siptapi_frontends.cli.asking import ask  # noqa: PLC0415  # not for --help
    from siptapi_frontends.cli.confirmation import confirmed  # noqa: PLC0415

    connect = cast("Session", session).connect_to_daemon
    try:
        ask(connect, command, Done)
    except DeniedError as denied:
        ask(connect, confirmed(command, denied), Done)
    say(done)
    return ExitCode.SUCCESS


def send_on(
    session: CliSession, kind: type[Transfer | Redirect], arguments: Namespace, done: str
) -> int:
    """As `tell`, of a command that sends the call to a number: see `take_call`, `take_number`."""
    number = " ".join(arguments.number)
    return tell(session, kind(call=arguments.call, number=number, confirmed=arguments.yes), done)
