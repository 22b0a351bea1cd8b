from __future__ import annotations

import time

import pytest

from siptapi_core.errors import NumberError
from siptapi_core.numbers import NumberRules, Rewrite, explain
from siptapi_core.numbers.patterns import TIME_LIMIT, check_pattern, search

WITHOUT_END = r"^\*(?:\d|\d\d)+[xy]"
LONG_CODE = "*" + "1" * 31


@pytest.mark.parametrize(
    "rules",
    [
        NumberRules(rewrites=(Rewrite(match=WITHOUT_END, replace=""),)),
        NumberRules(deny=(WITHOUT_END,)),
        NumberRules(confirm=(WITHOUT_END,)),
    ],
)
def test_a_pattern_that_backtracks_without_end_refuses_the_number_soon(rules: NumberRules) -> None:
    started = time.process_time()
    with pytest.raises(NumberError) as refused:
        explain(LONG_CODE, rules, domain="pbx.example")
    assert time.process_time() - started < 20 * TIME_LIMIT
    assert repr(WITHOUT_END) in refused.value.reason
    assert "50 ms" in refused.value.reason


def test_the_same_holds_for_patterns_of_internal_numbers() -> None:
    with pytest.raises(NumberError, match="50 ms"):
        search(r"(?:\d|\d\d)+[xy]", whole=True)("1" * 40)


@pytest.mark.parametrize(
    ("pattern", "limited"),
    [
        (r"^\+43(\d+)$", False),
        (r"^0*1*$", False),
        (r"^0*1*2*$", True),
        (r"^(\d+)+$", True),
        (r"^(\d)\1$", True),
        (r"^(?=0)", True),
        (r"^[0-9]{3}$", False),
    ],
)
def test_only_patterns_that_can_run_on_are_watched(pattern: str, *, limited: bool) -> None:
    assert (search(pattern).__name__ == "limited") is limited


def test_whole_means_from_end_to_end() -> None:
    assert search("[0-9]{3}", whole=True)("3050") is None
    assert search("[0-9]{3}", whole=True)("305") is not None
    assert search("[0-9]{3}")("3050") is not None


def test_a_pattern_that_runs_on_but_matches_at_once_is_fine() -> None:
    rewrite = Rewrite(match=r"^(\d+)+", replace="1")
    found = explain("305", NumberRules(rewrites=(rewrite,)), domain="pbx.example")
    assert str(found.dialled) == "sip:1@pbx.example"


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\+43(1\d{3}|2\d{4}|3\d{5}|4\d{6}|5\d{7}|6\d{8}|7\d{9}|8\d{10})$",
        r"(?:\d{2}){1,999}",
        r"(\d{3}){4}-(\d{2}){5}",
    ],
)
def test_what_people_write_is_never_too_large(pattern: str) -> None:
    check_pattern(pattern)


def test_a_repeat_counts_with_what_it_repeats() -> None:
    repeated = "((?:a|b)*){1200}"
    check_pattern(repeated)
    with pytest.raises(ValueError, match="more than 20000"):
        check_pattern(repeated.replace("1200", "1300"))
