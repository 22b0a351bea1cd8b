from __future__ import annotations

import pytest

from siptapi_core.numbers import Kind, NumberRules, explain
from siptapi_core.numbers.interpretation import interpret
from siptapi_core.numbers.numbering_plan import read_international, region
from siptapi_core.numbers.runs import Reading

VIENNA = {"region": "AT", "area_code": "1"}
BERLIN = {"region": "DE", "area_code": "030"}
NEW_YORK = {"region": "US", "area_code": "212"}


def found(text: str, keys: dict[str, object]) -> tuple[str, str]:
    """Kind and number."""
    rules = NumberRules(**keys)  # type: ignore[arg-type]
    explanation = explain(text, rules, domain="pbx.example")
    return explanation.kind.value, str(explanation.number)


@pytest.mark.parametrize(
    ("text", "keys", "kind", "number"),
    [
        ("505641", VIENNA, "local", "+431505641"),
        ("505641", {"region": "AT", "area_code": "01"}, "local", "+431505641"),
        ("505641", {"region": "AT"}, "local", "505641"),
        ("12345678", BERLIN, "local", "+493012345678"),
        ("7946 0958", {"region": "GB", "area_code": "20"}, "local", "+442079460958"),
        ("555-1234", NEW_YORK, "local", "+12125551234"),
        ("555-1234", {"region": "US"}, "local", "5551234"),
        ("123 45 67", {"region": "RU", "area_code": "495"}, "local", "+74951234567"),
        ("2345", VIENNA, "internal", "2345"),
        ("2345", VIENNA | {"internal_lengths": (3,)}, "local", "+4312345"),
        ("505641", {}, "local", "505641"),
    ],
)
def test_local_numbers_get_the_area_code(
    text: str, keys: dict[str, object], kind: str, number: str
) -> None:
    assert found(text, keys) == (kind, number)


@pytest.mark.parametrize(
    ("text", "keys", "kind", "number"),
    [
        ("305", {}, "internal", "305"),
        ("305", VIENNA, "internal", "305"),
        ("0", VIENNA, "internal", "0"),
        ("30512", {"internal_lengths": (5,)}, "internal", "30512"),
        ("30512", {"internal_patterns": ("3[0-9]{4}",)}, "internal", "30512"),
        ("30512", VIENNA | {"internal_patterns": ("4[0-9]{4}",)}, "local", "+43130512"),
        ("11833", {"internal_lengths": (5,)}, "internal", "11833"),
        ("11833", VIENNA, "service", "11833"),
        ("11833", {}, "service", "11833"),
        ("1450", VIENNA, "service", "1450"),
        ("1450", VIENNA | {"internal_lengths": (4,)}, "internal", "1450"),
        ("411", NEW_YORK, "service", "411"),
        ("112", VIENNA | {"internal_lengths": (3,)}, "emergency", "112"),
        ("112", {}, "emergency", "112"),
        ("911", {}, "emergency", "911"),
        ("911", VIENNA, "internal", "911"),
        ("9 911", NEW_YORK | {"outside_prefix": "9"}, "emergency", "9911"),
        ("4000", {"region": "NU"}, "national", "+6834000"),
    ],
)
def test_short_numbers(text: str, keys: dict[str, object], kind: str, number: str) -> None:
    assert found(text, keys) == (kind, number)


