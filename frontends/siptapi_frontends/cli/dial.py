"""``siptapi dial``: make your phone call someone."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from siptapi_core.commands import Dial
from siptapi_core.contracts import CliSession, Dialer

if TYPE_CHECKING:
    from siptapi_frontends.cli.calling import PlannedCall


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument(
        "number", nargs="+", metavar="NUMBER", help="as you would paste it: +43 1 505641, sip:..."
    )
    parser.add_argument("--line", help="call from this line (default: that of the settings)")
    add_call_options(parser)


def add_call_options(parser: ArgumentParser) -> None:
    """Those of every command that dials."""
    parser.add_argument("--strategy", help="call this way (default: those of the line, in order)")
    parser.add_argument("--json", action="store_true", help="print one JSON object an event")
    parser.add_argument(
        "--yes", action="store_true", help="dial numbers that need confirmation without asking"
    )


def command_of(arguments: Namespace) -> Dial:
    """The command; what `siptapi_frontends.cli.quick_dial` recognises must mean the same."""
    return Dial(
        number=" ".join(arguments.number),
        line=arguments.line,
        strategy=arguments.strategy,
        confirmed=arguments.yes,
    )


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""

    async def plan(_dialer: Dialer) -> Dial:
        return command_of(arguments)

    return dial_as_planned(plan, arguments, session)


def dial_as_planned(
    plan: Callable[[Dialer], Awaitable[Dial]], arguments: Namespace, session: CliSession
) -> int:
    """Make the call that ``plan`` makes of a dialer, and show it; returns the exit code."""
    from siptapi_frontends.cli.calling import PlannedCall, place_call  # noqa: PLC0415  # asyncio
    from siptapi_frontends.cli.view import choose_view  # noqa: PLC0415

    @asynccontextmanager
    async def connect() -> AsyncIterator[PlannedCall]:
        async with session.connect() as dialer:
            yield PlannedCall(dialer, await plan(dialer))

    return place_call(connect, choose_view(arguments))
