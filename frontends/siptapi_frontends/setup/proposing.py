"""Which strategies, and why: from what the checks found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from siptapi_core.contracts import Finding, Verdict
from siptapi_core.values import Value

_BEHIND_NAT = "Behind a NAT"


class Proposal(Value, kw_only=True):
    """``strategies`` in order and other ``keys`` for the line's table, and ``reasons`` to show."""

    strategies: tuple[str, ...]
    keys: Mapping[str, object]
    reasons: tuple[str, ...]


def propose(keys: Mapping[str, object], findings: Iterable[Finding]) -> Proposal:
    """The strategies of a line with these ``keys``, in order; and what NAT needs."""
    by_check: dict[str, Finding] = {}
    for finding in findings:
        by_check.setdefault(finding.check, finding)
    strategies: list[str] = []
    reasons: list[str] = []

    def add(strategy: str, why: str) -> None:
        strategies.append(strategy)
        reasons.append(f"{len(strategies)}. {strategy}: {why}")

    refer = by_check.get("refer")
    refused = refer is not None and refer.verdict is Verdict.PROBLEM
    if "@" in str(keys.get("phone", "")):
        add("refer-to-phone", "the phone has an address of its own.")
        if not refused:
            add("refer-via-proxy", "where the phone does not answer there.")
    elif refused and refer is not None:
        add("refer-via-proxy", f"to be tried all the same. {refer.seen}")
        add("reverse", "calls the other side first, and refers them to your phone.")
    else:
        add("refer-via-proxy", refer.seen if refer is not None else "as with most proxies.")
    found: dict[str, object] = {}
    nat = by_check.get("nat")
    if nat is not None and nat.seen.startswith(_BEHIND_NAT):
        found["learn_address"] = True
        reasons.append(f"learn_address = true: {nat.seen}")
    return Proposal(strategies=tuple(strategies), keys=found, reasons=tuple(reasons))
