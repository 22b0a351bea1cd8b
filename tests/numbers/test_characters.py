from __future__ import annotations

import sys
import unicodedata

import pytest

from siptapi_core.numbers.characters import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("+43 (1) 505-641", "+43 (1) 505-641"),
        ("\uff0b\uff14\uff13\uff08\uff11\uff09", "+43(1)"),
        ("\u0664\u0663\u06f1\u0967\U0001d7d9", "43111"),
        ("4\u00a03\u20091\u202f5\u30000", "4 3 1 5 0"),
        ("4\u200e3\u202a1\u202c\ufeff\u00ad", "4 3 1   "),
        ("4\u20103\u20111\u20125\u20130\u2014\u2015\u2212\uff0d\u30fc", "4-3-1-5-0-----"),
        ("4\u00b73\u2024\u30fb\uff0e", "4.3..."),
        ("4\u20443\u2215\uff0f", "4/3//"),
        ("\uff0a21\uff03\u266f", "*21##"),
        ("1\ufe0f\u20e3", "1  "),
        ("\u260e\U0001f4de\u2121\ue000", "    "),
        ("\u2795\u207a", "++"),
        ("\u3010\uff11\u3011\uff5b", "(1)("),
        ("J\u00f6rg\t\v\f\u0085\u2028", "J\u00f6rg \n\n\n\n"),
        ("\u00b2\u2460\u00bd", "\u00b2\u2460\u00bd"),
        ("\u20ac\ud800\x00", "\u20ac\ud800\x00"),
        ("\u2019\u201c\u00ab", "'''"),
        ("\u060c\u061b\u3001", ",;,"),
    ],
)
def test_characters_mean_what_they_look_like(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_every_character_keeps_its_place_and_every_digit_its_value() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        folded = fold(character)
        assert len(folded) == 1
        digit = unicodedata.decimal(character, None)
        assert (folded in "0123456789") == (digit is not None)
        assert digit is None or folded == str(digit)


def test_every_dash_and_space_of_unicode_is_one() -> None:
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        if category == "Pd":
            assert fold(chr(code)) == "-"
        elif category in {"Zs", "Cf"}:
            assert fold(chr(code)) == " "
