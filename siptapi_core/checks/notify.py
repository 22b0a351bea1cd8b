"""``notify``: whether the phone tells how calls go, as the history has it."""

from __future__ import annotations

from collections.abc import Iterable

from siptapi_core.checks.examined_line import ExaminedLine
from siptapi_core.checks.findings import UnexaminedError, fine, note, problem
from siptapi_core.commands import CallDirection, ListHistory
from siptapi_core.contracts import Finding
from siptapi_core.errors import RefusedError
from siptapi_core.events import Outcome

LATEST = 20
"""Calls that are looked at."""
_ENOUGH = 3
"""So many calls without a word are no accident."""


async def check_notify(line: ExaminedLine) -> Iterable[Finding]:
    """Look how the latest calls ended."""
    history = line.installation.history
    if history is None:
        raise UnexaminedError("the history is switched off")
    command = ListHistory(line=line.name, direction=CallDirection.OUTGOING, limit=LATEST)
    try:
        calls = (await history.list_calls(command, None)).calls
    except RefusedError as error:
        raise UnexaminedError("the history cannot be read") from error
    ended = [call for call in calls if call.outcome]
    unknown = [call for call in ended if call.outcome == Outcome.UNKNOWN]
    reported = len(ended) - len(unknown)
    if not ended:
        return [
            note(
                "The history has no call of this line.",
                "Whether the phone reports how calls go (NOTIFY) shows at the first one.",
                "Dial once: `siptapi dial NUMBER`.",
            )
        ]
    if not unknown:
        return [fine(f"The outcome of the latest {len(ended)} calls is known.")]
    seen = f"Of the latest {len(ended)} calls the outcome of {len(unknown)} is unknown."
    means = (
        "The phone agreed to call and then said nothing that reached us: it sends no NOTIFY, or "
        "they get lost on the way, mostly behind a NAT."
    )
    do = "See what `nat` says; `siptapi trace` of such a call shows what came."
    return [
        problem(seen, means, do)
        if reported == 0 and len(unknown) >= _ENOUGH
        else note(seen, means, do)
    ]
