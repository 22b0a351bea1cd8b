"""``siptapi calls``: the daemon's calls in progress."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, cast

from siptapi_core.commands import CallDirection, Calls, CallStatus, ListCalls
from siptapi_core.contracts import CliSession
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say

if TYPE_CHECKING:
    from siptapi_frontends.cli.session import Session

_HEADINGS = ("CALL", "LINE", "SINCE", "OTHER PARTY", "STATE")


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("--json", action="store_true", help="print a JSON array")


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    from siptapi_frontends.cli.asking import ask, say_json  # noqa: PLC0415  # for this command
    from siptapi_frontends.cli.table import table  # noqa: PLC0415

    reply = ask(cast("Session", session).connect_to_daemon, ListCalls(), Calls)
    if arguments.json:
        say_json(reply, within="calls")
    elif reply.calls:
        say(*table(_HEADINGS, *map(_row, reply.calls)))
    else:
        say("No call is in progress.")
    return ExitCode.SUCCESS


def _row(call: CallStatus) -> tuple[str, ...]:
    from time import localtime, strftime  # noqa: PLC0415  # as above

    since = strftime("%H:%M:%S", localtime(call.started))
    way = "from" if call.direction is CallDirection.INCOMING else "to"
    party = f"{way} {call.number}" + (f" ({call.name})" if call.name else "")
    return call.call, call.line, since, party, call.state.replace("_", " ")
