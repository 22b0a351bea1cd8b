from __future__ import annotations

import pytest

from siptapi_core.errors import NumberError
from siptapi_core.numbers import Explanation, Kind, NumberRules, Rewrite, Step, explain


def explained(text: str, *rewrites: Rewrite, line: str = "", **keys: object) -> Explanation:
    rules = NumberRules(region="AT", area_code="1", rewrites=rewrites, **keys)  # type: ignore[arg-type]
    return explain(text, rules, domain="pbx.example", line=line)


def rewrite(match: str, replace: str, **keys: object) -> Rewrite:
    return Rewrite(match=match, replace=replace, **keys)  # type: ignore[arg-type]


def test_our_own_numbers_become_extensions() -> None:
    found = explained("01 505641-305", rewrite(r"^\+431505641(\d{3})$", r"\1"))
    assert (found.kind, found.e164, str(found.dialled)) == (
        Kind.INTERNAL,
        None,
        "sip:305@pbx.example",
    )
    assert found.steps == (
        Step("read as", "+431505641305"),
        Step("rewrite 1", "305"),
        Step("dialled as", "305"),
    )


def test_they_see_e164_or_the_digits() -> None:
    both = rewrite(r"^\+49", "+43"), rewrite(r"^\*21#$", "*22#")
    assert explained("0049 1 505641", *both).e164 == "+431505641"
    assert str(explained("*21#", *both).dialled) == "sip:*22%23@pbx.example"


def test_they_are_applied_in_order_and_each_once() -> None:
    chain = rewrite("^1", "2"), rewrite("^2", "3"), rewrite("^1", "9")
    found = explained("105", *chain)
    assert [step.name for step in found.steps] == [
        "read as",
        "rewrite 1",
        "rewrite 2",
        "dialled as",
    ]
    assert str(found.dialled) == "sip:305@pbx.example"


def test_stop_ends_the_chain_where_it_matched() -> None:
    chain = rewrite("^9", "8", stop=True), rewrite("^1", "2", stop=True), rewrite("^2", "3")
    assert str(explained("105", *chain).dialled) == "sip:205@pbx.example"


def test_a_rewrite_for_a_line_leaves_others_alone() -> None:
    chain = rewrite("^1", "2", line="office"), rewrite("^1", "3")
    assert str(explained("105", *chain, line="office").dialled) == "sip:205@pbx.example"
    assert str(explained("105", *chain, line="sales").dialled) == "sip:305@pbx.example"
    assert explained("105", *chain).steps[1] == Step("rewrite 2", "305")


def test_only_the_first_match_in_the_number_is_replaced() -> None:
    assert str(explained("1011", rewrite("1", "2")).dialled) == "sip:2011@pbx.example"


def test_what_they_leave_with_a_plus_is_a_number_like_any_other() -> None:
    found = explained("305", rewrite("^305$", "+4930123456"))
    assert (found.kind, found.e164, found.country) == (Kind.GLOBAL, "+4930123456", "DE")
    assert found.formatted == "+49 30 123456"


def test_digits_that_they_leave_are_dialled_as_they_are() -> None:
    found = explained("+43 1 505641", rewrite(r"^\+43", "0"))
    assert (found.kind, found.e164, str(found.dialled)) == (
        Kind.NATIONAL,
        "+431505641",
        "sip:01505641@pbx.example",
    )


def test_the_outside_prefix_still_goes_before_them() -> None:
    found = explained("+43 1 505641", rewrite(r"^\+43", "0"), outside_prefix="9")
    assert str(found.dialled) == "sip:901505641@pbx.example"


def test_what_they_leave_is_judged() -> None:
    found = explained("305", rewrite("^305$", "0900123456"), deny=("premium",))
    assert (found.decision, found.rule) == ("deny", "deny premium")


def test_emergency_numbers_are_left_alone() -> None:
    assert str(explained("112", rewrite("1", "9")).dialled) == "sip:112@pbx.example"
    assert explained("112", rewrite("1", "9")).kind is Kind.EMERGENCY


def test_an_emergency_number_that_they_make_is_told() -> None:
    found = explained("+43 1 505641-112", rewrite(r"^\+431505641(\d{3})$", r"\1"), deny=("1",))
    assert (found.kind, str(found.dialled)) == (Kind.EMERGENCY, "sip:112@pbx.example")
    assert found.decision == "allow"
    assert found.warnings == ("the rewrites make an emergency call of +431505641112",)


@pytest.mark.parametrize(
    ("match", "replace", "reason"),
    [
        ("^.*$", "", "rewrite 1 makes nothing of it"),
        (r"^.*$", r"\g<0>" * 50, "rewrite 1 makes 150 characters of it"),
        ("^3", "sip:", "the rewrites make 'sip:05' of it, which is no number"),
        ("$", "+43", r"the rewrites make '305\+43' of it"),
        ("^", "+", "a number with its country code has 6 to 15 digits, not 3"),
        ("^3", "3" * 40, "no number has 42 digits"),
    ],
)
def test_what_is_no_number_afterwards_is_refused(match: str, replace: str, reason: str) -> None:
    with pytest.raises(NumberError, match=reason):
        explained("305", rewrite(match, replace))
