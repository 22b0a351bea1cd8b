from __future__ import annotations

import re

import phonenumbers
from hypothesis import assume, example, given
from hypothesis import strategies as st
from known_numbers import FORMATS, REGIONS, e164, examples
from phonenumbers import PhoneNumber, PhoneNumberFormat

from siptapi_core.errors import NumberError
from siptapi_core.numbers import (
    Category,
    DialAs,
    Explanation,
    Extensions,
    Kind,
    NumberRules,
    Rewrite,
    explain,
)
from siptapi_core.sip.uri import SipUri, TelUri, escape_user, parse_uri, unescape

DOMAIN = "pbx.example"
WITHOUT = NumberRules()
VIENNA = NumberRules(region="AT", area_code="1")
OFFICES = (
    WITHOUT,
    VIENNA,
    NumberRules(region="DE", area_code="030", outside_prefix="0", internal_lengths=(3,)),
    NumberRules(region="US", area_code="212", outside_prefix="9", dial_as=DialAs.DIGITS),
    NumberRules(region="IT", dial_as=DialAs.TEL, extensions=Extensions.EXT),
    NumberRules(
        region="FR",
        dial_as=DialAs.USER_PHONE,
        extensions=Extensions.POSTD,
        deny=(Category.PREMIUM, r"^\+33[67]"),
        confirm=tuple(Category),
        internal_patterns=("[2-4][0-9]{2}",),
    ),
)
ZEROS = "0\u0660\u06f0\u0966\u09e6\u0e50\uff10\U0001d7ce"
"""The zeros of Latin, Arabic, Persian, Hindi, Bengali, Thai, full-width and bold digits."""

SEPARATORS = (
    "",
    " ",
    "\u00a0",
    "\u2009",
    "\u202f",
    "\u3000",
    "\u200e",
    "\u202c",
    ".",
    "\u00b7",
    "-",
    "\u2010",
    "\u2011",
    "\u2012",
    "\u2013",
    "\u2014",
    "\u2212",
    "\uff0d",
    " / ",
    "/",
    "(",
    ")",
    "\uff08",
    "\uff09",
    "[",
    "]",
)
PLUSES = ("+", "\uff0b", "\u207a", "\ufe62", "+ ", "(+")
WORDS = st.text(st.characters(categories=("L", "Nd", "Zs")), max_size=20)
NUMBERISH = st.text(
    st.sampled_from(
        "0123456789+*#()-./ ,;:|^<>@!$?&=%TPWxX'\"\r\n\tABCabcÄ\u2013\u202a\uff0b\u0663"
    ),
    max_size=60,
)


@st.composite
def valid_numbers(draw: st.DrawFn) -> tuple[str, PhoneNumber]:
    """A region, and a number that is valid there: an example with other last digits."""
    region = draw(st.sampled_from(REGIONS))
    number = draw(st.sampled_from(examples(region)))
    significant = phonenumbers.national_significant_number(number)
    tail = draw(st.text("0123456789", min_size=0, max_size=4))
    digits = significant[: len(significant) - len(tail)] + tail
    parsed = phonenumbers.parse(f"+{number.country_code}{digits}")
    assume(phonenumbers.is_valid_number(parsed))
    return region, parsed


@st.composite
def disguised(draw: st.DrawFn, digits: str) -> str:
    """``digits`` in mixed scripts, with punctuation between them."""
    written = ""
    for digit in digits:
        written += chr(ord(draw(st.sampled_from(ZEROS))) + int(digit))
        written += draw(st.sampled_from(SEPARATORS))
    return written


def explained(text: str, rules: NumberRules = WITHOUT) -> Explanation:
    return explain(text, rules, domain=DOMAIN)


def explained_or_error(text: str, rules: NumberRules = WITHOUT) -> Explanation | NumberError:
    try:
        return explained(text, rules)
    except NumberError as error:
        return error


@given(st.one_of(NUMBERISH, st.text()), st.sampled_from(OFFICES))
@example("4.3E+11", VIENNA)
@example("+43 1 505641-12/13", VIENNA)
@example("00", WITHOUT)
@example("+(0)", WITHOUT)
@example("*+#", WITHOUT)
@example("\ud800112", WITHOUT)
@example("sip:\ud800@x", WITHOUT)
@example("tel:%ff%fe12345;phone-context=+%41", VIENNA)
def test_any_text_is_a_number_or_a_number_error(text: str, rules: NumberRules) -> None:
    found = explained_or_error(text, rules)
    if isinstance(found, NumberError):
        assert found.reason in str(found)
        assert found.position is None or 0 <= found.position <= len(text)
        return
    assert found.input == text
    assert str(parse_uri(str(found.dialled))) == str(found.dialled)
    assert found.to_json()["dialled"] == str(found.dialled)


@given(st.one_of(NUMBERISH, st.text("0123456789+-/ ()")), st.sampled_from(OFFICES))
def test_a_numbers_own_formatted_text_reads_as_the_same_number(
    text: str, rules: NumberRules
) -> None:
    found = explained_or_error(text, rules)
    if isinstance(found, NumberError):
        return
    again = explained(found.formatted, rules)
    assert (again.number, again.e164) == (found.number, found.e164)
    assert (again.decision, again.formatted) == (found.decision, found.formatted)


