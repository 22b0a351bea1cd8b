"""``siptapi demo``: a whole call on simulated phones, by the same code as anybody's call."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from siptapi_core.commands import Dial
from siptapi_core.contracts import CliSession
from siptapi_frontends.cli.output import is_terminal, say

if TYPE_CHECKING:
    from siptapi_frontends.cli.calling import PlannedCall
    from siptapi_frontends.cli.session import Session

_EXPLAINED = (
    "A demonstration. The proxy, your phone and the other one are simulated, but they",
    "talk real SIP over UDP on 127.0.0.1. Nothing leaves this computer.",
    "",
)


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    from siptapi_core.demo import Ending  # noqa: PLC0415  # only for this command

    parser.add_argument(
        "--ending",
        choices=[ending.value for ending in Ending],  # as argparse shows them
        default=Ending.ANSWERED.value,
        metavar="ENDING",
        help=f"how the call ends: {', '.join(Ending)} (default: answered)",
    )
    parser.add_argument("--once", action="store_true", help="make the call and say no more")
    parser.add_argument("--json", action="store_true", help="print one JSON object an event")


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    from siptapi_core.demo import Ending, open_demo  # noqa: PLC0415  # only for this command
    from siptapi_frontends.cli.calling import PlannedCall, place_call  # noqa: PLC0415
    from siptapi_frontends.cli.view import choose_view  # noqa: PLC0415

    ending = Ending(arguments.ending)

    @asynccontextmanager
    async def connect() -> AsyncIterator[PlannedCall]:
        open_dialer = cast("Session", session).connect_to
        async with (
            open_demo(ending) as demo,
            open_dialer(demo.settings) as dialer,
        ):
            yield PlannedCall(dialer, Dial(number=demo.number), demo.names)

    if not arguments.json:
        say(*_EXPLAINED)
    code = place_call(connect, choose_view(arguments))
    if not (arguments.once or arguments.json) and is_terminal(sys.stdout):
        others = (other for other in Ending if other is not ending)
        say("", "Other endings to see, with siptapi demo --ending ENDING:", f"  {' '.join(others)}")
    return code
