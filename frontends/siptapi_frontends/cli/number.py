"""``siptapi number``: what would be dialled for a text, and why."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, cast

from siptapi_core.commands import Explain
from siptapi_core.contracts import CliSession
from siptapi_core.errors import NoSettingsError, NumberError
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say, say_aside

if TYPE_CHECKING:
    from siptapi_core.numbers import Explanation
    from siptapi_core.settings import Settings
    from siptapi_frontends.cli.session import Session

_DECISIONS = {"allow": "allowed", "confirm": "only when you say yes", "deny": "not allowed"}


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument(
        "text", nargs="+", metavar="TEXT", help="as you would paste it: +43 1 505641, sip:..."
    )
    parser.add_argument("--line", help="call from this line (default: that of the settings)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    import asyncio  # noqa: PLC0415  # not for --help

    text = " ".join(arguments.text)
    try:
        explanation = asyncio.run(_explain(text, arguments.line, session))
    except NumberError as error:
        if not arguments.json:
            raise
        words = str(error)
        every_error = {"code": error.code, "message": words}  # as of any command
        _say_json({"input": text, "error": words, "position": error.position, **every_error})
        return ExitCode.USAGE
    if arguments.json:
        _say_json(explanation.to_json())
    else:
        say(*_rows(explanation))
    return ExitCode.SUCCESS


async def _explain(text: str, line: str | None, session: CliSession) -> Explanation:
    from siptapi_core.numbers import Explanation  # noqa: PLC0415  # as above
    from siptapi_frontends.cli.asking import execute  # noqa: PLC0415

    command = Explain(text=text, line=line)
    try:
        async with session.connect() as dialer:
            return await execute(dialer, command, Explanation)
    except NoSettingsError:
        if line is not None:
            raise
        say_aside("siptapi: there are no settings yet, so this is what the defaults make of it")
        async with cast("Session", session).connect_to(_defaults()) as dialer:
            return await execute(dialer, command, Explanation)


def _defaults() -> Settings:
    from siptapi_core.settings import LineSettings, Settings  # noqa: PLC0415  # seldom

    line = LineSettings(domain="pbx.invalid", user="you")
    return Settings(lines={"default": line}, default_line="default")


def _say_json(value: dict[str, object]) -> None:
    import json  # noqa: PLC0415  # only then

    say(json.dumps(value))


def _rows(explanation: Explanation) -> list[str]:
    """The explanation for a person, a line each."""
    decision = _DECISIONS[explanation.decision]
    rule = f" ({explanation.rule})" if explanation.rule else ""
    rows = [
        *((step.name, step.result) for step in explanation.steps),
        ("kind", explanation.kind),
        *([("country", explanation.country)] if explanation.country else []),
        ("written", explanation.formatted),
        ("Refer-To", str(explanation.dialled)),
        ("dialling", f"{decision}{rule}"),
        *(("warning", warning) for warning in explanation.warnings),
    ]
    width = max(len(name) for name, _ in rows)
    return [f"{name:{width}}  {value}" for name, value in rows]
