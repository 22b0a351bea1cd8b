"""``siptapi reject``: decline a call that comes in, for all phones of the account."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from siptapi_core.commands import Reject
from siptapi_core.contracts import CliSession
from siptapi_frontends.cli.one_call import take_call, tell


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    take_call(parser)


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    return tell(session, Reject(call=arguments.call), "Rejecting.")
