from __future__ import annotations

import pytest

from siptapi_core.numbers import Decision, NumberRules, explain


def verdict(text: str, *deny: str, region: str = "AT", **keys: object) -> tuple[str, str | None]:
    rules = NumberRules(region=region, deny=deny, **keys)  # type: ignore[arg-type]
    found = explain(text, rules, domain="pbx.example")
    return found.decision.value, found.rule


@pytest.mark.parametrize(
    ("category", "denied", "allowed"),
    [
        ("premium", "0900 123456", "0800 123456"),
        ("premium", "+43 930 123456", "+43 1 505641"),
        ("premium", "11833", "1450"),
        ("premium", "0900 12345678901", "01 505641"),
        ("premium", "0900 123456 789 012 345 678", "305"),
        ("premium", "*31#0900123456", "*31#01505641"),
        ("premium", "**21*0900123456*11#", "*21#"),
        ("premium", "sip:0900123456@pbx.example", "sip:bob@pbx.example"),
        ("premium", "sip:%2B43-900-123456;x=1@pbx.example", "sip:bob0900@pbx.example"),
        ("shared-cost", "0820 123456", "0900 123456"),
        ("mobile", "0664 1234567", "01 505641"),
        ("international", "+49 30 123456", "+43 1 505641"),
        ("international", "0049 30 123456", "01 505641"),
        ("international", "+999 1234567", "+43 9"),
        ("international", "+800 12345678", "0800 123456"),
        ("international", "*31#004930123456", "*31#01505641"),
        ("international", "sip:+4930123456@pbx.example", "sip:+431505641@pbx.example"),
        ("international", "+49 0 999", "305"),
        ("service", "11833", "305"),
        ("service", "*21#", "01 505641"),
        ("uri", "sip:bob@example.com", "01 505641"),
    ],
)
def test_a_category_denies_its_numbers_and_no_others(
    category: str, denied: str, allowed: str
) -> None:
    assert verdict(denied, category) == ("deny", f"deny {category}")
    if "9" not in allowed or len(allowed) > 5:
        assert verdict(allowed, category) == ("allow", None)


@pytest.mark.parametrize(
    ("text", "region", "decision"),
    [
        ("876-555-1234", "US", "deny"),
        ("416-555-1234", "US", "deny"),
        ("212-555-1234", "US", "allow"),
        ("1-800-356-9377", "US", "allow"),
        ("1-800-356-9377", "CA", "allow"),
        ("+44 1534 456789", "GB", "deny"),
    ],
)
def test_international_means_another_country_not_another_code(
    text: str, region: str, decision: str
) -> None:
    assert verdict(text, "international", region=region)[0] == decision


@pytest.mark.parametrize(
    ("pattern", "denied", "allowed"),
    [
        (r"^\+8[78]", "+88213000001", "+43 1 505641"),
        (r"^\+43664", "0664 1234567", "0676 1234567"),
        (r"^3", "305", "405"),
        (r"^\*21", "*21*01505641#", "#21#"),
        (r"@evil\.example$", "sip:bob@evil.example", "sip:bob@example.com"),
    ],
)
def test_a_pattern_is_searched_in_e164_or_the_digits(
    pattern: str, denied: str, allowed: str
) -> None:
    assert verdict(denied, pattern) == ("deny", f"deny {pattern}")
    assert verdict(allowed, pattern) == ("allow", None)


def test_patterns_need_no_region() -> None:
    assert verdict("01 505641", "^01", region="") == ("deny", "deny ^01")
    assert verdict("+43 1 505641", r"^\+43", region="")[0] == "deny"


def test_deny_goes_before_confirm_and_the_first_entry_is_named() -> None:
    both = {"confirm": ("international", r"^\+")}
    assert verdict("+49 900 1234567", "premium", **both) == ("deny", "deny premium")
    assert verdict("+49 30 123456", "premium", **both) == ("confirm", "confirm international")
    assert verdict("+43 1 505641", "premium", **both) == ("confirm", r"confirm ^\+")


def test_the_severer_of_two_verdicts_counts() -> None:
    keys = {"confirm": ("uri", "service")}
    assert verdict("sip:0900123456@pbx.example", "premium", **keys)[0] == "deny"
    assert verdict("sip:01505641@pbx.example", "premium", **keys)[0] == "confirm"
    assert verdict("*31#0900123456", "premium", **keys)[0] == "deny"


@pytest.mark.parametrize("text", ["112", "+43 112", "tel:133", "sip:112@pbx.example", "0112"])
def test_nothing_stands_between_a_person_and_help(text: str) -> None:
    keys = {"confirm": ("uri", "."), "outside_prefix": "0"}
    assert verdict(text, "service", "uri", ".", **keys) == (Decision.ALLOW, None)
