from __future__ import annotations

import pytest

from siptapi_core.errors import NumberError
from siptapi_core.numbers import Kind, NumberRules, Step, explain
from siptapi_core.numbers.reading import MAXIMUM_LENGTH, readings

VIENNA = NumberRules(region="AT", area_code="1")
BERLIN = NumberRules(region="DE", area_code="30")
ZURICH = NumberRules(region="CH")
NEW_YORK = NumberRules(region="US", area_code="212")


def dialled(text: str, rules: NumberRules = VIENNA) -> str:
    """The number that is dialled, as in E.164 where it has such a form."""
    return str(explain(text, rules, domain="pbx.example").number)


@pytest.mark.parametrize(
    "text",
    [
        "+43 1 505641",
        "  +43.1.505.641  ",
        "+ 43 / 1 / 50 56 41",
        "+43_1_505641",
        "++43 1 505641",
        "(+43)(1)505641",
        "[+43] {1} 505641",
        "+43 [0] 1 505641",
        "+43 ( 0 ) 1 505641",
        "0043 (0)1 505641",
        "+43-(0)1-505641",
        "'+43 1 505641'",
        '"+43 1 505641"',
        "0 +43 1 505641",
        "+43+1+505641",
        "+43 1 505641#",
        "\u2022 +43 1 505641",
        "T +43 1 505641",
        "P+431505641",
        "T0W1,505641",
        "0W1@505641",
        "0,1,505641",
        "01!505641",
        "01$505641",
        "01 505641 w",
        "Tel +43 1 505641",
        "Tel.:+43 1 505641",
        "Tel01505641",
        "Phone 1: +43 1 505641",
        "Tel.: Mobil: +43 1 505641",
        "Office +43 1 505641, Vienna 3",
        "J\u00f6rg M\u00fcller +43 1 505641",
        "A1 Telekom +43 1 505641",
        "B2B +43 1 505641",
        "1. Bezirk, 01 505641",
        "Zimmer 12, 01 505641",
        "01 505641 (B\u00fcro 2)",
        "01 505641 (B\u00fcro 2",
        "01 505641 [Raum 3] {4. Stock}",
        '01 505641 "Raum 3"',
        "01 505641 2. Stock",
        "01 505641 B\u00fcro 2",
        "01 505641; B\u00fcro",
        "01 505641 <12>",
        "<+43 1 505641>",
        "J\u00f6rg 3 <01 505641>",
        "\r\n\r\nTel:\r\n+43 1 505641\r\n",
        "+43 1 505641\n+43 1 505642",
        "+43 1 505641\u2028+43 1 505642",
        "+43 1 505641 +43 664 1234567",
        "+43 1 505641 / +43 664 1234567",
        "+43 1 505641 & +43 664 1234567",
        "+43 1 505641; +43 664 1234567",
        "01 505641 or 01 505642",
        "01 505641 +43 664 1234567",
        "01 505641 ^ J\u00f6rg 3 | 4",
        "01 505641;isub=12;npdi",
    ],
)
def test_one_number_in_many_clothes(text: str) -> None:
    assert dialled(text) == "+431505641"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+43 1 505641-12", "+43150564112"),
        ("+43 1 505641 - 12", "+43150564112"),
        ("+43 1 505641/12", "+43150564112"),
        ("+43 1 505641 DW 12", "+43150564112"),
        ("+43 1 505641-DW12", "+43150564112"),
        ("+43 1 505641 (Dw. 12)", "+43150564112"),
        ("+43 1 505641-0 Klappe 12", "+43150564112"),
        ("+43 1 505641/0 ext. 12 (B\u00fcro 3)", "+43150564112"),
        ("01 505641 x12 Vienna 3", "+43150564112"),
        ("01 505641 #12", "+43150564112"),
        ("01 505641;ext=12", "+43150564112"),
        ("505641 App. 12", "+43150564112"),
        ("01 505641-0", "+4315056410"),
        ("01 505641-12/13", "+43150564112"),
        ("01 505641-120 / -130", "+431505641120"),
        ("01 505641-12/130", "+43150564112130"),
        ("1505641 DW 12", "+43150564112"),
    ],
)
def test_extensions_are_a_part_of_austrian_numbers(text: str, number: str) -> None:
    assert dialled(text) == number


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("044 668 18 00-12", ZURICH),
        ("044 668 18 00 intern 12", ZURICH),
        ("+41 44 668 18 00 / 12", VIENNA),
        ("+1 212 555 1234 ext 12", VIENNA),
        ("(212) 555-1234 extension 12", NEW_YORK),
        ("(212) 555-1234 (x12)", NEW_YORK),
        ("212-555-1234-12", NEW_YORK),
        ("212-555-1234;ext=12", NEW_YORK),
        ("555-1234 #12", NEW_YORK),
    ],
)
def test_extensions_are_left_out_elsewhere_and_that_is_said(text: str, rules: NumberRules) -> None:
    found = explain(text, rules, domain="pbx.example")
    assert found.e164 in {"+41446681800", "+12125551234"}
    assert " 12 " in f" {found.warnings[-1]} "


