from __future__ import annotations

from typing import Any

import attrs
import cattrs
import pytest

from siptapi_core.numbers import DialAs, Extensions, NumberRules, Rewrite


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("region", "Austria", "two letters"),
        ("region", "at", "two letters"),
        ("region", "UK", "it is GB"),
        ("area_code", "+431", "digits"),
        ("outside_prefix", "0w", "digits, \\* or #"),
        ("international_prefix", "+43", "or a \\+"),
        ("internal_lengths", (0,), "from 1 to 8, not 0"),
        ("internal_lengths", (3, 9), "from 1 to 8, not 9"),
        ("internal_patterns", ("[0-9",), "is no regular expression: .*position"),
        ("deny", ("premum",), "'premum' is none of international, premium"),
        ("confirm", ("(",), "is no regular expression"),
        ("deny", ("(?P<a>1)(?P<a>2){999999999999}",), "is no regular expression"),
        ("deny", ("((a{999}){999}){999}",), "its repeats come to more than 20000 characters"),
        ("internal_patterns", ("a{999999999}",), "its repeats come to more than 20000"),
        ("deny", ("premium",), "premium cannot be told without a region"),
        ("confirm", ("mobile", "international"), "international, mobile cannot be told"),
    ],
)
def test_a_wrong_value_is_refused(key: str, value: object, complaint: str) -> None:
    changes: dict[str, Any] = {key: value}
    with pytest.raises(ValueError, match=complaint):
        NumberRules(**changes)


@pytest.mark.parametrize(
    ("match", "replace", "complaint"),
    [
        ("(", "", r"'\(' is no regular expression: missing \) at position 1"),
        ("[0-9]", r"\1", r"cannot replace '\[0-9\]': invalid group reference"),
        ("([0-9])", r"\g<area>", "unknown group"),
        ("^0", "\\", "cannot replace"),
        ("((?x) 0 {999} ) {999}", "", "more than 20000 characters"),
    ],
)
def test_a_wrong_rewrite_is_refused(match: str, replace: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Rewrite(match=match, replace=replace)


def test_every_key_says_what_it_is_for() -> None:
    for cls in (NumberRules, Rewrite):
        for field in attrs.fields(cls):
            assert field.metadata["help"], field.name


def test_no_key_is_needed() -> None:
    assert NumberRules() == cattrs.structure({}, NumberRules)
    assert hash(NumberRules()) == hash(NumberRules())


@pytest.mark.parametrize(
    ("keys", "form"),
    [
        ({}, DialAs.E164),
        ({"outside_prefix": "0"}, DialAs.DIGITS),
        ({"international_prefix": "00"}, DialAs.DIGITS),
        ({"international_prefix": "+"}, DialAs.E164),
        ({"outside_prefix": "0", "dial_as": "tel"}, DialAs.TEL),
    ],
)
def test_a_prefix_means_digits_unless_said_otherwise(keys: dict[str, str], form: DialAs) -> None:
    assert cattrs.structure(keys, NumberRules).form is form


def test_it_reads_from_tables() -> None:
    rules = cattrs.structure(
        {
            "region": "AT",
            "internal_lengths": [3, 4],
            "rewrites": [{"match": "^0$", "replace": "100", "line": "office", "stop": True}],
            "deny": ["premium"],
            "extensions": "postd",
        },
        NumberRules,
    )
    assert rules == NumberRules(
        region="AT",
        internal_lengths=(3, 4),
        rewrites=(Rewrite(match="^0$", replace="100", line="office", stop=True),),
        deny=("premium",),
        extensions=Extensions.POSTD,
    )
