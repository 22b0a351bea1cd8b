"""What phonenumberslite knows of the world's numbering plans. Nothing else of ours imports it.

It costs 45 ms to import, so this module is imported by functions, when a number needs it:
emergency numbers, internal numbers, feature codes and URIs do not.
"""

from __future__ import annotations

import functools
import re

import phonenumbers
from attrs import frozen
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
)

_CATEGORIES = {
    PhoneNumberType.PREMIUM_RATE: frozenset({"premium"}),
    PhoneNumberType.SHARED_COST: frozenset({"shared-cost"}),
    PhoneNumberType.MOBILE: frozenset({"mobile"}),
}

NORTH_AMERICA = "1"
"""The country code of 25 regions, whose trunk prefix is the same 1."""

_ITALY = "39"
_LONGEST_COUNTRY_CODE = 3
_SHORTEST_NATIONAL, _LONGEST_NATIONAL = 2, 17  # what phonenumberslite can hold


@frozen
class PlannedNumber:
    """A number of a known country. ``valid``: its plan has such numbers, as far as known.

    ``e164`` is ``+431505641``; ``assumption`` says what had to be changed to read it so.
    """

    e164: str
    valid: bool
    parsed: PhoneNumber
    assumption: str = ""

    @property
    def is_mobile(self) -> bool:
        """Whether it can only be a mobile phone."""
        return phonenumbers.number_type(self.parsed) == PhoneNumberType.MOBILE

    @property
    def possible(self) -> bool:
        """Whether its country has numbers of such a length."""
        return phonenumbers.is_possible_number(self.parsed)

    @property
    def international(self) -> str:
        """As people write it for abroad: ``+43 1 505641``."""
        return phonenumbers.format_number(self.parsed, PhoneNumberFormat.INTERNATIONAL)

    @property
    def national(self) -> str:
        """The digits that are keyed in at home: ``01505641``."""
        written = phonenumbers.format_number(self.parsed, PhoneNumberFormat.NATIONAL)
        return "".join(character for character in written if character.isdigit())

    @property
    def country_code(self) -> str:
        """The digits after the ``+`` that name the country."""
        return str(self.parsed.country_code)

    @property
    def region(self) -> str | None:
        """The region that it belongs to, two letters; None for ``+800`` and its like."""
        name = phonenumbers.region_code_for_number(self.parsed)
        return None if name in {None, phonenumbers.UNKNOWN_REGION, "001"} else name


@frozen
class Region:
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


@functools.cache
def region(name: str) -> Region:
    """The region called ``name``, two letters that `phonenumbers` knows."""
    data = PhoneMetadata.metadata_for_region(name)
    if data is None:
        raise LookupError(name)
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
        if int(digits[:length] or 0) in COUNTRY_CODE_TO_REGION_CODE:
            return digits[:length]
    return None


def read_international(digits: str) -> PlannedNumber | None:
    """Read what stood after a ``+``; None where no country has such a code, or such lengths."""
    country_code = country_code_of(digits)
    if country_code is None:
        return None
    national = digits[len(country_code) :]
    if not _SHORTEST_NATIONAL <= len(national) <= _LONGEST_NATIONAL:
        return None
    number = _number(country_code, national)
    if phonenumbers.is_valid_number(number):
        return PlannedNumber(f"+{digits}", valid=True, parsed=number)
    parsed = _parsed(f"+{digits}", None)
    if parsed is not None and phonenumbers.is_valid_number(parsed):
        e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
        assumption = f"+{digits} is no number from abroad; {e164} is meant"
        return PlannedNumber(e164, valid=True, parsed=parsed, assumption=assumption)
    if country_code == _ITALY:
        parsed = _number(country_code, f"0{national}")
        if phonenumbers.is_valid_number(parsed):
            assumption = "Italian numbers keep their 0 after +39; it was missing"
            return PlannedNumber(f"+390{national}", True, parsed, assumption)
    return PlannedNumber(f"+{digits}", valid=False, parsed=number)


def read_national(digits: str, home: Region) -> PlannedNumber | None:
    """Read a number of ``home`` with or without its trunk prefix; None where it cannot be one."""
    stripped = digits.removeprefix(home.trunk_prefix)
    if _SHORTEST_NATIONAL <= len(stripped) <= _LONGEST_NATIONAL:
        number = _number(home.country_code, stripped)
        if phonenumbers.is_valid_number_for_region(number, home.name):
            return PlannedNumber(f"+{home.country_code}{stripped}", valid=True, parsed=number)
    parsed = _parsed(digits, home.name)
    if parsed is None:
        return None
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    return PlannedNumber(e164, phonenumbers.is_valid_number(parsed), parsed)


def is_short_code(digits: str, home: Region) -> bool:
    """Whether ``digits`` are a service of the region's networks, such as 11833."""
    return phonenumbers.is_valid_short_number_for_region(
        _number(home.country_code, digits), home.name
    )


def categories(planned: PlannedNumber) -> frozenset[str]:
    """What kind of number it is, in the words of the deny and confirm lists."""
    return _CATEGORIES.get(phonenumbers.number_type(planned.parsed), frozenset())


def is_domestic(planned: PlannedNumber, home: Region) -> bool:
    """Whether the number is of ``home``: not only of its country code, where several share one."""
    if planned.valid:
        return phonenumbers.is_valid_number_for_region(planned.parsed, home.name)
    return planned.country_code == home.country_code


def is_expensive_short_code(digits: str, home: Region) -> bool:
    """Whether ``digits`` cost more than a call: directory enquiries do, all over Europe."""
    cost = phonenumbers.expected_cost_for_region(_number(home.country_code, digits), home.name)
    return digits.startswith("118") or cost == phonenumbers.ShortNumberCost.PREMIUM_RATE


def _number(country_code: str, national: str) -> PhoneNumber:
    """A number with the zeros that it begins with, which `int` would lose."""
    zeros = len(national) - len(national.lstrip("0"))
    return PhoneNumber(
        country_code=int(country_code),
        national_number=int(national),
        italian_leading_zero=True if zeros else None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )


def _parsed(text: str, region_name: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region_name)
    except NumberParseException:
        return None
