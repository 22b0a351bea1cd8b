"""From a reading to a number: which country, which area, or none because it is the PBX's own.

Ours goes before phonenumberslite's where that is silent or wrong for a desk phone behind a PBX:
emergency numbers, feature codes and internal extensions are known without it; local numbers get
the area code of the settings; a typed outside prefix is recognised; a direct-dial extension
becomes part of an Austrian or German number. The rest is asked of `numbering_plan`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

from siptapi_core.numbers import patterns
from siptapi_core.numbers.emergency import emergency_numbers
from siptapi_core.numbers.explanation import Kind
from siptapi_core.numbers.reading import Reading
from siptapi_core.numbers.rules import Category, NumberRules
from siptapi_core.values import Value

if TYPE_CHECKING:
    from siptapi_core.numbers.numbering_plan import PlannedNumber, Region

_APPENDING = frozenset({"43", "49"})
"""Country codes whose numbers grow by the extension: Durchwahl."""

_INTERNAL_DIGITS = 4
"""Longest number that is taken for internal where the settings do not say how long those are."""

_SHORT_CODE_DIGITS = 6
_SELF_SUFFICIENT_DIGITS = 7
"""Without a region: as many digits reach somebody by themselves."""

_WITH_AREA_DIGITS = 9
"""A number without its trunk prefix that has so many digits is hardly a local one."""

_WITHOUT_COUNTRY_DIGITS = 10
"""More digits without a trunk prefix have a country code, unless it is a mobile's number."""

_USUAL_OUTSIDE_PREFIXES = ("0", "9")
_LOST_PLUS = "the + before its country code seems to be lost"

_HARMONISED = ("116", "118")
"""Directory enquiries (118...) and services of social value (116...), the same all over Europe."""

_HARMONISED_DIGITS = (5, 6)


@frozen(eq=False, repr=False)
class Interpretation(Value):
    """What a reading means: ``number`` is in E.164 where known, else the digits to key in.

    ``planned`` is what the numbering plan knows of it. ``sure``: it is known to be a number;
    ``assumed``: but something had to be added or taken away, which ``warnings`` say.
    """

    kind: Kind
    number: str
    sure: bool = True
    assumed: bool = False
    warnings: tuple[str, ...] = ()
    planned: PlannedNumber | None = None
    extension: str = ""

    @property
    def e164(self) -> str | None:
        """The number in E.164, ``+`` and digits; None where it has no such form."""
        if self.number.startswith("+"):
            return self.number
        return None if self.planned is None else self.planned.e164


def interpret(reading: Reading, rules: NumberRules) -> Interpretation:
    """What ``reading`` means for somebody whom ``rules`` are for."""
    digits = reading.digits
    if reading.international:
        found = _international(digits, rules)
    elif not digits.isdigit():
        return Interpretation(Kind.SERVICE, digits)  # a feature code of the PBX or network
    else:
        found = _without_plan(digits, rules) or (
            _national(digits, rules) if rules.region else _anywhere(digits)
        )
    if not reading.extension:
        return found
    if found.planned is None or found.planned.country_code not in _APPENDING:
        return evolve(found, extension=reading.extension)
    from siptapi_core.numbers import numbering_plan  # noqa: PLC0415  # 45 ms, see there

    number = found.number + reading.extension
    return evolve(found, number=number, planned=numbering_plan.read_international(number[1:]))


def _without_plan(digits: str, rules: NumberRules) -> Interpretation | None:
    """What needs no numbering plan: emergencies, the PBX's own numbers, European short codes."""
    emergencies = emergency_numbers(rules.region)
    if digits in emergencies:
        return Interpretation(Kind.EMERGENCY, digits)
    outside = rules.outside_prefix
    if outside and digits.startswith(outside) and digits[len(outside) :] in emergencies:
        return Interpretation(Kind.EMERGENCY, digits)
    if _is_internal(digits, rules):
        return Interpretation(Kind.INTERNAL, digits)
    if digits.startswith(_HARMONISED) and len(digits) in _HARMONISED_DIGITS:
        return Interpretation(Kind.SERVICE, digits)
    return None


def _is_internal(digits: str, rules: NumberRules) -> bool:
    return len(digits) in rules.internal_lengths or any(
        patterns.search(pattern, whole=True)(digits) for pattern in rules.internal_patterns
    )


