"""``siptapi history``: the calls that were made and came, and what happened to one of them."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator

from siptapi_core.commands import CallDirection, CallRecord, History, ListHistory, ShowCall
from siptapi_core.contracts import CliSession
from siptapi_core.errors import UsageError
from siptapi_core.events import CallEnded, CallEvent
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say

LIMIT = 100
_PAGE = 1000
_HEADINGS = ("CALL", "STARTED", "LINE", "OTHER PARTY", "HOW IT WENT", "TALKED")


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    from siptapi_frontends.cli.moment import read_moment  # noqa: PLC0415  # for this command

    parser.add_argument("call", nargs="?", metavar="CALL", help="show this one, with its events")
    parser.add_argument("--line", help="only calls of this line")
    parser.add_argument(
        "--since", type=read_moment, metavar="WHEN", help="only later ones: 2026-07-01, 2h, 3d"
    )
    parser.add_argument("--search", metavar="TEXT", help="only with this in the number or name")
    parser.add_argument(
        "--limit", type=_count, metavar="N", help=f"at most so many (default: {LIMIT}; 0: all)"
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print a JSON array, or one object")
    shown.add_argument("--csv", action="store_true", help="print CSV, for spreadsheets")


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    if arguments.call is None:
        _list(arguments, session)
    else:
        _show(arguments, session)
    return ExitCode.SUCCESS


def _list(arguments: Namespace, session: CliSession) -> None:
    import asyncio  # noqa: PLC0415  # for this command

    from siptapi_frontends.cli.asking import say_json  # noqa: PLC0415
    from siptapi_frontends.cli.calls_csv import csv_lines  # noqa: PLC0415
    from siptapi_frontends.cli.table import table  # noqa: PLC0415

    limit = LIMIT if arguments.limit is None else arguments.limit
    command = ListHistory(line=arguments.line, since=arguments.since, search=arguments.search or "")
    calls = asyncio.run(_find(session, command, limit))
    if arguments.json:
        say_json(History(calls=calls), within="calls")
    elif arguments.csv:
        say(*csv_lines(calls))
    elif calls:
        say(*table(_HEADINGS, *map(_row, calls)))
    else:
        say("No such call is known.")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"expected a whole number, 0 or more, given {text!r}")
    return int(text)


async def _find(session: CliSession, command: ListHistory, limit: int) -> tuple[CallRecord, ...]:
    """At most ``limit`` calls, 0: all; asked for page by page."""
    from siptapi_frontends.cli.asking import execute  # noqa: PLC0415  # for this command

    calls: tuple[CallRecord, ...] = ()
    async with session.connect() as dialer:
        while True:
            missing = min(limit - len(calls), _PAGE) if limit else _PAGE
            reply = await execute(dialer, command.evolve(limit=missing), History)
            calls += reply.calls
            if reply.next_page is None or len(calls) == limit:
                return calls
            command = command.evolve(before=reply.next_page)


def _row(call: CallRecord) -> tuple[str, ...]:
    from siptapi_frontends.cli.moment import show_duration, show_moment  # noqa: PLC0415  # as above

    talked = "" if call.duration is None else show_duration(call.duration)
    return call.call, show_moment(call.started), call.line, _party(call), _ending(call), talked


def _party(call: CallRecord) -> str:
    way = "from" if call.direction is CallDirection.INCOMING else "to"
    return f"{way} {call.number or 'a withheld number'}" + (f" ({call.name})" if call.name else "")


def _ending(call: CallRecord) -> str:
    if call.outcome:
        return call.outcome
    return "unknown: SIPTAPI stopped" if call.unfinished else "in progress"


def _show(arguments: Namespace, session: CliSession) -> None:
    from siptapi_frontends.cli.asking import ask, say_json  # noqa: PLC0415  # for this command
    from siptapi_frontends.cli.table import table  # noqa: PLC0415

    choices = (arguments.line, arguments.since, arguments.search, arguments.limit)
    if arguments.csv or any(given is not None for given in choices):
        raise UsageError("of one call there is nothing to choose: only --json goes with CALL")
    call = ask(session.connect, ShowCall(call=arguments.call), CallRecord)
    if arguments.json:
        say_json(call)
    else:
        say(*table(*facts(call)), "", *_story(call))


def facts(call: CallRecord) -> Iterator[tuple[str, str]]:
    """What is known of a call, without its events: rows for a table."""
    from siptapi_frontends.cli.moment import show_duration, show_moment  # noqa: PLC0415  # as above

    yield "call", f"{call.direction} on line {call.line}, {_party(call)}"
    yield "started", show_moment(call.started)
    for name, moment in (("answered", call.answered), ("ended", call.ended)):
        if moment is not None:
            yield name, show_moment(moment)
    if call.duration is not None:
        yield "talked", show_duration(call.duration)
    if call.strategy:
        yield "strategy", call.strategy
    yield "how it went", _ending(call)
    if call.status is not None or call.reason:
        yield "because", f"{call.status or ''} {call.reason}".strip()


def _story(call: CallRecord) -> Iterator[str]:
    from siptapi_frontends.cli.sentences import sentence  # noqa: PLC0415  # for this command

    for event in call.events:
        if isinstance(event, CallEvent):
            happening = event.happening
            words = sentence(happening, call.number)
            if isinstance(happening, CallEnded):
                words = f"Ended: {happening.outcome}."
            yield f"{event.time - call.started:6.1f} s  {words}"
