"""``config``: whether the settings can be used, down to the sections of plugins."""

from __future__ import annotations

from collections.abc import Iterable

from siptapi_core.checks.findings import fine, note, problem
from siptapi_core.checks.installation import Installation
from siptapi_core.contracts import Finding
from siptapi_core.errors import SettingsError
from siptapi_core.settings.checking import check_sections


async def check_config(installation: Installation) -> Iterable[Finding]:
    """Look at the whole file."""
    settings = installation.settings
    found = [
        note(
            f"{warning[:1].upper()}{warning[1:]}.",
            "It works, but others may read your secrets or your calls.",
            "Mend it unless you know better.",
        )
        for warning in settings.warnings()
    ]
    try:
        check_sections(settings, installation.catalog)
    except SettingsError as error:
        return [*findings_of(error), *found]
    lines = len(settings.lines)
    return [fine(f"{settings.where or 'The settings'} can be used; lines: {lines}."), *found]


def findings_of(error: SettingsError) -> list[Finding]:
    """Every mistake in the settings."""
    return [
        problem(
            f"{each}.",
            "The settings cannot be used as they are.",
            "Mend that; `siptapi config check` says whether it is right then.",
        ).evolve(check="config")
        for each in error.problems
    ]
