"""The deny and confirm lists: which numbers are dialled only when asked for twice, or never."""

from __future__ import annotations

from siptapi_core.numbers import patterns
from siptapi_core.numbers.explanation import Decision, Kind
from siptapi_core.numbers.interpretation import Interpretation
from siptapi_core.numbers.rules import Category, NumberRules


def decide(found: Interpretation, rules: NumberRules) -> tuple[Decision, str | None]:
    """Whether ``found`` may be dialled, and by which entry of the lists not.

    Raises:
        NumberError: a pattern takes too long.
    """
    for decision, entries in ((Decision.DENY, rules.deny), (Decision.CONFIRM, rules.confirm)):
        for entry in entries:
            if _applies(entry, found, rules):
                return decision, f"{decision} {entry}"
    return Decision.ALLOW, None


def _applies(entry: str, found: Interpretation, rules: NumberRules) -> bool:
    if entry not in _CATEGORIES:
        return patterns.search(entry)(found.e164 or found.number) is not None
    if found.kind in (Kind.SERVICE, Kind.URI) and entry == found.kind:
        return True
    if found.planned is None and not found.number.isdigit():
        return entry == Category.INTERNATIONAL and found.number.startswith("+")
    from siptapi_core.numbers import numbering_plan  # noqa: PLC0415  # 45 ms, see there

    home = numbering_plan.region(rules.region)
    if found.planned is None:
        return (
            entry == Category.PREMIUM
            and found.kind is Kind.SERVICE
            and numbering_plan.is_expensive_short_code(found.number, home)
        )
    if entry == Category.INTERNATIONAL:
        return not numbering_plan.is_domestic(found.planned, home)
    return entry == found.planned.category


_CATEGORIES = frozenset(Category)