@pytest.mark.parametrize(
    ("text", "number", "kind"),
    [
        ("ext. 305", "305", Kind.INTERNAL),
        ("DW 12", "12", Kind.INTERNAL),
        ("x305", "305", Kind.INTERNAL),
        ("Notruf 112", "112", Kind.EMERGENCY),
        ("112 (Euronotruf)", "112", Kind.EMERGENCY),
        ("J\u00f6rg <305>", "305", Kind.INTERNAL),
        ("*21#", "*21#", Kind.SERVICE),
        ("* 21 #", "*21#", Kind.SERVICE),
        ("#31#01505641", "#31#01505641", Kind.SERVICE),
        ("*21*+431505641#", "*21*+431505641#", Kind.SERVICE),
        ("01505641*2", "01505641*2", Kind.SERVICE),
        ("30#5", "30#5", Kind.SERVICE),
        ("305,,12", "305", Kind.INTERNAL),
        ("0, 305", "0305", Kind.INTERNAL),
        ("305, 306", "305", Kind.INTERNAL),
        ("305 & 306", "305", Kind.INTERNAL),
    ],
)
def test_short_numbers_and_codes(text: str, number: str, kind: Kind) -> None:
    found = explain(text, VIENNA, domain="pbx.example")
    assert (str(found.number), found.kind) == (number, kind)


@pytest.mark.parametrize(
    ("text", "rules", "number"),
    [
        ("1-800-FLOWERS", NEW_YORK, "+18003569377"),
        ("1 800 flowers today", NEW_YORK, "+18003569377"),
        ("1-800-CONTACTS", NEW_YORK, "+18002668228"),
        ("800-FLOWERS", NEW_YORK, "+18003569377"),
        ("1-888-555-HELP", NEW_YORK, "+18885554357"),
        ("555-HELP", NEW_YORK, "+12125554357"),
        ("(212) MY-PIZZA", NEW_YORK, "+12126974992"),
        ("+1 (800) FLOWERS", VIENNA, "+18003569377"),
        ("1-800-FLOWERS", VIENNA, "+18003569377"),
        ("1-800-FLOWERS", NumberRules(), "18003569377"),
        ("0800 REIMANN", VIENNA, "+438007346266"),
        ("1-800-T-MOBILE", NEW_YORK, "+18008662453"),
        ("0800 123456 Hotline", VIENNA, "+43800123456"),
    ],
)
def test_letters_are_keys(text: str, rules: NumberRules, number: str) -> None:
    assert dialled(text, rules) == number


