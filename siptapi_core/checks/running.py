"""Runs checks beside each other: none keeps another from being run, or hides what it found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from siptapi_core.checks.examined_line import ExaminedLine
from siptapi_core.checks.findings import UnexaminedError, note, problem
from siptapi_core.checks.installation import Installation
from siptapi_core.contracts import Check, Examined, Finding
from siptapi_core.errors import SettingsError, SiptapiError

AT_ONCE = 10
"""Lines that are looked at beside each other."""


async def examine(
    installation: Installation, checks: Sequence[Check], lines: Iterable[str]
) -> tuple[Finding, ...]:
    """What ``checks`` find: those of the whole, and those of each of ``lines``, in order."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def of_line(name: str) -> list[Finding]:
        async with turns:
            return await _examine_line(installation, checks, name)

    whole = [_run(check, installation, "") for check in checks if not check.of_line]
    found = await asyncio.gather(*whole, *map(of_line, lines))
    return tuple(finding for some in found for finding in some)


async def _examine_line(
    installation: Installation, checks: Sequence[Check], name: str
) -> list[Finding]:
    try:
        line = installation.line(name)
    except SiptapiError as error:
        made = problem(
            f"The line cannot be made: {error}",
            "Nothing can be done with it as it is set.",
            "Mend the settings: `siptapi config check` names every mistake.",
        )
        return [made.evolve(check="config", line=name)]
    try:
        return await _run_all(checks, line, name)
    finally:
        await line.close()


async def _run_all(checks: Sequence[Check], line: ExaminedLine, name: str) -> list[Finding]:
    found = await asyncio.gather(*(_run(check, line, name) for check in checks if check.of_line))
    return [finding for some in found for finding in some]


async def _run(check: Check, examined: Examined, line: str) -> list[Finding]:
    limit = asyncio.timeout(check.seconds)
    try:
        async with limit:
            found = [_checked(finding) for finding in await check.run(examined)]
    except UnexaminedError as error:
        found = [note(f"Not looked at: {error}.", "What keeps it from that is said elsewhere.")]
    except SettingsError as error:
        found = [
            problem(str(error), "The settings cannot be used as they are.", "Mend them there.")
        ]
    except SiptapiError as error:
        found = [problem(str(error), "The check could not go on.", "Mend that, and look again.")]
    except Exception as error:  # noqa: BLE001  # a plugin's check may raise anything
        if limit.expired():
            found = [
                problem(
                    f"It took longer than {check.seconds:g} s.",
                    "Something does not answer, and does not say no either.",
                    "Look at what this check asks; try again.",
                )
            ]
        else:
            found = [
                problem(
                    f"The check is broken: {error!r}.",
                    "That is a mistake in SIPTAPI or in a plugin, not in your set-up.",
                    "Tell who wrote it; the other checks are not concerned.",
                )
            ]
    return [finding.evolve(check=check.name, line=line) for finding in found]


def _checked(finding: object) -> Finding:
    if not isinstance(finding, Finding):
        raise TypeError(f"it found {finding!r}, which is no Finding")
    return finding
