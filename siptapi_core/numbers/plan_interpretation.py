"""What the numbering plans make of digits: abroad, at home, in the area; or nothing known.

Beyond what phonenumberslite reads, local numbers get the area code of the settings, a typed
outside prefix is recognised, and so is what spreadsheets and address books do to numbers.
"""

from __future__ import annotations

from siptapi_core.numbers.emergency import emergency_numbers
from siptapi_core.numbers.explanation import Kind
from siptapi_core.numbers.interpretation import INTERNAL_DIGITS, Interpretation
from siptapi_core.numbers.numbering_plan import (
    PlannedNumber,
    Region,
    country_code_of,
    is_short_code,
    read_international,
    read_national,
    region,
)
from siptapi_core.numbers.rules import Category, NumberRules

_SHORT_CODE_DIGITS = 6
_WITH_AREA_DIGITS = 9
"""A number without its trunk prefix that has so many digits is hardly a local one."""

_WITHOUT_COUNTRY_DIGITS = 10
"""More digits without a trunk prefix have a country code, unless it is a mobile's number."""

_USUAL_OUTSIDE_PREFIXES = ("0", "9")
_LOST_PLUS = "the + before its country code seems to be lost"


def international(digits: str, rules: NumberRules) -> Interpretation:
    """What ``digits``, before which a ``+`` stood, mean."""
    known = _abroad(digits)
    if known is not None:
        return known
    if digits in emergency_numbers(rules.region):
        warning = f"{digits} takes no country code; the + is left out"
        return Interpretation(Kind.EMERGENCY, digits, warnings=(warning,))
    if rules.region:  # a contact synchronisation put a country code before 112
        home = region(rules.region)
        short = digits.removeprefix(home.country_code)
        if short != digits and 0 < len(short) <= _SHORT_CODE_DIGITS:
            warning = f"{short} takes no country code; the +{home.country_code} is left out"
            if short in emergency_numbers(rules.region):
                return Interpretation(Kind.EMERGENCY, short, warnings=(warning,))
            if is_short_code(short, home):
                return Interpretation(Kind.SERVICE, short, warnings=(warning,))
    code = country_code_of(digits)
    what = f"+{code} is not known to have such a number" if code else "no country has this code"
    planned = read_international(digits)
    return Interpretation(Kind.GLOBAL, f"+{digits}", sure=False, warnings=(what,), planned=planned)


def _abroad(digits: str, *warnings: str) -> Interpretation | None:
    """``digits`` as a number with its country code; None where no country has it."""
    planned = read_international(digits)
    if planned is None or not planned.valid:
        return None
    if planned.assumption:
        warnings = (*warnings, planned.assumption)
    return Interpretation(
        Kind.GLOBAL, planned.e164, assumed=bool(warnings), warnings=warnings, planned=planned
    )


def national(digits: str, rules: NumberRules) -> Interpretation:
    """What ``digits`` without a ``+`` mean; without a region, only 00 says where they belong."""
    if not rules.region:
        return _abroad(digits[2:]) or Interpretation(Kind.NATIONAL, digits, sure=False)
    home = region(rules.region)
    known = _known(digits, rules, home)
    foreign = known is not None and known.kind is Kind.GLOBAL
    if known is None or (known.assumed and (rules.outside_prefix or foreign)):
        known = _after_outside_prefix(digits, rules, home) or known
    return known or _unknown(digits, rules, home)


def _after_outside_prefix(digits: str, rules: NumberRules, home: Region) -> Interpretation | None:
    """``0 01 505641``: a number that was noted with the prefix of a PBX, ours or a usual one."""
    prefixes = (rules.outside_prefix,) if rules.outside_prefix else _USUAL_OUTSIDE_PREFIXES
    for prefix in prefixes:
        rest = digits.removeprefix(prefix)
        if rest in {digits, ""} or not (rules.outside_prefix or home.is_complete(rest)):
            continue
        known = _known(rest, rules, home)
        if known is not None and not known.assumed:
            warning = f"the {prefix} that it begins with is taken for an outside prefix"
            assumed = not rules.outside_prefix
            return known._replace(assumed=assumed, warnings=(warning, *known.warnings))
    return None


