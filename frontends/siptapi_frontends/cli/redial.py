"""``siptapi redial``: make your phone call the last number again."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from siptapi_core.commands import CallDirection, Dial, History, ListHistory
from siptapi_core.contracts import CliSession, Dialer
from siptapi_core.errors import RefusedError
from siptapi_frontends.cli.dial import add_call_options, dial_as_planned


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("--line", help="the last number that this line called (default: any line)")
    add_call_options(parser)


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""

    async def plan(dialer: Dialer) -> Dial:
        from siptapi_frontends.cli.asking import execute  # noqa: PLC0415  # for this command

        last = ListHistory(direction=CallDirection.OUTGOING, line=arguments.line, limit=1)
        reply = await execute(dialer, last, History)
        if not reply.calls:
            by = "" if arguments.line is None else f" by the line {arguments.line!r}"
            raise RefusedError(f"the history knows of no call{by} that could be made again")
        return Dial(
            number=reply.calls[0].number,
            line=reply.calls[0].line,
            strategy=arguments.strategy,
            confirmed=arguments.yes,
        )

    return dial_as_planned(plan, arguments, session)
