"""``siptapi transfer``: send whom a call of the daemon holds to somebody else."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from siptapi_core.commands import Transfer
from siptapi_core.contracts import CliSession
from siptapi_frontends.cli.one_call import send_on, take_call, take_number


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    take_call(parser)
    take_number(parser)


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    return send_on(session, Transfer, arguments, "Transferring.")