@pytest.mark.parametrize(
    ("text", "rules", "number"),
    [
        ("+49 69 1234567,,987654321#", BERLIN, "+49691234567"),
        ("+1 212 555 1234;123", NEW_YORK, "+12125551234"),
        ("212-555-1234p123w45", NEW_YORK, "+12125551234"),
        ("0664 1234567,,12#", VIENNA, "+436641234567"),
        ("0171 1234567 / 030 123456", BERLIN, "+491711234567"),
        ("030 123456, 0171 1234567", BERLIN, "+4930123456"),
        ("044 668 18 00 / 01", ZURICH, "+41446681800"),
        ("Apt 4, 212-555-1234", NEW_YORK, "+12125551234"),
        ("John 212-555-1234", NEW_YORK, "+12125551234"),
        ("5th Ave 212-555-1234", NEW_YORK, "+12125551234"),
    ],
)
def test_what_follows_or_stands_before_is_not_dialled(
    text: str, rules: NumberRules, number: str
) -> None:
    assert dialled(text, rules) == number


@pytest.mark.parametrize(
    ("text", "rules", "number", "warning"),
    [
        ("6641234567.0", VIENNA, "+436641234567", ".0 at its end"),
        ("212555123.0", NEW_YORK, "+12125551230", ""),
    ],
)
def test_what_spreadsheets_make_of_numbers(
    text: str, rules: NumberRules, number: str, warning: str
) -> None:
    found = explain(text, rules, domain="pbx.example")
    assert str(found.number) == number
    assert warning in " ".join(found.warnings)


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("", "the number is empty", 0),
        (" \u200b", "the number is empty", 0),
        ("  hello", "there is no digit in it", 2),
        ("Room1", "no digit outside its words", 0),
        ("01 505\u20ac641", "'\u20ac' cannot stand", 6),
        ("Tel. 10:30", "':' cannot stand", 7),
        ("01 505641abc", "'a' cannot stand", 9),
        ("01 505641 = 5", "'=' cannot stand", 10),
        ("01\x00505641", "'\\x00' cannot stand", 2),
        ("+43*1 505641", "'*' cannot stand in an international", 3),
        ("+43\uff0a1 505641", "'\uff0a' cannot stand in an international", 3),
        ("|12", "no number before |, the subaddress", 0),
        ("J\u00f6rg ^ 01 505641", "no number before ^, the name", 5),
        ("12 apostles", "no number that is known", 0),
        ("2 pizzas", "no number that is known", 0),
        ("Zimmer 12 01 505641", "no number that is known", 0),
        ("212 Main Street", "no number that is known", 0),
        ("(555) ABCDEFGHI", "no number that is known", 0),
        ("AT61 1904 3002 3457 3201", "no number that is known", 0),
        ("12.05.2023", "it looks like a date", 0),
        (" 2023-05-12 ", "it looks like a date", 1),
        ("4.31505641E+11", "a spreadsheet has rounded", 0),
        ("\u00b2\u00b3", "there is no digit in it", 0),
        ("+43", "has 6 to 15 digits, not 2", None),
        ("+43 1 505641 000 000 000", "has 6 to 15 digits, not 18", None),
        ("1" * 33, "no number has 33 digits", None),
    ],
)
def test_what_is_no_number_is_refused_with_reason_and_place(
    text: str, reason: str, position: int | None
) -> None:
    with pytest.raises(NumberError) as refused:
        dialled(text)
    assert reason in refused.value.reason
    assert refused.value.position == position


def test_a_pasted_page_is_refused_without_quoting_it() -> None:
    with pytest.raises(NumberError, match=f"longer than {MAXIMUM_LENGTH} characters") as refused:
        dialled("1 " * MAXIMUM_LENGTH)
    assert len(str(refused.value)) < 120


def test_what_is_left_out_is_said() -> None:
    found = explain("J\u00f6rg 2: 01 505641 (Raum 3) B\u00fcro|4^x", VIENNA, domain="pbx.example")
    assert Step("left out", "|4^x, (Raum 3), J\u00f6rg 2:, B\u00fcro") in found.steps
    found = explain("01 505641 DW 12", VIENNA, domain="pbx.example")
    assert Step("extension", "12 is a part of the number") in found.steps


def test_the_usual_number_is_read_at_once() -> None:
    first = next(readings("+43 (1) 505641"))
    assert (first.digits, first.international, first.doubtful) == ("431505641", True, False)
