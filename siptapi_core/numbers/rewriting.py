"""Applying the rewrites of the settings: in order, each once, so that nothing can loop."""

from __future__ import annotations

from siptapi_core.errors import NumberError
from siptapi_core.numbers import patterns
from siptapi_core.numbers.explanation import Step
from siptapi_core.numbers.rules import Rewrite

_LONGEST = 128
"""Characters that a rewrite may make of a number; more is a mistake that would only grow."""


def rewrite(number: str, rewrites: tuple[Rewrite, ...], line: str) -> tuple[str, tuple[Step, ...]]:
    """``number`` after the ``rewrites`` that are for ``line``, and a step for each that matched.

    Raises:
        NumberError: a pattern takes too long, or a rewrite makes far too much or nothing of it.
    """
    steps: tuple[Step, ...] = ()
    for position, rule in enumerate(rewrites, 1):
        if rule.line and rule.line != line:
            continue
        match = patterns.search(rule.match, number)
        if match is None:
            continue
        before = number
        number = number[: match.start()] + match.expand(rule.replace) + number[match.end() :]
        if not number or len(number) > _LONGEST:
            what = f"{len(number)} characters" if number else "nothing"
            reason = f"rewrite {position} ({rule.match!r}) makes {what} of it"
            raise NumberError(reason, text=before)
        steps = (*steps, Step(f"rewrite {position}", f"{number} ({rule.match!r})"))
        if rule.stop:
            break
    return number, steps
