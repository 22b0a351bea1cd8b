"""``siptapi trace``: the SIP messages of a call, drawn, printed or saved."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from siptapi_core.commands import (
    CallRecord,
    History,
    ListHistory,
    Messages,
    ShowCall,
    ShowMessages,
)
from siptapi_core.contracts import CliSession
from siptapi_core.errors import RefusedError, UsageError
from siptapi_core.events import TracedMessage
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import can_show, say

if TYPE_CHECKING:
    from siptapi_frontends.cli.session import Session

_LOOKED_AT = 50
"""Calls, of which the latest with messages is shown where none is named."""


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument(
        "call",
        nargs="?",
        metavar="CALL",
        help="as siptapi calls and history show it (default: the latest of which there are any)",
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--messages", action="store_true", help="print each message in full")
    shown.add_argument("--json", action="store_true", help="print a JSON array of the messages")
    saved: tuple[tuple[str, str, str], ...] = (
        ("--svg", "FILE", "draw it into this file, as a picture"),
        ("--pcap", "FILE", "save it for sngrep, Wireshark and the like"),
        ("--bundle", "FILE.zip", "save all that somebody needs who shall find the fault"),
    )
    for option, name, help_ in saved:
        parser.add_argument(option, type=Path, metavar=name, help=help_)


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    import asyncio  # noqa: PLC0415  # for this command

    call, messages = asyncio.run(_find(session, arguments.call))
    files = [arguments.svg, arguments.pcap, arguments.bundle]
    if arguments.json:
        from siptapi_frontends.cli.asking import say_json  # noqa: PLC0415  # only then

        say_json(Messages(messages), within="messages")
    elif arguments.messages:
        _print(messages)
    elif not any(files):
        _draw(call, messages)
    if arguments.svg:
        from siptapi_core.ladder import draw_ladder_svg  # noqa: PLC0415  # only then

        _save(arguments.svg, draw_ladder_svg(messages).encode())
    if arguments.pcap:
        from siptapi_core.packet_capture import packet_capture  # noqa: PLC0415  # only then

        _save(arguments.pcap, packet_capture(messages))
    if arguments.bundle:
        from siptapi_frontends.cli.support_bundle import support_bundle  # noqa: PLC0415  # as above

        _save(arguments.bundle, support_bundle(cast("Session", session), call, messages))
    return ExitCode.SUCCESS


async def _find(
    session: CliSession, wanted: str | None
) -> tuple[CallRecord, tuple[TracedMessage, ...]]:
    """The call, with its events, and its messages.

    Raises:
        RefusedError: there is no such call, or no message of it.
    """
    from siptapi_frontends.cli.asking import execute  # noqa: PLC0415  # for this command

    async with session.connect() as dialer:
        if wanted is None:
            history = await execute(dialer, ListHistory(limit=_LOOKED_AT), History)
            calls = [record.call for record in history.calls]
            if not calls:
                raise RefusedError("the history has no call so far")
        else:
            calls = [wanted]
        for call in calls:
            messages = await execute(dialer, ShowMessages(call=call), Messages)
            if messages.messages:
                return await execute(dialer, ShowCall(call=call), CallRecord), messages.messages
    of = f"the latest {_LOOKED_AT} calls" if wanted is None else f"call {wanted}"
    raise RefusedError(
        f"no SIP messages of {of} are kept: those of calls that failed are, and of others while "
        "the daemon has them in memory; `siptapi --trace dial NUMBER` prints them as they come"
    )


def _draw(call: CallRecord, messages: Sequence[TracedMessage]) -> None:
    import shutil  # noqa: PLC0415  # for this command

    from siptapi_core.ladder import draw_ladder  # noqa: PLC0415
    from siptapi_frontends.cli.history import facts  # noqa: PLC0415
    from siptapi_frontends.cli.table import table  # noqa: PLC0415

    width = shutil.get_terminal_size().columns
    drawn = draw_ladder(messages, unicode=can_show("│─►◄…"), width=width)
    say(*table(*facts(call)), "", *drawn.splitlines())


def _print(messages: Sequence[TracedMessage]) -> None:
    import io  # noqa: PLC0415  # for this command

    from siptapi_core.logs import print_message  # noqa: PLC0415

    printed = io.StringIO()
    for message in messages:
        print_message(message, printed)
    say(*printed.getvalue().splitlines())


def _save(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error
    say(f"Wrote {file}.")
