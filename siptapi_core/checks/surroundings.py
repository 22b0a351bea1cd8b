"""``plugins``, ``ports``, ``history``: what is around the lines."""

from __future__ import annotations

from collections.abc import Iterable

from siptapi_core.checks.findings import fine, note, problem
from siptapi_core.checks.installation import Installation
from siptapi_core.commands import ListHistory, PluginState
from siptapi_core.contracts import Finding
from siptapi_core.errors import RefusedError


async def check_plugins(installation: Installation) -> Iterable[Finding]:
    """Look at what became of each plugin."""
    records = installation.catalog.records
    failed = [
        problem(
            f"The plugin {record.name!r} ({record.distribution or 'a file'}) was not loaded: "
            f"{record.why}.",
            "What it offers is not there; all others are.",
            f"Mend it or install another version, or block it: [plugins] blocked = "
            f'["{record.name}"].',
        )
        for record in records
        if record.state is PluginState.FAILED
    ]
    loaded = sum(record.state is PluginState.LOADED for record in records)
    return failed or [fine(f"All {loaded} plugins are loaded.")]


async def check_ports(installation: Installation) -> Iterable[Finding]:
    """Look whether the sockets for SIP can be opened as the settings want them."""
    settings = installation.settings
    if not installation.port_problem:
        where = settings.local_ports or "any port"
        return [fine(f"A UDP socket for SIP could be opened on {where}.")]
    if installation.daemon:
        return [fine("The daemon has the ports that the settings name.")]
    return [
        problem(
            f"{installation.port_problem}.",
            "SIPTAPI cannot speak SIP from where the settings say (local_addresses, local_ports): "
            "somebody else has the port, or this computer does not have the address.",
            "Free it, or leave local_ports out or give it a range, such as 5062-5080.",
        )
    ]


async def check_history(installation: Installation) -> Iterable[Finding]:
    """Look whether past calls can be read."""
    history = installation.history
    if history is None:
        return [note("The history is switched off.", "Past calls are not known.")]
    try:
        await history.list_calls(ListHistory(limit=1), None)
    except RefusedError as error:
        words = str(error)
    else:
        words = history.problem
    if not words:
        return [fine("The history can be read.")]
    return [
        problem(
            f"{words[:1].upper()}{words[1:]}.",
            "Calls are made all the same, but not remembered.",
            "See that the file and its folder are yours and that the disk is not full: "
            "[history] file. One that a later version made is for that version.",
        )
    ]
