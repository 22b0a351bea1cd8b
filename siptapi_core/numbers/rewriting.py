"""Applying the rewrites of the settings: in order, each once, so that nothing can loop."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from siptapi_core.errors import NumberError
from siptapi_core.numbers import patterns
from siptapi_core.numbers.explanation import Kind, Step
from siptapi_core.numbers.interpretation import Interpretation, interpret
from siptapi_core.numbers.reading import Reading
from siptapi_core.numbers.rules import NumberRules, Rewrite

if TYPE_CHECKING:
    from siptapi_core.numbers.patterns import Search

_is_dialable = re.compile(r"\+?[0-9]+|[0-9][0-9*#]*|[*#][0-9*#+]*").fullmatch
_LONGEST = 128
"""Characters that a rewrite may make of a number; more is a mistake that would only grow."""


class _Rewrites(NamedTuple):
    """Those for a line, each with its place in the settings; most numbers concern none."""

    concern: Callable[[str], bool]
    each: tuple[tuple[int, Rewrite, Search], ...]


@functools.lru_cache(maxsize=64)
def _for_line(rules: NumberRules, line: str) -> _Rewrites:
    chosen = [(n, rule) for n, rule in enumerate(rules.rewrites, 1) if rule.line in {"", line}]
    return _Rewrites(
        patterns.search_any([rule.match for _, rule in chosen]),
        tuple((n, rule, patterns.search(rule.match)) for n, rule in chosen),
    )


def rewrite(
    found: Interpretation, rules: NumberRules, line: str
) -> tuple[Interpretation, tuple[Step, ...]]:
    """``found`` after the rewrites that are for ``line``, and a step for each that matched.

    Raises:
        NumberError: a pattern takes too long, or what the rewrites make of it is no number.
    """
    number = found.number
    rewrites = _for_line(rules, line)
    if not rewrites.concern(number):
        return found, ()
    steps: tuple[Step, ...] = ()
    for position, rule, search in rewrites.each:
        match = search(number)
        if match is None:
            continue
        before = number
        number = number[: match.start()] + match.expand(rule.replace) + number[match.end() :]
        if not number or len(number) > _LONGEST:
            what = f"{len(number)} characters" if number else "nothing"
            raise NumberError(f"rewrite {position} makes {what} of it", text=before)
        steps = (*steps, Step(f"rewrite {position}", number))
        if rule.stop:
            break
    return _read_again(found, number, rules), steps


def _read_again(found: Interpretation, number: str, rules: NumberRules) -> Interpretation:
    """What the rewrites made of ``found``: digits without a ``+`` are dialled as they are now."""
    if not _is_dialable(number):
        reason = f"the rewrites make {number!r} of it, which is no number"
        raise NumberError(reason, text=found.number)
    international = number.startswith("+")
    again = interpret(Reading(number.removeprefix("+"), international), rules)
    kept, warnings = again.number if international else number, found.warnings
    if again.kind is Kind.EMERGENCY:
        warnings = (*warnings, f"the rewrites make an emergency call of {found.number}")
    return again._replace(number=kept, warnings=warnings, extension=found.extension)
