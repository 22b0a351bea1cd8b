"""The patterns of phonenumberslite's numbering plans: who has a number, and how it is written.

`phonenumbers.is_valid_number` and `phonenumbers.format_number` give the same answers, but look
each pattern up in the cache of ``re`` for every number; with them, `explain` would take half as
long again. Here each pattern is compiled once, when a number first needs it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberFormat,
    PhoneMetadata,
    PhoneNumberDesc,
)

from siptapi_core.values import Value

_Match = Callable[[str], re.Match[str] | None]


@functools.cache
def _fullmatch(pattern: str) -> _Match:
    return re.compile(pattern).fullmatch


@functools.cache
def _begins(pattern: str) -> _Match:
    return re.compile(pattern).match


class _Plan(Value):
    """The numbers of a region: ``general`` holds for all ``kinds``, fixed lines and so on."""

    general: PhoneNumberDesc
    kinds: tuple[PhoneNumberDesc, ...]
    leading_digits: str | None

    def has(self, significant: str) -> bool:
        """Whether there are such numbers."""
        return _matches(self.general, significant) and any(
            _matches(kind, significant) for kind in self.kinds
        )


def _matches(description: PhoneNumberDesc, significant: str) -> bool:
    lengths = description.possible_length
    if lengths and len(significant) not in lengths:
        return False
    return _fullmatch(description.national_number_pattern or "")(significant) is not None


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
    kinds = (
        data.fixed_line,
        data.mobile,
        data.toll_free,
        data.premium_rate,
        data.shared_cost,
        data.voip,
        data.personal_number,
        data.pager,
        data.uan,
        data.voicemail,
    )
    known = tuple(kind for kind in kinds if kind is not None and kind.national_number_pattern)
    return _Plan(data.general_desc or PhoneNumberDesc(), known, data.leading_digits)


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


@functools.cache
def _formats(country_code: int) -> Sequence[NumberFormat]:
    data = metadata(COUNTRY_CODE_TO_REGION_CODE[country_code][0], country_code)
    return data.intl_number_format or data.number_format


@functools.cache
def _template(rule: str) -> str:
    return re.sub(r"\\g?<?([0-9])>?", lambda group: f"{{{int(group[1]) - 1}}}", rule)


def written_for_abroad(country_code: str, significant: str) -> str:
    """The number as people write it for callers from abroad: ``+43 1 505641``."""
    for written in _formats(int(country_code)):
        leading = written.leading_digits_pattern
        if leading and not _begins(leading[-1])(significant):  # the last is the most detailed
            continue
        groups = _fullmatch(written.pattern or "")(significant)
        if groups is not None:
            grouped = _template(written.format or "").format(*groups.groups())
            return f"+{country_code} {grouped}"
    return f"+{country_code} {significant}"
