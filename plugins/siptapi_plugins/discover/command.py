"""``siptapi discover``: its arguments, the question before anything is sent, the exit code."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from typing import TextIO

from siptapi_core import UsageError
from siptapi_core.logs import printable
from siptapi_plugins.discover.answers import PLAIN_USER, Answer, written
from siptapi_plugins.discover.phones import by_place, identify
from siptapi_plugins.discover.report import announcement, as_json, report
from siptapi_plugins.discover.scanning import Findings, Scan, load_svmap, run_scan
from siptapi_plugins.discover.targets import read_targets

FOUND, NOTHING_FOUND, INTERRUPTED = 0, 3, 130
"""Exit codes."""
MOST_REQUESTS = 65_536
"""Without ``--large``: one port of a /16."""
_FASTEST = 1000.0
_LARGEST_PORT = 65535


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument(
        "targets",
        metavar="TARGET",
        nargs="+",
        help="192.168.1.0/24, 192.168.1.10-20, 192.168.1.7, a host name; there is no default",
    )
    parser.add_argument(
        "--port",
        metavar="PORTS",
        type=_ports,
        default=(5060,),
        help="UDP ports, as 5060,5062 or 5060-5065 (default: 5060)",
    )
    parser.add_argument(
        "--rate",
        metavar="N",
        type=_rate,
        default=20.0,
        help="send at most N requests a second (default: 20)",
    )
    parser.add_argument(
        "--extension",
        metavar="USER",
        type=_extension,
        help="ask for your extension, to see which phone has it (default: for the host itself)",
    )
    parser.add_argument(
        "--large", action="store_true", help=f"send more than {MOST_REQUESTS:,} requests"
    )
    parser.add_argument("--yes", action="store_true", help="send without asking first")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: Namespace) -> int:
    """Carry it out; returns the exit code.

    Raises:
        SiptapiError: it cannot be done, or the person does not want it.
    """
    load_svmap()  # before anybody is asked
    scan = Scan(
        blocks=read_targets(arguments.targets),
        ports=arguments.port,
        rate=arguments.rate,
        extension=arguments.extension or "",
    )
    if scan.requests > MOST_REQUESTS and not arguments.large:
        raise UsageError(
            f"that would be {scan.requests:,} requests, more than {MOST_REQUESTS:,}: "
            "name smaller networks, or say --large"
        )
    _say_aside(*announcement(scan))
    if not arguments.yes:
        _confirm()
    findings = Findings(found=_tell)
    run_scan(scan, findings)
    devices = by_place(map(identify, findings.answers.values()))
    if arguments.json:
        _say(json.dumps(as_json(scan, findings, devices)))
    else:
        _say(*report(scan, findings, devices))
    if findings.interrupted:
        return INTERRUPTED
    return FOUND if devices else NOTHING_FOUND


def _tell(answer: Answer) -> None:
    """Say at once that somebody answered: a scan may take long."""
    _say_aside(f"found {written(answer.place)}")


def _confirm() -> None:
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        raise UsageError("nothing was sent: nobody can be asked here; --yes sends without asking")
    _say_aside("Send them? Type yes or no:")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise UsageError("not confirmed, so nothing was sent")


def _ports(text: str) -> tuple[int, ...]:
    ports: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            begin, end = int(first), int(last if dash else first)
        except ValueError:
            begin, end = 0, 0
        if not 0 < begin <= end <= _LARGEST_PORT:
            raise ArgumentTypeError(f"{part!r} is no port or range of ports, 1 to {_LARGEST_PORT}")
        ports |= dict.fromkeys(range(begin, end + 1))
    return tuple(ports)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= _FASTEST:
        raise ArgumentTypeError(f"{text!r} is no number above 0 and at most {_FASTEST:g}")
    return rate


def _extension(text: str) -> str:
    if not PLAIN_USER.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no extension such as 201: letters, digits and .+*_-")
    return text


def _say(*lines: str) -> None:
    _write(lines, sys.stdout)


def _say_aside(*lines: str) -> None:
    _write(lines, sys.stderr)


def _write(lines: Sequence[str], stream: TextIO | None) -> None:
    """Print ``lines``, which may hold what strangers wrote: it must not steer a terminal."""
    if stream is not None:
        print(*map(printable, lines), sep="\n", file=stream, flush=True)
