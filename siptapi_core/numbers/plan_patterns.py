"""The patterns of phonenumberslite's numbering plans: who has a number, and how it is written.

`phonenumbers.is_valid_number`, `number_type` and `format_number` give the same answers, but look
each pattern up in the cache of ``re`` for every number; with them, `explain` would take half as
long again. Here each pattern is compiled once, when a number first needs it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Container, Iterable, Sequence
from typing import NamedTuple

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberFormat,
    PhoneMetadata,
    PhoneNumberDesc,
)

_Match = Callable[[str], re.Match[str] | None]

_ANY_LENGTH = range(100)


@functools.cache
def _fullmatch(pattern: str) -> _Match:
    return re.compile(pattern).fullmatch


@functools.cache
def _begins(pattern: str) -> _Match:
    return re.compile(pattern).match


_Shape = tuple[Container[int], str]
"""The lengths that numbers can have, and their pattern."""

_USUAL_KINDS = ("fixed_line", "mobile")
_SPECIAL_KINDS = (
    *("premium_rate", "toll_free", "shared_cost", "voip"),
    *("personal_number", "pager", "uan", "voicemail"),
)
"""What a number is that could also be a usual one; the first has it."""


class _Plan(NamedTuple):
    """The numbers of a region: ``general`` holds for all ``kinds``, fixed lines and so on."""

    general: _Shape
    kinds: dict[str, _Shape]
    leading_digits: str | None

    def has(self, significant: str) -> bool:
        """Whether there are such numbers."""
        if _fits(self.general, significant):
            for shape in self.kinds.values():
                if _fits(shape, significant):
                    return True
        return False

    def kind(self, significant: str) -> str:
        """What a number is that there is."""
        known = [kind for kind in (*_SPECIAL_KINDS, *_USUAL_KINDS) if kind in self.kinds]
        return next(kind for kind in known if _fits(self.kinds[kind], significant))


def _fits(shape: _Shape, significant: str) -> bool:
    lengths, pattern = shape
    return len(significant) in lengths and _fullmatch(pattern)(significant) is not None


def _shape(description: PhoneNumberDesc) -> _Shape:
    return description.possible_length or _ANY_LENGTH, description.national_number_pattern or ""


@functools.cache
def metadata(name: str, country_code: int) -> PhoneMetadata:
    """What phonenumberslite knows of a region.

    Raises:
        LookupError: it knows none of that name.
    """
    data = PhoneMetadata.metadata_for_region_or_calling_code(country_code, name)
    if data is None:
        raise LookupError(f"phonenumberslite knows no region {name}")
    return data


@functools.cache
def _plan(name: str, country_code: int) -> _Plan:
    data = metadata(name, country_code)
    kinds = {kind: getattr(data, kind) for kind in (*_USUAL_KINDS, *_SPECIAL_KINDS)}
    known = {
        kind: _shape(numbers)
        for kind, numbers in kinds.items()
        if numbers is not None and numbers.national_number_pattern
    }
    return _Plan(_shape(data.general_desc or PhoneNumberDesc()), known, data.leading_digits)


def kind_of(name: str, country_code: str, significant: str) -> str:
    """What a number of the region ``name`` is, one of its own: ``mobile``, ``premium_rate``, ...

    The words are those of `phonenumbers.PhoneMetadata`. ``fixed_line`` may be a mobile's as well.
    """
    return _plan(name, int(country_code)).kind(significant)


def has_number(name: str, country_code: str, significant: str) -> bool:
    """Whether the region ``name``, which has that country code, has the number."""
    return _plan(name, int(country_code)).has(significant)


def valid_region(country_code: str, significant: str) -> str | None:
    """The region of that code whose plan has the number, ``001`` for ``+800`` and its like."""
    code = int(country_code)
    names = COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    for name in names:
        plan = _plan(name, code)
        if plan.leading_digits and len(names) > 1:  # it owns all that begin so, valid or not
            if _begins(plan.leading_digits)(significant):
                return name if plan.has(significant) else None
        elif plan.has(significant):
            return name
    return None


_Format = tuple[str, str]
"""The pattern that a number has as a whole, and how its groups are then written."""


@functools.cache
def _formats_abroad(country_code: str) -> Sequence[_Format]:
    data = _main_metadata(country_code)
    return [
        (_pattern(written), _template(written.format or ""))
        for written in data.intl_number_format or data.number_format
    ]


@functools.cache
def _formats_at_home(country_code: str) -> Sequence[_Format]:
    formats = []
    for written in _main_metadata(country_code).number_format:
        rule = written.format or ""
        if written.national_prefix_formatting_rule:
            rule = re.sub(r"(\\[0-9])", written.national_prefix_formatting_rule, rule, count=1)
        formats.append((_pattern(written), _template(rule)))
    return formats


def _main_metadata(country_code: str) -> PhoneMetadata:
    code = int(country_code)
    return metadata(COUNTRY_CODE_TO_REGION_CODE[code][0], code)


def _pattern(written: NumberFormat) -> str:
    leading = written.leading_digits_pattern or [""]
    return f"(?={leading[-1]})(?:{written.pattern or ''})"  # the last is the most detailed


def _template(rule: str) -> str:
    return re.sub(r"\\g?<?([0-9])>?", lambda group: f"{{{int(group[1]) - 1}}}", rule)


def _written(significant: str, formats: Iterable[_Format]) -> str:
    for pattern, template in formats:
        groups = _fullmatch(pattern)(significant)
        if groups is not None:
            return template.format(*groups.groups())
    return significant


def written_for_abroad(country_code: str, significant: str) -> str:
    """The number as people write it for callers from abroad: ``+43 1 505641``."""
    return f"+{country_code} {_written(significant, _formats_abroad(country_code))}"


def written_at_home(country_code: str, significant: str) -> str:
    """The number as people write it inside its country: ``01 505641``."""
    return _written(significant, _formats_at_home(country_code))
