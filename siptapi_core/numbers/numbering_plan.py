"""What phonenumberslite knows of the world's numbering plans. Nothing else of ours imports it.

It costs 45 ms to import, so this module is imported by functions, when a number needs it:
emergency numbers, internal numbers, feature codes and URIs do not.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    REGION_CODE_FOR_NON_GEO_ENTITY,
    NumberParseException,
    PhoneNumber,
    ShortNumberCost,
)

from siptapi_core.numbers.plan_patterns import (
    has_number,
    kind_of,
    metadata,
    valid_region,
    written_at_home,
    written_for_abroad,
)
from siptapi_core.values import Value

NORTH_AMERICA = "1"
"""The country code of 25 regions, whose trunk prefix is the same 1."""

_ITALY = "39"
_COUNTRY_CODES = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))
_LONGEST_COUNTRY_CODE = 3
_SHORTEST_NATIONAL, _LONGEST_NATIONAL = 2, 17  # what phonenumberslite can hold
_SHORTEST_KNOWN = 4
_CATEGORIES = {"premium_rate": "premium", "shared_cost": "shared-cost", "mobile": "mobile"}


class PlannedNumber(NamedTuple):
    """A number of a country: its code, the number inside it, and the region where it is valid.

    ``region`` is two letters, ``001`` for ``+800`` and its like, None where no region is known to
    have such numbers. ``assumption`` says what had to be changed to read it so.
    """

    country_code: str
    significant: str
    region: str | None
    assumption: str = ""

    @property
    def e164(self) -> str:
        """``+431505641``."""
        return f"+{self.country_code}{self.significant}"

    @property
    def valid(self) -> bool:
        """Whether its numbering plan has such numbers, as far as known."""
        return self.region is not None

    @property
    def possible(self) -> bool:
        """Whether its country has numbers of such a length, and not only by a lax plan."""
        number = _number(self.country_code, self.significant)
        return len(self.significant) >= _SHORTEST_KNOWN and phonenumbers.is_possible_number(number)

    @property
    def category(self) -> str | None:
        """Premium, shared-cost or mobile, as the deny and confirm lists call them."""
        if self.region is None:
            return None
        return _CATEGORIES.get(kind_of(self.region, self.country_code, self.significant))

    @property
    def country(self) -> str | None:
        """The two letters of ``region``, None where it is no country's."""
        return None if self.region == REGION_CODE_FOR_NON_GEO_ENTITY else self.region

    @property
    def international(self) -> str:
        """As people write it for abroad: ``+43 1 505641``."""
        return written_for_abroad(self.country_code, self.significant)

    @property
    def national(self) -> str:
        """The digits that are keyed in at home: ``01505641``."""
        return re.sub("[^0-9]", "", written_at_home(self.country_code, self.significant))


class Region(Value):
    """The dialling rules of one region: its country code, trunk prefix, way abroad."""

    name: str
    country_code: str
    trunk_prefix: str
    international_prefix: str
    _abroad: re.Pattern[str]

    def after_international_prefix(self, digits: str) -> str | None:
        """What follows the region's international prefix in ``digits``; None where none is."""
        prefix = self._abroad.match(digits)
        return None if prefix is None else digits[prefix.end() :]

    def is_complete(self, digits: str) -> bool:
        """Whether ``digits`` begin as numbers do that are dialled with their area or country."""
        trunk = self.trunk_prefix
        return (trunk != "" and digits.startswith(trunk)) or self._abroad.match(digits) is not None


@functools.cache
def region(name: str) -> Region:
    """The region called ``name``, one of those that the settings accept.

    Raises:
        LookupError: there is none.
    """
    data = metadata(name, phonenumbers.country_code_for_region(name))
    abroad = data.international_prefix or "00"
    preferred = (data.preferred_international_prefix or abroad).replace("~", "")
    return Region(
        name,
        str(data.country_code),
        data.national_prefix or "",
        preferred if preferred.isdigit() else "00",
        re.compile(abroad),
    )


