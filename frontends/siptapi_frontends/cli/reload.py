"""``siptapi reload``: have the daemon read its settings again."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, cast

from siptapi_core.commands import Reload, Reloaded
from siptapi_core.contracts import CliSession
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say, say_aside

if TYPE_CHECKING:
    from siptapi_frontends.cli.session import Session


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    from siptapi_frontends.cli.asking import ask, say_json  # noqa: PLC0415  # for this command

    reply = ask(cast("Session", session).connect_to_daemon, Reload(), Reloaded)
    if arguments.json:
        say_json(reply)
    else:
        say(f"Reloaded: {reply.summary}.")
        say_aside(*(f"siptapi: {warning}" for warning in reply.warnings))
    return ExitCode.SUCCESS
