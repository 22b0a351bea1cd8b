"""Trying an account by the doctor's checks, before it is written anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from siptapi_core.checks import BUILT_IN, examine, open_installation
from siptapi_core.contracts import Finding, Verdict
from siptapi_core.plugin_loading import PluginCatalog
from siptapi_core.settings import Settings

Try = Callable[[Settings, str, Collection[str]], tuple[Finding, ...]]
"""What the named checks find of a line of those settings."""

WAY = ("dns", "reachability", "tls")
ACCOUNT = ("secrets", "credentials")
PHONE = ("registration", "refer", "nat", "clock")


def trier(catalog: PluginCatalog) -> Try:
    """Tries with the plugins of ``catalog``."""

    def attempt(settings: Settings, line: str, names: Collection[str]) -> tuple[Finding, ...]:
        async def look() -> tuple[Finding, ...]:
            checks = [check for check in BUILT_IN if check.name in names]
            async with open_installation(settings, catalog) as installation:
                return await examine(installation, checks, [line])

        return asyncio.run(look())

    return attempt


def problems(findings: tuple[Finding, ...]) -> list[Finding]:
    """Those that are problems."""
    return [finding for finding in findings if finding.verdict is Verdict.PROBLEM]
