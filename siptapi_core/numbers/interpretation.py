"""From a reading to a number: which country, which area, or none because it is the PBX's own.

Ours goes before phonenumberslite's where that is silent or wrong for a desk phone behind a PBX:
emergency numbers, feature codes and internal extensions are known without it. For the rest
`siptapi_core.numbers.plan_interpretation` asks it, and is imported when the first such number
comes, for phonenumberslite takes as long to import as all else that dials.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from siptapi_core.numbers import patterns
from siptapi_core.numbers.emergency import emergency_numbers
from siptapi_core.numbers.explanation import Kind
from siptapi_core.numbers.reading import Reading
from siptapi_core.numbers.rules import NumberRules

if TYPE_CHECKING:
    from siptapi_core.numbers.numbering_plan import PlannedNumber

INTERNAL_DIGITS = 4
"""Longest number that is taken for internal where the settings do not say how long those are."""

_APPENDING = frozenset({"43", "49"})
"""Country codes whose numbers grow by the extension: Durchwahl."""

_SELF_SUFFICIENT_DIGITS = 7
"""Without a region: as many digits reach somebody by themselves."""

_HARMONISED = ("116", "118")
"""Directory enquiries (118...) and services of social value (116...), the same all over Europe."""

_HARMONISED_DIGITS = (5, 6)


class Interpretation(NamedTuple):
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


_Interpret = Callable[[str, NumberRules], Interpretation]


def interpret(reading: Reading, rules: NumberRules) -> Interpretation:
    """What ``reading`` means for somebody whom ``rules`` are for."""
    found = _interpret_digits(reading, rules)
    if not reading.extension:
        return found
    if found.planned is None or found.planned.country_code not in _APPENDING:
        return found._replace(extension=reading.extension)
    from siptapi_core.numbers.numbering_plan import (  # noqa: PLC0415  # imported already
        read_international,
    )

    number = found.number + reading.extension
    return found._replace(number=number, planned=read_international(number[1:]))


def _interpret_digits(reading: Reading, rules: NumberRules) -> Interpretation:
    digits = reading.digits
    if not reading.international:
        if not digits.isdigit():
            return Interpretation(Kind.SERVICE, digits)  # a feature code of the PBX or network
        found = _without_plan(digits, rules)
        if found is not None:
            return found
    national, international = _by_plan()
    return international(digits, rules) if reading.international else national(digits, rules)


@functools.cache
def _by_plan() -> tuple[_Interpret, _Interpret]:
    """What asks the numbering plans of national and of international digits."""
    from siptapi_core.numbers.plan_interpretation import (  # noqa: PLC0415  # see above
        international,
        national,
    )

    return national, international


def _without_plan(digits: str, rules: NumberRules) -> Interpretation | None:
    """What needs no numbering plan; None where one must be asked."""
    emergencies = emergency_numbers(rules.region)
    outside = rules.outside_prefix
    if digits in emergencies or (
        outside and digits.startswith(outside) and digits[len(outside) :] in emergencies
    ):
        return Interpretation(Kind.EMERGENCY, digits)
    if _is_internal(digits, rules):
        return Interpretation(Kind.INTERNAL, digits)
    if digits.startswith(_HARMONISED) and len(digits) in _HARMONISED_DIGITS:
        return Interpretation(Kind.SERVICE, digits)
    if rules.region or (digits.startswith("00") and len(digits) > INTERNAL_DIGITS):
        return None
    if len(digits) <= INTERNAL_DIGITS:
        return Interpretation(Kind.INTERNAL, digits, sure=False)
    kind = Kind.NATIONAL if digits.startswith("0") else Kind.LOCAL
    return Interpretation(kind, digits, sure=len(digits) >= _SELF_SUFFICIENT_DIGITS)


def _is_internal(digits: str, rules: NumberRules) -> bool:
    return len(digits) in rules.internal_lengths or any(
        patterns.search(pattern, whole=True)(digits) for pattern in rules.internal_patterns
    )
