"""``siptapi doctor``: what is wrong, what it means, and what to do."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from siptapi_core.contracts import CliSession, Finding, Verdict
from siptapi_core.errors import SettingsError
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say

if TYPE_CHECKING:
    from siptapi_frontends.cli.session import Session

_MARKS = {Verdict.PROBLEM: "PROBLEM", Verdict.NOTE: "note", Verdict.OK: "ok"}


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("--line", help="look at this line only (default: all that are active)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    own = cast("Session", session)  # settings and catalog are ours, no business of plugins
    try:
        own.settings  # noqa: B018  # whether they can be read
    except SettingsError as error:
        from siptapi_core.checks import findings_of  # noqa: PLC0415  # for this command

        findings: Sequence[Finding] = findings_of(error)
    else:
        findings = asyncio.run(look(own, arguments.line))
    problems = sum(finding.verdict is Verdict.PROBLEM for finding in findings)
    if arguments.json:
        import json  # noqa: PLC0415  # only then

        from siptapi_core.value_encoding import ValueEncoding  # noqa: PLC0415  # as above

        encoding = ValueEncoding()
        found = [encoding.encode_fields(finding) for finding in findings]
        say(json.dumps({"problems": problems, "findings": found}))
    else:
        say(*lines_of(findings), _sum(problems))
    return ExitCode.NOT_PLACED if problems else ExitCode.SUCCESS


async def look(session: Session, line: str | None) -> tuple[Finding, ...]:
    """What all checks find with the settings of ``session``, of ``line`` or of every active one.

    Raises:
        UnknownNameError: there is no such line.
        NetworkError: no socket at all can be opened.
    """
    from siptapi_core.checks import BUILT_IN, examine, open_installation  # noqa: PLC0415
    from siptapi_frontends.cli.own_checks import daemon_runs  # noqa: PLC0415

    settings, catalog = session.settings, session.full_catalog
    if line is not None:
        settings.line(line)
        names = [line]
    else:
        names = [name for name, each in settings.lines.items() if each.active]
    daemon = await daemon_runs(settings.where)
    async with open_installation(settings, catalog, daemon=daemon) as installation:
        return await examine(installation, (*BUILT_IN, *catalog.checks.values()), names)


def lines_of(findings: Iterable[Finding]) -> Iterator[str]:
    """The findings for people: by line, and of each the problems first."""
    by_line: dict[str, list[Finding]] = {}
    for finding in findings:
        by_line.setdefault(finding.line, []).append(finding)
    for line, found in by_line.items():
        yield f"Line {line}:" if line else "SIPTAPI:"
        order = tuple(_MARKS)
        for finding in sorted(found, key=lambda each: order.index(each.verdict)):
            yield f"  {_MARKS[finding.verdict]:8}{finding.check}: {finding.seen}"
            if finding.verdict is not Verdict.OK:
                yield from (f"{'':10}{words}" for words in (finding.means,) if words)
                yield from (f"{'':10}-> {words}" for words in (finding.do,) if words)
        yield ""


def _sum(problems: int) -> str:
    if not problems:
        return "No problem was found."
    return "1 problem was found." if problems == 1 else f"{problems} problems were found."
