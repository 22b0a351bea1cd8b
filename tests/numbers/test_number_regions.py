from __future__ import annotations

import phonenumbers
import pytest
from known_numbers import FORMATS, REGIONS, e164, examples
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from siptapi_core.numbers import Kind, NumberRules, explain
from siptapi_core.numbers.emergency import emergency_numbers, known_regions
from siptapi_core.numbers.numbering_plan import (
    PlannedNumber,
    is_domestic,
    read_international,
    region,
)
from siptapi_core.numbers.plan_patterns import valid_region

PASTED = (
    "{}",
    "\u202a{}\u202c",  # copied from a page in a right-to-left language
    "\ufeff {}\u200b",
    "Tel.: {}",
    "{} (Office 2, 3rd floor)",
    "Jörg Müller <{}>",
    "{}|12^Jörg 34",
)


@pytest.mark.parametrize("region", REGIONS)
def test_every_form_of_every_example_reads_the_same(region: str) -> None:
    rules = NumberRules(region=region)
    for number in examples(region):
        for form in FORMATS:
            written = phonenumbers.format_number(number, form)
            for pasted in PASTED:
                text = pasted.format(written)
                found = explain(text, rules, domain="pbx.example")
                assert found.e164 == e164(number), text
                assert str(found.dialled) == f"sip:{e164(number)}@pbx.example", text
                assert found.country in {region, *_same_code(region)}, text


def _same_code(region: str) -> tuple[str, ...]:
    code = phonenumbers.country_code_for_region(region)
    return phonenumbers.region_codes_for_country_code(code)


@pytest.mark.parametrize("region", REGIONS)
def test_typographic_spaces_and_dashes_change_nothing(region: str) -> None:
    rules = NumberRules(region=region)
    for number in examples(region):
        written = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
        for space, dash in (
            ("\u00a0", "\u2010"),
            ("\u2009", "\u2011"),
            ("\u202f", "\u2013"),
            ("\u3000", "\u2212"),
            (".", "\uff0d"),
            ("/", "\u2014"),
        ):
            text = written.replace(" ", space).replace("-", dash)
            assert explain(text, rules, domain="pbx.example").e164 == e164(number), text


@pytest.mark.parametrize("region", REGIONS)
def test_ours_agrees_with_phonenumberslite_on_validity_and_format(region: str) -> None:
    for number in examples(region):
        code, significant = (
            str(number.country_code),
            phonenumbers.national_significant_number(number),
        )
        for last in range(10):
            digits = significant[:-2] + str(last) + significant[-1:]
            parsed = phonenumbers.parse(f"+{code}{digits}")
            if phonenumbers.national_significant_number(parsed) != digits:
                continue  # phonenumberslite took a prefix away
            valid = phonenumbers.is_valid_number(parsed)
            theirs = phonenumbers.region_code_for_number(parsed) if valid else None
            assert valid_region(code, digits) == theirs
            ours = read_international(code + digits)
            assert ours is not None
            if ours.e164 == e164(parsed):
                assert ours.international == phonenumbers.format_number(
                    parsed, PhoneNumberFormat.INTERNATIONAL
                )


CATEGORIES = {
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "shared-cost",
    PhoneNumberType.MOBILE: "mobile",
}


@pytest.mark.parametrize("name", REGIONS)
def test_ours_agrees_with_phonenumberslite_on_kinds_and_digits_at_home(name: str) -> None:
    for number in examples(name):
        code = str(number.country_code)
        significant = phonenumbers.national_significant_number(number)
        for last in range(10):
            digits = significant[:-2] + str(last) + significant[-1:]
            theirs = phonenumbers.parse(f"+{code}{digits}")
            if phonenumbers.national_significant_number(theirs) != digits:
                continue  # phonenumberslite took a prefix away
            ours = PlannedNumber(code, digits, valid_region(code, digits))
            assert ours.category == CATEGORIES.get(phonenumbers.number_type(theirs))
            written = phonenumbers.format_number(theirs, PhoneNumberFormat.NATIONAL)
            assert ours.national == "".join(filter(str.isdigit, written))
            for home in {name, "AT", "US", "CA"}:
                assert is_domestic(ours, region(home)) == phonenumbers.is_valid_number_for_region(
                    theirs, home
                )


def test_numbers_of_no_country_are_known() -> None:
    for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        number = phonenumbers.example_number_for_non_geo_entity(code)
        found = explain(f"+{code} {number.national_number}", NumberRules(), domain="pbx.example")
        assert (found.kind, found.e164, found.country) == (Kind.GLOBAL, e164(number), None)
        assert found.warnings == ()


def test_every_region_may_be_named_in_the_settings() -> None:
    assert known_regions() >= set(REGIONS)


def test_the_emergency_numbers_are_those_of_phonenumberslite() -> None:
    """A new number in a later phonenumberslite must not break the tests; a lost table must."""
    unknown = [
        (region, digits)
        for region in REGIONS
        for digits in map(str, range(100, 1000))
        if phonenumbers.is_emergency_number(digits, region)
        and not any(digits.startswith(known) for known in emergency_numbers(region))
    ]
    assert len(unknown) <= 5, unknown


@pytest.mark.parametrize(
    ("region", "numbers"),
    [
        ("AT", "112 122 133 140 144"),
        ("DE", "110 112"),
        ("CH", "112 117 118 144 145 1414"),
        ("FR", "15 17 18 112 191 196"),
        ("GB", "112 999"),
        ("IT", "112 113 115 118 1530"),
        ("US", "112 911 988"),
        ("AU", "000 106 112"),
        ("JP", "110 118 119"),
        ("GN", "112 911"),
        ("", "112 911"),
    ],
)
def test_emergency_numbers_are_dialled_as_they_are(region: str, numbers: str) -> None:
    assert emergency_numbers(region) == set(numbers.split())
    rules = NumberRules(
        region=region, outside_prefix="7", internal_lengths=(2, 3, 4), deny=("[0-9]",)
    )
    for number in numbers.split():
        found = explain(number, rules, domain="pbx.example")
        assert (found.kind, found.decision) == (Kind.EMERGENCY, "allow")
        assert str(found.dialled) == f"sip:{number}@pbx.example"