@pytest.mark.parametrize(
    ("text", "keys", "number"),
    [
        ("0043 1 505641", {}, "+431505641"),
        ("0043 1 505641", VIENNA, "+431505641"),
        ("011 43 1 505641", NEW_YORK, "+431505641"),
        ("0043 1 505641", NEW_YORK, "+431505641"),
        ("810 43 1 505641", {"region": "RU"}, "+431505641"),
        ("0011 43 1 505641", {"region": "AU"}, "+431505641"),
        ("010 43 1 505641", {"region": "JP"}, "+431505641"),
        ("00821012345678", {"region": "KR"}, "+821012345678"),
        ("0049 1", VIENNA, "+491"),
        ("00999 1234567", VIENNA, "+9991234567"),
    ],
)
def test_the_way_abroad_differs(text: str, keys: dict[str, object], number: str) -> None:
    reading = Reading("".join(filter(str.isdigit, text)))
    assert interpret(reading, NumberRules(**keys)).number == number  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "keys", "number", "warning"),
    [
        ("431505641", VIENNA, "+431505641", "the +"),
        ("4930123456", BERLIN, "+4930123456", "the +"),
        ("4917112345678", BERLIN, "+4917112345678", "the +"),
        ("491711234567", VIENNA, "+491711234567", "the +"),
        ("12125551234", VIENNA, "+12125551234", "the +"),
        ("393381234567", {"region": "IT"}, "+393381234567", "the +"),
        ("6641234567", VIENNA, "+436641234567", "the 0"),
        ("1505641", VIENNA, "+431505641", "the 0"),
        ("301234567", BERLIN, "+49301234567", "the 0"),
        ("15112345678", BERLIN, "+4915112345678", "the 0"),
        ("142685300", {"region": "FR"}, "+33142685300", "the 0"),
        ("9161234567", {"region": "RU"}, "+79161234567", "the 8"),
        ("+43 01 505641", {}, "+431505641", "is meant"),
        ("+39 6 69821234", {}, "+390669821234", "keep their 0"),
        ("0 01 505641", VIENNA, "+431505641", "outside prefix"),
        ("9 1 212 555 1234", NEW_YORK, "+12125551234", "outside prefix"),
        ("8 01 505641", VIENNA | {"outside_prefix": "8"}, "+431505641", "outside prefix"),
        ("0 00 49 30 123456", VIENNA, "+4930123456", "outside prefix"),
        ("+43 112", VIENNA, "112", "takes no country code"),
        ("+112", {}, "112", "takes no country code"),
        ("+1 911", NEW_YORK, "911", "takes no country code"),
        ("+43 1450", VIENNA, "1450", "takes no country code"),
        ("0150", VIENNA | {"internal_lengths": (3,)}, "0150", "AT is not known"),
        ("0999 123456", VIENNA, "+43999123456", "AT is not known"),
        ("+999 1234567", {}, "+9991234567", "no country has this code"),
        ("+1 111 111 1111", {}, "+11111111111", "+1 is not known to have"),
        ("5551234", {"region": "US"}, "5551234", "no area_code"),
        ("12345", NEW_YORK, "12345", "US is not known"),
    ],
)
def test_an_assumption_is_said(
    text: str, keys: dict[str, object], number: str, warning: str
) -> None:
    rules = NumberRules(**keys)  # type: ignore[arg-type]
    explanation = explain(text, rules, domain="pbx.example")
    assert str(explanation.number) == number
    assert warning in explanation.warnings[0]


def test_what_needs_no_assumption_has_no_warning() -> None:
    for text, keys in (
        ("1-212-555-1234", NEW_YORK),
        ("2125551234", NEW_YORK),
        ("1300 975 707", {"region": "AU"}),
        ("8 916 123-45-67", {"region": "RU"}),
        ("+39 (0)6 69821234", VIENNA),
    ):
        rules = NumberRules(**keys)  # type: ignore[arg-type]
        assert explain(text, rules, domain="pbx.example").warnings == ()


def test_an_extension_stays_with_a_local_number_of_unknown_area() -> None:
    found = interpret(Reading("505641", extension="12"), NumberRules(region="AT"))
    assert (found.kind, found.number, found.extension) == (Kind.LOCAL, "505641", "12")


def test_the_plans_refuse_what_they_cannot_hold() -> None:
    assert read_international("") is None
    assert read_international("43") is None
    assert read_international("43" + "1" * 18) is None
    assert read_international("0431505641") is None
    with pytest.raises(LookupError, match="no region XX"):
        region("XX")