def country_code_of(digits: str) -> str | None:
    """The country code that ``digits``, the part after a ``+``, begin with."""
    for length in range(1, _LONGEST_COUNTRY_CODE + 1):
        code = digits[:length]
        if code in _COUNTRY_CODES:
            return code
    return None


def read_international(digits: str) -> PlannedNumber | None:
    """Read what stood after a ``+``; None where no country has such a code, or such lengths."""
    code = country_code_of(digits)
    if code is None:
        return None
    significant = digits[len(code) :]
    if not _SHORTEST_NATIONAL <= len(significant) <= _LONGEST_NATIONAL:
        return None
    name = valid_region(code, significant)
    if name is not None:
        return PlannedNumber(code, significant, name)
    parsed = _parse(f"+{digits}", None)
    if parsed is not None and parsed.valid:
        assumption = f"+{digits} is no number from abroad; {parsed.e164} is meant"
        return PlannedNumber(code, parsed.significant, parsed.region, assumption)
    if code == _ITALY and (name := valid_region(code, f"0{significant}")):
        assumption = "Italian numbers keep their 0 after +39; it was missing"
        return PlannedNumber(code, f"0{significant}", name, assumption)
    return PlannedNumber(code, significant, None)


def read_national(digits: str, home: Region) -> PlannedNumber | None:
    """Read a number of ``home`` with or without its trunk prefix; None where it cannot be one."""
    stripped = digits.removeprefix(home.trunk_prefix)
    if _SHORTEST_NATIONAL <= len(stripped) <= _LONGEST_NATIONAL:
        name = valid_region(home.country_code, stripped)
        if name == home.name:
            return PlannedNumber(home.country_code, stripped, name)
    return _parse(digits, home.name)


def longest_known(digits: str, home: Region) -> PlannedNumber | None:
    """The number that ``digits``, ``+`` and all, begin with: exchanges ignore what is too much."""
    for end in range(len(digits), _SHORTEST_KNOWN - 1, -1):
        begin = digits[:end]
        abroad = begin.startswith("+")
        planned = read_international(begin[1:]) if abroad else read_national(begin, home)
        if planned is not None and planned.valid:
            return planned
    return None


def is_domestic(planned: PlannedNumber, home: Region) -> bool:
    """Whether the number is of ``home``: not only of its country code, where several share one."""
    code = planned.country_code
    return code == home.country_code and has_number(home.name, code, planned.significant)


def is_short_code(digits: str, home: Region) -> bool:
    """Whether ``digits`` are a service of the region's networks, such as 11833."""
    number = _number(home.country_code, digits)
    return phonenumbers.is_valid_short_number_for_region(number, home.name)


def is_expensive_short_code(digits: str, home: Region) -> bool:
    """Whether ``digits`` cost more than a call: directory enquiries do, all over Europe."""
    number = _number(home.country_code, digits)
    cost = phonenumbers.expected_cost_for_region(number, home.name)
    return digits.startswith("118") or cost == ShortNumberCost.PREMIUM_RATE


def _number(country_code: str, significant: str) -> PhoneNumber:
    """A number with the zeros that it begins with, which `int` would lose."""
    number = PhoneNumber(country_code=int(country_code), national_number=int(significant))
    if significant.startswith("0"):
        number.italian_leading_zero = True
        number.number_of_leading_zeros = len(significant) - len(significant.lstrip("0"))
    return number


def _parse(text: str, name: str | None) -> PlannedNumber | None:
    """What phonenumberslite makes of ``text``: it knows carrier codes and old prefixes, too."""
    try:
        parsed = phonenumbers.parse(text, name)
    except NumberParseException:
        return None
    code = str(parsed.country_code)
    significant = phonenumbers.national_significant_number(parsed)
    return PlannedNumber(code, significant, valid_region(code, significant))
