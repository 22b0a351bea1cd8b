"""The deny and confirm lists: what is dialled only when the user says yes, or never.

What a rule forbids must not get through in disguise: behind a feature code (``*31#0900...``), in
a SIP address, or with more digits at its end than the exchange will look at.
"""

from __future__ import annotations

import re

from siptapi_core.numbers import patterns
from siptapi_core.numbers.explanation import ALLOWED, Decision, Kind, Verdict
from siptapi_core.numbers.interpretation import Interpretation, interpret
from siptapi_core.numbers.reading import Reading
from siptapi_core.numbers.rules import Category, NumberRules
from siptapi_core.sip.uri import SipUri

_SEVERITY = (Decision.ALLOW, Decision.CONFIRM, Decision.DENY)
_CATEGORIES = frozenset(Category)
_numbers_in_code = re.compile(r"\+?[0-9]{5,}").findall
_telephone_user = re.compile(r"\+?[0-9*#().\-]+").match
_visual_separators = {ord(character): None for character in "().-"}


def decide(found: Interpretation, rules: NumberRules) -> Verdict:
    """Whether ``found`` may be dialled; an emergency number always may.

    Raises:
        NumberError: a pattern takes too long.
    """
    if found.kind is Kind.EMERGENCY:
        return ALLOWED
    verdict = _by_lists(found, rules)
    if found.kind is Kind.SERVICE and not found.number.isdigit():
        for number in _numbers_in_code(found.number):
            verdict = _severer(verdict, decide(_interpreted(number, rules), rules))
    return verdict


def decide_address(uri: SipUri, rules: NumberRules) -> Verdict:
    """Whether a SIP address may be dialled; one whose user is a number is judged as that, too.

    Raises:
        NumberError: a pattern takes too long.
    """
    verdict = _by_lists(Interpretation(Kind.URI, str(uri)), rules)
    telephone = _telephone_user(uri.user_text)
    if telephone is None:
        return verdict
    found = _interpreted(telephone[0].translate(_visual_separators), rules)
    return ALLOWED if found.kind is Kind.EMERGENCY else _severer(verdict, decide(found, rules))


def _interpreted(number: str, rules: NumberRules) -> Interpretation:
    return interpret(Reading(number.removeprefix("+"), number.startswith("+")), rules)


def _severer(one: Verdict, other: Verdict) -> Verdict:
    return max(one, other, key=lambda verdict: _SEVERITY.index(verdict[0]))


def _by_lists(found: Interpretation, rules: NumberRules) -> Verdict:
    for entry in rules.deny:
        if _applies(entry, found, rules):
            return Decision.DENY, f"deny {entry}"
    for entry in rules.confirm:
        if _applies(entry, found, rules):
            return Decision.CONFIRM, f"confirm {entry}"
    return ALLOWED


def _applies(entry: str, found: Interpretation, rules: NumberRules) -> bool:
    if entry not in _CATEGORIES:
        return patterns.search(entry)(found.e164 or found.number) is not None
    if entry in {Category.SERVICE, Category.URI}:
        return entry == found.kind
    if found.kind is Kind.INTERNAL or not found.number.removeprefix("+").isdigit():
        return False
    from siptapi_core.numbers import numbering_plan  # noqa: PLC0415  # 45 ms, see there

    home = numbering_plan.region(rules.region)
    planned = found.planned
    if entry == Category.INTERNATIONAL and (planned is None or not planned.valid):
        return found.number.startswith("+") and (
            planned is None or planned.country_code != home.country_code
        )
    if found.kind is Kind.SERVICE:
        return entry == Category.PREMIUM and numbering_plan.is_expensive_short_code(
            found.number, home
        )
    if planned is None or not planned.valid:
        planned = numbering_plan.longest_known(found.number, home)
    if planned is None:
        return False
    if entry == Category.INTERNATIONAL:
        return not numbering_plan.is_domestic(planned, home)
    return entry == planned.category
