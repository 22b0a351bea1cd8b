"""Numbers: whatever a person pastes becomes what is dialled, and each step is told."""

from siptapi_core.numbers.explain import explain
from siptapi_core.numbers.explanation import Decision, Explanation, Kind, Step
from siptapi_core.numbers.rules import Category, DialAs, Extensions, NumberRules, Rewrite

__all__ = [
    "Category",
    "Decision",
    "DialAs",
    "Explanation",
    "Extensions",
    "Kind",
    "NumberRules",
    "Rewrite",
    "Step",
    "explain",
]
