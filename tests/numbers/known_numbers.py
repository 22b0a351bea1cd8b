"""Valid numbers of every region that phonenumberslite knows, for the tests."""

from __future__ import annotations

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
FORMATS = (
    PhoneNumberFormat.E164,
    PhoneNumberFormat.INTERNATIONAL,
    PhoneNumberFormat.NATIONAL,
    PhoneNumberFormat.RFC3966,
)


def examples(region: str) -> list[PhoneNumber]:
    """One example of each type of number that ``region`` has."""
    of_types = (
        phonenumbers.example_number_for_type(region, kind) for kind in PhoneNumberType.values()
    )
    return list({str(number): number for number in of_types if number is not None}.values())


def e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
