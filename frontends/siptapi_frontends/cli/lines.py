"""``siptapi lines``: every line, and whether its calls come in."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from siptapi_core.commands import Lines, LineStatus, ListLines
from siptapi_core.contracts import CliSession
from siptapi_core.events import RegistrationState
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say

_STATES = {RegistrationState.UNREGISTERED: "does not register"}
"""Where the name of a state sounds as if something were wrong."""
_HEADINGS = ("LINE", "ACCOUNT", "PHONE", "STRATEGIES", "REGISTRATION")


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("--json", action="store_true", help="print a JSON array")


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    from siptapi_frontends.cli.asking import ask, say_json  # noqa: PLC0415  # for this command
    from siptapi_frontends.cli.table import table  # noqa: PLC0415

    reply = ask(session.connect, ListLines(), Lines)
    if arguments.json:
        say_json(reply, within="lines")
    else:
        say(*table(_HEADINGS, *map(_row, reply.lines)))
    return ExitCode.SUCCESS


def _row(line: LineStatus) -> tuple[str, ...]:
    state = _STATES.get(line.registration, line.registration) if line.active else "inactive"
    problem = f": {line.problem}" if line.problem else ""
    return line.name, line.account, line.phone, ", ".join(line.strategies), f"{state}{problem}"
