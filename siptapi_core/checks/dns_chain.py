"""``dns``: each step from the line's domain, or its proxy, to addresses."""

from __future__ import annotations

from collections.abc import Iterable

from siptapi_core.checks.examined_line import ExaminedLine
from siptapi_core.checks.findings import fine, note, problem
from siptapi_core.contracts import Finding
from siptapi_core.resolution import ResolutionStep, StepOutcome


async def check_dns(line: ExaminedLine) -> Iterable[Finding]:
    """Look at the way from a name to addresses."""
    way = await line.way()
    steps = "; ".join(map(_words, way.steps))
    key = "outbound_proxy" if line.identity.outbound_proxy else "domain"
    if way.problem:
        means = (
            "The DNS servers did not answer, or not well: the name may be right."
            if way.temporary
            else "DNS knows no such name, or no SIP server for it: nothing can be sent."
        )
        return [
            problem(
                f"{way.target} leads nowhere: {way.problem}.",
                means,
                "See that this computer is online and its DNS servers work."
                if way.temporary
                else f"Check `{key}` for a slip; ask your provider for the server's name and put "
                f"it into `outbound_proxy`. `siptapi resolve {way.target}` shows each step.",
            )
        ]
    addresses = ", ".join(map(str, way.addresses))
    found = [fine(f"{way.target} leads to {addresses}" + (f" ({steps})." if steps else "."))]
    found += [
        note(
            f"{step.target}: {step.why}.",
            "One branch of the way fails; there are others.",
            "Tell whoever keeps these DNS records.",
        )
        for step in way.steps
        if step.outcome is StepOutcome.FAILED
    ]
    return found


def _words(step: ResolutionStep) -> str:
    to = ", ".join(map(str, step.targets)) or str(step.outcome).replace("_", " ")
    return f"{step.resolver or '-'}: {step.target} → {to}"