@given(valid_numbers(), st.sampled_from(FORMATS))
def test_a_valid_number_of_any_region_survives_writing_and_reading(
    known: tuple[str, PhoneNumber], form: int
) -> None:
    region, number = known
    if form == PhoneNumberFormat.NATIONAL:  # it can only be read where it is national
        assume(phonenumbers.is_valid_number_for_region(number, region))
    written = phonenumbers.format_number(number, form)
    found = explained(written, NumberRules(region=region))
    assert found.e164 == e164(number)
    assert explained(found.formatted).e164 == e164(number)


@given(st.data(), valid_numbers(), st.sampled_from(PLUSES), st.sampled_from(OFFICES))
def test_neither_punctuation_nor_script_change_a_number(
    data: st.DataObject, known: tuple[str, PhoneNumber], plus: str, rules: NumberRules
) -> None:
    plain = e164(known[1])
    text = plus + data.draw(disguised(plain[1:]))
    assert explained(text, rules).number == explained(plain, rules).number


@given(st.data(), valid_numbers())
def test_neither_punctuation_nor_script_change_a_national_number(
    data: st.DataObject, known: tuple[str, PhoneNumber]
) -> None:
    region, number = known
    assume(phonenumbers.is_valid_number_for_region(number, region))
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    assume(re.fullmatch(r"[0-9 ()./\-]+", national))
    text = data.draw(disguised(re.sub("[^0-9]", "", national)))
    assert explained(text, NumberRules(region=region)).e164 == e164(number)


@given(valid_numbers(), st.sampled_from(PLUSES))
def test_the_plus_is_never_lost(known: tuple[str, PhoneNumber], plus: str) -> None:
    text = plus + e164(known[1])[1:]
    for rules in (WITHOUT, VIENNA):
        assert str(explained(text, rules).dialled).startswith("sip:+")
    assert str(explained(text, NumberRules(dial_as=DialAs.TEL)).dialled).startswith("tel:+")


@given(valid_numbers(), WORDS, WORDS)
def test_no_digit_of_a_subaddress_name_or_comment_is_dialled(
    known: tuple[str, PhoneNumber], one: str, other: str
) -> None:
    region, number = known
    rules = NumberRules(region=region)
    written = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    for text in (
        f"{written}|{one}",
        f"{written}^{one}",
        f"{written} | {one} ^ {other}",
        f"{written} (Raum {one})",
        f"{written} [Raum {one}]",
        f'"Raum {one}" {written}',
        f"{written}\r\n{one}",
        f"Raum {one}: {written}",
    ):
        found = explained(text, rules)
        assert found.e164 == e164(number), text
        assert str(found.dialled) == f"sip:{e164(number)}@{DOMAIN}"


@given(st.text("0123456789*#+", min_size=1, max_size=32))
def test_what_is_written_into_refer_to_reads_back(code: str) -> None:
    assert unescape(escape_user(code)) == code
    found = explained_or_error(f"*{code}")
    assume(isinstance(found, Explanation))
    assert isinstance(found, Explanation)
    assert isinstance(found.dialled, SipUri)
    assert SipUri.parse(str(found.dialled)).user_text == f"*{code}"
    assert "%2B" not in str(found.dialled)
    assert "%2A" not in str(found.dialled)


@given(valid_numbers(), st.integers(0, 99_999_999))
def test_an_extension_is_appended_carried_or_left_out_but_never_lost_silently(
    known: tuple[str, PhoneNumber], extension: int
) -> None:
    region, number = known
    plain = e164(number)
    text = f"{plain} ext. {extension}"
    assume(len(f"{plain}{extension}") <= 16)
    rules = NumberRules(region=region, dial_as=DialAs.TEL, extensions=Extensions.EXT)
    carried, dropped = explained(text, rules), explained(text, NumberRules(region=region))
    assert isinstance(carried.dialled, TelUri)
    if plain.startswith(("+43", "+49")):
        assert carried.dialled.number == dropped.e164 == f"{plain}{extension}"
    else:
        assert carried.dialled == TelUri(plain, (("ext", str(extension)),))
        assert dropped.e164 == plain
        assert f"extension {extension} " in dropped.warnings[-1]


REWRITES = st.lists(
    st.builds(
        Rewrite,
        match=st.sampled_from(
            [
                "^",
                "$",
                r"^\+",
                r"(\d+)",
                r"^0",
                r"1",
                r"(\d)(\d)",
                r"^\+43(\d+)$",
                "(?=2)",
                "[3-7]+",
            ]
        ),
        replace=st.sampled_from(["", "0", r"\g<0>\g<0>", "+43", "305", "x", "1", "*", "112"]),
        stop=st.booleans(),
    ),
    max_size=12,
)


@given(REWRITES, st.sampled_from(["+43 1 505641", "01/505641", "305", "*21#", "112"]))
def test_no_chain_of_rewrites_loops(rewrites: list[Rewrite], text: str) -> None:
    rules = NumberRules(region="AT", rewrites=tuple(rewrites))
    found = explained_or_error(text, rules)
    if isinstance(found, NumberError):
        assert "rewrite" in found.reason or "digits" in found.reason
        return
    applied = [step.name for step in found.steps if step.name.startswith("rewrite")]
    assert len(set(applied)) == len(applied) <= len(rewrites)
    if text == "112":
        assert (found.kind, applied, str(found.dialled)) == (
            Kind.EMERGENCY,
            [],
            "sip:112@pbx.example",
        )
