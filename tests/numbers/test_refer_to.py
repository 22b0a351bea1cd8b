from __future__ import annotations

import pytest

from siptapi_core.numbers import DialAs, Extensions, NumberRules, explain


def dialled(text: str, **keys: object) -> str:
    rules = NumberRules(**({"region": "AT", "area_code": "1"} | keys))  # type: ignore[arg-type]
    return str(explain(text, rules, domain="pbx.example").dialled)


NUMBERS = ("01/505641", "+49 30 123456", "305", "112", "11833", "*21#")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            DialAs.E164,
            "+431505641@ +4930123456@ 305@ 112@ 11833@ *21%23@",
        ),
        (
            DialAs.USER_PHONE,
            "+431505641@;user=phone +4930123456@;user=phone 305@ 112@ 11833@ *21%23@",
        ),
        (
            DialAs.TEL,
            "tel:+431505641 tel:+4930123456 305@ 112@ 11833@ *21%23@",
        ),
        (
            DialAs.DIGITS,
            "01505641@ 004930123456@ 305@ 112@ 11833@ *21%23@",
        ),
    ],
)
def test_each_form_of_each_kind(form: DialAs, expected: str) -> None:
    found = [dialled(text, dial_as=form).replace("pbx.example", "") for text in NUMBERS]
    assert [uri.removeprefix("sip:") for uri in found] == expected.split()


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("01/505641", "001505641"),
        ("505641", "001505641"),
        ("+49 30 123456", "0004930123456"),
        ("11833", "011833"),
        ("305", "305"),
        ("112", "112"),
        ("*21#", "*21%23"),
    ],
)
def test_the_outside_prefix_goes_before_what_is_outside(text: str, user: str) -> None:
    assert dialled(text, outside_prefix="0") == f"sip:{user}@pbx.example"


def test_a_plus_needs_no_outside_prefix() -> None:
    keys = {"outside_prefix": "0", "dial_as": DialAs.E164}
    assert dialled("01/505641", **keys) == "sip:+431505641@pbx.example"
    assert dialled("11833", **keys) == "sip:011833@pbx.example"


@pytest.mark.parametrize(
    ("region", "text", "user"),
    [
        ("AT", "+43 1 505641", "01505641"),
        ("DE", "+43 1 505641", "00431505641"),
        ("US", "+43 1 505641", "011431505641"),
        ("AU", "+43 1 505641", "0011431505641"),
        ("RU", "+43 1 505641", "810431505641"),
        ("BR", "+43 1 505641", "00431505641"),
        ("US", "+1 212 555 1234", "12125551234"),
        ("IT", "+39 06 6982 1234", "0669821234"),
        ("HU", "+36 1 234 5678", "0612345678"),
        ("RU", "+7 495 123-45-67", "84951234567"),
        ("AU", "+61 1300 975 707", "1300975707"),
        ("AT", "+43 137 1", "01371"),
        ("", "+43 1 505641", "+431505641"),
    ],
)
def test_digits_are_those_that_are_keyed_in_there(region: str, text: str, user: str) -> None:
    keys = {"region": region, "area_code": "", "dial_as": DialAs.DIGITS}
    assert dialled(text, **keys).replace("sip:", "").replace("@pbx.example", "") == user


@pytest.mark.parametrize(
    ("prefix", "user"), [("00", "004930123456"), ("+", "+4930123456"), ("0700", "07004930123456")]
)
def test_the_international_prefix_may_be_another(prefix: str, user: str) -> None:
    keys = {"international_prefix": prefix, "dial_as": DialAs.DIGITS}
    assert dialled("+49 30 123456", **keys) == f"sip:{user}@pbx.example"
    assert dialled("+49 30 123456", region="", **keys) == f"sip:{user}@pbx.example"


@pytest.mark.parametrize(
    ("extensions", "form", "expected"),
    [
        (Extensions.DROP, DialAs.E164, "sip:+12125551234@pbx.example"),
        (Extensions.EXT, DialAs.E164, "sip:+12125551234;ext=12@pbx.example"),
        (Extensions.EXT, DialAs.USER_PHONE, "sip:+12125551234;ext=12@pbx.example;user=phone"),
        (Extensions.EXT, DialAs.TEL, "tel:+12125551234;ext=12"),
        (Extensions.EXT, DialAs.DIGITS, "sip:0012125551234;ext=12@pbx.example"),
        (Extensions.POSTD, DialAs.TEL, "tel:+12125551234;postd=pp12"),
        (Extensions.POSTD, DialAs.E164, "sip:+12125551234;postd=pp12@pbx.example"),
    ],
)
def test_an_extension_goes_where_the_line_wants_it(
    extensions: Extensions, form: DialAs, expected: str
) -> None:
    assert dialled("+1 212 555 1234 x12", extensions=extensions, dial_as=form) == expected


def test_digits_after_the_answer_go_into_postd_only() -> None:
    keys = {"dial_as": DialAs.TEL}
    text = "+1 212 555 1234,,34#"
    assert dialled(text, extensions=Extensions.POSTD, **keys) == ("tel:+12125551234;postd=pp34%23")
    assert dialled("tel:+12125551234;ext=1;postd=pp34", extensions=Extensions.POSTD, **keys) == (
        "tel:+12125551234;postd=pp1pp34"
    )
    assert dialled(text, extensions=Extensions.EXT, **keys) == "tel:+12125551234"
    found = explain(text, NumberRules(extensions=Extensions.EXT), domain="pbx.example")
    assert found.warnings == ("34# after the pause is not dialled: SIPTAPI sends no tones",)


def test_the_domain_of_the_line_is_where_it_is_dialled() -> None:
    for domain in ("[2001:db8::1]", "[2001:db8::1]:5080", "192.0.2.7:5080", "pbx", "pbx:5060"):
        assert str(explain("305", NumberRules(), domain=domain).dialled) == f"sip:305@{domain}"
