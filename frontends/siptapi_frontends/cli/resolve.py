"""``siptapi resolve``: where a call would be sent, step by step, without making one."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from siptapi_core.commands import Resolve
from siptapi_core.contracts import CliSession
from siptapi_core.resolution import Resolution
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument(
        "target", metavar="TARGET", help="sip:example.com, example.com, 192.0.2.1:5060, +43 1 ..."
    )
    parser.add_argument("--line", help="with the resolvers of this line (default: as for dial)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    from siptapi_frontends.cli.asking import ask  # noqa: PLC0415  # for this command

    command = Resolve(target=arguments.target, line=arguments.line)
    resolution = ask(session.connect, command, Resolution)
    if arguments.json:
        import json  # noqa: PLC0415  # only then

        say(json.dumps(resolution.to_json()))
    else:
        say(*_lines(resolution))
    found = resolution.addresses or resolution.callee is not None
    return ExitCode.SUCCESS if found else ExitCode.NOT_PLACED


def _lines(resolution: Resolution) -> Iterator[str]:
    width = max([8, *(len(step.resolver or "") + 1 for step in resolution.steps)])
    for step in resolution.steps:
        by = step.resolver or "-"
        yield f"{by:{width}}{step.target}: {str(step.outcome).replace('_', ' ')}"
        yield f"{'':{width}}{step.why}" + ("" if step.ttl is None else f" (for {step.ttl:g} s)")
        for target in step.targets:
            yield f"{'':{width}}  -> {target}"
    if resolution.callee is not None:
        yield f"the phone is asked to call {resolution.callee}"
    for number, address in enumerate(resolution.addresses, start=1):
        yield f"{number}. {address}"
    if resolution.problem and resolution.callee is not None:
        yield f"from here there is no way to it ({resolution.problem}); the phone may know one"
    elif resolution.problem:
        yield f"no address: {resolution.problem}"