def _known(digits: str, rules: NumberRules, home: Region) -> Interpretation | None:
    """What the numbering plan of ``home`` has ``digits`` for; None where it has no such number."""
    rest = home.after_international_prefix(digits)
    abroad = _abroad(rest) if rest else None
    if abroad is None and digits.startswith("00"):
        warning = f"the 00 is taken for {home.international_prefix}, the way abroad from here"
        abroad = _abroad(digits[2:], *([warning] if rest is None else []))
    if abroad is not None:
        return abroad
    planned = read_national(digits, home)
    if planned is not None and planned.valid:
        trunk = home.trunk_prefix
        with_trunk = trunk != "" and digits.startswith(trunk)
        if not with_trunk and planned.e164 == f"+{digits}":
            return _abroad(digits, _LOST_PLUS)
        if with_trunk or not trunk or planned.national == digits:
            return Interpretation(Kind.NATIONAL, planned.e164, planned=planned)
    if home.trunk_prefix and digits.startswith(home.trunk_prefix):
        return None
    return _without_trunk_prefix(digits, rules, home, planned)


def _without_trunk_prefix(
    digits: str, rules: NumberRules, home: Region, planned: PlannedNumber | None
) -> Interpretation | None:
    """A local number, a short code, or one that lost its 0 or + in a spreadsheet."""
    lost_trunk = None
    if planned is not None and planned.valid:
        warning = f"the {home.trunk_prefix} before its area code seems to be lost"
        lost_trunk = Interpretation(
            Kind.NATIONAL, planned.e164, assumed=True, warnings=(warning,), planned=planned
        )
    long = len(digits) >= _WITH_AREA_DIGITS
    abroad = _abroad(digits, _LOST_PLUS) if long else None
    if abroad is not None and digits.startswith(home.country_code):
        return abroad
    if long and planned is not None and lost_trunk is not None:
        has_code = len(digits) > _WITHOUT_COUNTRY_DIGITS and planned.category != Category.MOBILE
        return abroad if abroad is not None and has_code else lost_trunk
    if abroad is not None:
        return abroad
    completed = rules.area_code != "" and (
        len(digits) > INTERNAL_DIGITS or rules.says_what_is_internal
    )
    if completed:
        local = read_national(rules.area_code + digits, home)
        if local is not None and local.valid:
            return Interpretation(Kind.LOCAL, local.e164, assumed=long, planned=local)
    if len(digits) <= _SHORT_CODE_DIGITS and is_short_code(digits, home):
        return Interpretation(Kind.SERVICE, digits)
    return lost_trunk if completed else None


def _unknown(digits: str, rules: NumberRules, home: Region) -> Interpretation:
    """What nobody knows is dialled as it stands, or by its length."""
    if len(digits) <= INTERNAL_DIGITS and not rules.says_what_is_internal:
        return Interpretation(Kind.INTERNAL, digits, sure=False)
    rest = home.after_international_prefix(digits)
    if rest:
        return international(rest, rules)
    warning = f"{home.name} is not known to have such a number"
    if home.trunk_prefix and digits.startswith(home.trunk_prefix):
        planned = read_national(digits, home)
        significant = digits.removeprefix(home.trunk_prefix)
        if planned is not None and planned.possible and planned.significant == significant:
            return Interpretation(
                Kind.NATIONAL, planned.e164, sure=False, warnings=(warning,), planned=planned
            )
        return Interpretation(Kind.NATIONAL, digits, sure=False, warnings=(warning,))
    if home.trunk_prefix and not rules.area_code:
        warning = "it may be a local number, but there is no area_code in the settings"
    return Interpretation(Kind.LOCAL, digits, sure=False, warnings=(warning,))
