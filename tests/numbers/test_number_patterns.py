from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import NumberError
from siptapi_core.numbers import NumberRules, Rewrite, explain
from siptapi_core.numbers.patterns import (
    TIME_LIMIT,
    check_pattern,
    is_harmless,
    search,
    search_any,
)

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
    ("pattern", "harmless"),
    [
        (r"^\+43(\d+)$", True),
        (r"^\+43(\d*)-?(\d*)$", True),
        (r"^0*1*$", True),
        (r"^0*1*2*$", False),
        (r"^(\d+)+$", False),
        (r"^(?:\d{2}){9}", False),
        (r"^(\d)\1$", False),
        (r"^(?P<a>\d)\g<a>$", False),
        (r"^(?=0)", True),
        (r"^(?<=0)", False),
        (r"(?i)a", False),
        (r"1(*SKIP)(*FAIL)", False),
        (r"(?:112){e<=1}", False),
        (r"1{e<=1}", False),
        (r"^[0-9]{3}$", True),
        (r"^\+44(?:20|161)(?=7)", True),
        ("(1|1)" * 4, True),
        ("(1|1)" * 5, False),
        ("(1?)" * 5, False),
        (r"(\.?=)" * 5, False),
        (r"\+\*\?\|\{" * 5, True),
    ],
)
def test_what_is_harmless_has_few_ways_to_match(pattern: str, *, harmless: bool) -> None:
    assert is_harmless(pattern) is harmless


@pytest.mark.parametrize("pattern", ["(1|1)" * 28 + "[23]", "[13]*[14]*[23]"])
@pytest.mark.parametrize("find", [search, lambda pattern: search_any(["^9", pattern])])
def test_what_could_run_on_is_watched(
    pattern: str, find: Callable[[str], Callable[[str], object]]
) -> None:
    started = time.process_time()
    with pytest.raises(NumberError, match="50 ms"):
        find(pattern)("1" * 1000)
    assert time.process_time() - started < 20 * TIME_LIMIT


def test_a_pattern_of_an_endless_address_is_watched_too() -> None:
    rules = NumberRules(deny=("[13]*[14]*[23]",))
    with pytest.raises(NumberError, match="50 ms"):
        explain(f"sip:{'1' * 2000}@example.com", rules, domain="pbx.example")


PATTERNS = (
    *(r"^\+43(\d+)$", "^0", "305|306", r"^\*", "5$", "", "(?!0)", "(?i)^3", r"(\d)\1", "(3|0)+5"),
    *("[*#]", r"\|", "(?:1|2)(?=3)", r"^[0-9]{3}$"),
)


@given(
    chosen=st.lists(st.sampled_from(PATTERNS), max_size=4),
    number=st.text("0123456789*#+|", max_size=12) | st.text("0123", min_size=127, max_size=130),
)
def test_any_is_found_where_one_is_found_alone(chosen: list[str], number: str) -> None:
    alone = any(search(pattern)(number) is not None for pattern in chosen)
    assert search_any(chosen)(number) is alone


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
