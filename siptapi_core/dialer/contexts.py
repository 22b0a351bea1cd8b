"""What each plugin is created with: one clock and one DNS client for all, a name for each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from siptapi_core.contracts import Clock, Context
from siptapi_core.dns import CachedDnsClient
from siptapi_core.logs import logger
from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.settings import Settings
from siptapi_core.state_folder import state_folder


def plugin_contexts(
    settings: Settings, clock: Clock, identifiers: Identifiers
) -> Callable[[str], Context]:
    """What gives a plugin of that name its `Context`."""
    dns = CachedDnsClient(
        identifiers=identifiers,
        servers=settings.dns.addresses,
        timeout=settings.dns.query_timeout,
    )

    def context(name: str) -> Context:
        def own_folder() -> Path:
            folder = Path(state_folder()) / name
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # who called whom may be in it
            return folder

        return Context(clock=clock, dns=dns, logger=logger(name), state_folder=own_folder)

    return context