def _international(digits: str, rules: NumberRules) -> Interpretation:
    known = _abroad(digits)
    if known is not None:
        return known
    from siptapi_core.numbers import numbering_plan  # noqa: PLC0415  # 45 ms, see there

    if digits in emergency_numbers(rules.region):
        warning = f"{digits} takes no country code; the + is left out"
        return Interpretation(Kind.EMERGENCY, digits, warnings=(warning,))
    if rules.region:  # a contact synchronisation put a country code before 112
        home = numbering_plan.region(rules.region)
        short = digits.removeprefix(home.country_code)
        if short != digits and 0 < len(short) <= _SHORT_CODE_DIGITS:
            warning = f"{short} takes no country code; the +{home.country_code} is left out"
            if short in emergency_numbers(rules.region):
                return Interpretation(Kind.EMERGENCY, short, warnings=(warning,))
            if numbering_plan.is_short_code(short, home):
                return Interpretation(Kind.SERVICE, short, warnings=(warning,))
    code = numbering_plan.country_code_of(digits)
    what = f"+{code} is not known to have such a number" if code else "no country has this code"
    planned = numbering_plan.read_international(digits)
    return Interpretation(Kind.GLOBAL, f"+{digits}", sure=False, warnings=(what,), planned=planned)


def _abroad(digits: str, *warnings: str) -> Interpretation | None:
    """``digits`` as a number with its country code; None where no country has it."""
    from siptapi_core.numbers import numbering_plan  # noqa: PLC0415  # 45 ms, see there

    planned = numbering_plan.read_international(digits)
    if planned is None or not planned.valid:
        return None
    if planned.assumption:
        warnings = (*warnings, planned.assumption)
    return Interpretation(
        Kind.GLOBAL, planned.e164, assumed=bool(warnings), warnings=warnings, planned=planned
    )


def _anywhere(digits: str) -> Interpretation:
    """Without a region only 00 and a country code tell where a number belongs."""
    abroad = _abroad(digits[2:]) if digits.startswith("00") else None
    if abroad is not None:
        return abroad
    if len(digits) <= _INTERNAL_DIGITS:
        return Interpretation(Kind.INTERNAL, digits, sure=False)
    kind = Kind.NATIONAL if digits.startswith("0") else Kind.LOCAL
    return Interpretation(kind, digits, sure=len(digits) >= _SELF_SUFFICIENT_DIGITS)


def _national(digits: str, rules: NumberRules) -> Interpretation:
    from siptapi_core.numbers import numbering_plan  # noqa: PLC0415  # 45 ms, see there

    home = numbering_plan.region(rules.region)
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
            return evolve(known, assumed=assumed, warnings=(warning, *known.warnings))
    return None


def _known(digits: str, rules: NumberRules, home: Region) -> Interpretation | None:
    """What the numbering plan of ``home`` has ``digits`` for; None where it has no such number."""
    from siptapi_core.numbers import numbering_plan  # noqa: PLC0415  # 45 ms, see there

    rest = home.after_international_prefix(digits)
    if rest and (abroad := _abroad(rest)):
        return abroad
    if digits.startswith("00"):
        warning = f"the 00 is taken for {home.international_prefix}, the way abroad from here"
        if abroad := _abroad(digits[2:], *([warning] if rest is None else [])):
            return abroad
    planned = numbering_plan.read_national(digits, home)
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
    from siptapi_core.numbers import numbering_plan  # noqa: PLC0415  # 45 ms, see there

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
        len(digits) > _INTERNAL_DIGITS or _says_what_is_internal(rules)
    )
    if completed:
        local = numbering_plan.read_national(rules.area_code + digits, home)
        if local is not None and local.valid:
            return Interpretation(Kind.LOCAL, local.e164, assumed=long, planned=local)
    if len(digits) <= _SHORT_CODE_DIGITS and numbering_plan.is_short_code(digits, home):
        return Interpretation(Kind.SERVICE, digits)
    return lost_trunk if completed else None


def _says_what_is_internal(rules: NumberRules) -> bool:
    return bool(rules.internal_lengths or rules.internal_patterns)


def _unknown(digits: str, rules: NumberRules, home: Region) -> Interpretation:
    """What nobody knows is dialled as it stands, or by its length."""
    from siptapi_core.numbers import numbering_plan  # noqa: PLC0415  # 45 ms, see there

    if len(digits) <= _INTERNAL_DIGITS and not _says_what_is_internal(rules):
        return Interpretation(Kind.INTERNAL, digits, sure=False)
    rest = home.after_international_prefix(digits)
    if rest:
        return _international(rest, rules)
    warning = f"{home.name} is not known to have such a number"
    if home.trunk_prefix and digits.startswith(home.trunk_prefix):
        planned = numbering_plan.read_national(digits, home)
        significant = digits.removeprefix(home.trunk_prefix)
        if planned is not None and planned.possible and planned.significant == significant:
            return Interpretation(
                Kind.NATIONAL, planned.e164, sure=False, warnings=(warning,), planned=planned
            )
        return Interpretation(Kind.NATIONAL, digits, sure=False, warnings=(warning,))
    if home.trunk_prefix and not rules.area_code:
        warning = "it may be a local number, but there is no area_code in the settings"
    return Interpretation(Kind.LOCAL, digits, sure=False, warnings=(warning,))
