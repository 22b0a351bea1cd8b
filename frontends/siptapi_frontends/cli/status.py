"""``siptapi status``: how the daemon is."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from siptapi_core.commands import ShowStatus, Status
from siptapi_core.contracts import CliSession
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say

if TYPE_CHECKING:
    from siptapi_frontends.cli.session import Session


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    from siptapi_frontends.cli.asking import ask, say_json  # noqa: PLC0415  # for this command
    from siptapi_frontends.cli.table import table  # noqa: PLC0415

    reply = ask(cast("Session", session).connect_to_daemon, ShowStatus(), Status)
    if arguments.json:
        say_json(reply)
    else:
        say(*table(*_rows(reply)))
    return ExitCode.SUCCESS


def _rows(status: Status) -> Iterator[tuple[str, str]]:
    from time import localtime, strftime  # noqa: PLC0415  # as above

    yield "version", status.version
    yield "running since", strftime("%Y-%m-%d %H:%M:%S", localtime(status.started))
    yield "settings", status.settings_file or "from no file"
    yield "lines", f"{status.lines}, of which {status.registered} registered"
    for name, value in status.counters.items():
        yield name.replace("_", " "), str(value)
    for warning in status.warnings:
        yield "warning", warning
