"""From a text to what is dialled, each step told."""

from __future__ import annotations

import re

from attrs import evolve

from siptapi_core.errors import NumberError
from siptapi_core.numbers.explanation import Explanation, Kind, Step
from siptapi_core.numbers.interpretation import Interpretation, interpret
from siptapi_core.numbers.links import read_number, read_sip
from siptapi_core.numbers.refer_to import refer_to
from siptapi_core.numbers.restrictions import decide, decide_address
from siptapi_core.numbers.rewriting import rewrite
from siptapi_core.numbers.rules import Extensions, NumberRules
from siptapi_core.numbers.runs import Reading
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Number

_LONGEST_E164 = 15
_SHORTEST_E164 = 6
_LONGEST = 32
_is_dialable = re.compile(r"\+?[0-9]+|[0-9][0-9*#]*|[*#][0-9*#+]*").fullmatch


def explain(text: str, rules: NumberRules, *, domain: str, line: str = "") -> Explanation:
    """Say what would be dialled for ``text`` on ``line``, whose domain is ``domain``.

    Raises:
        NumberError: ``text`` is no number; why, and where in it.
    """
    sip = read_sip(text)
    if sip is not None:
        return _explain_sip(text, *sip, rules)
    reading, found = _understood(text, rules)
    steps = [Step("read as", found.number)]
    if reading.extension and not found.extension:
        steps.append(Step("extension", f"{reading.extension} is a part of the number"))
    if reading.left_out:
        steps.append(Step("left out", ", ".join(reading.left_out)))
    if found.kind is not Kind.EMERGENCY and rules.rewrites:
        number, rewritten = rewrite(found.number, rules, line)
        steps.extend(rewritten)
        if rewritten:
            found = _read_again(found, number, rules)
    _check_length(text, found)
    decision, rule = decide(found, rules)
    dialled = refer_to(found, rules, domain, reading.after_answer)
    written = dialled.user_text if isinstance(dialled, SipUri) else dialled.number
    steps.append(Step("dialled as", written))
    return Explanation(
        input=text,
        kind=found.kind,
        e164=found.e164,
        formatted=found.planned.international if found.planned else found.number,
        country=found.planned.country if found.planned else None,
        dialled=dialled,
        number=Number(found.number, found.e164),
        decision=decision,
        rule=rule,
        steps=tuple(steps),
        warnings=(
            *reading.warnings,
            *found.warnings,
            *_lost(found, reading.after_answer, rules.extensions),
        ),
    )


def _understood(text: str, rules: NumberRules) -> tuple[Reading, Interpretation]:
    """The reading of ``text`` that is a number as it stands, else with an assumption, else any."""
    likely: dict[bool, tuple[Reading, Interpretation]] = {}
    for reading in read_number(text):
        found = interpret(reading, rules)
        if found.sure and not found.assumed:
            return reading, found
        if not reading.doubtful:
            likely.setdefault(found.assumed, (reading, found))
    if not likely:
        raise NumberError("it holds digits, but no number that is known", text=text, position=0)
    return likely.get(True) or likely[False]


def _read_again(found: Interpretation, number: str, rules: NumberRules) -> Interpretation:
    """What the rewrites made of ``found``: digits without a ``+`` are dialled as they are now."""
    if not _is_dialable(number):
        reason = f"the rewrites make {number!r} of it, which is no number"
        raise NumberError(reason, text=found.number)
    international = number.startswith("+")
    again = interpret(Reading(number.removeprefix("+"), international), rules)
    kept = again.number if international else number
    return evolve(again, number=kept, warnings=found.warnings, extension=found.extension)


def _check_length(text: str, found: Interpretation) -> None:
    digits = len(found.number) - 1 if found.number.startswith("+") else None
    if digits is not None and not _SHORTEST_E164 <= digits <= _LONGEST_E164:
        reason = (
            f"a number with its country code has {_SHORTEST_E164} to {_LONGEST_E164} digits, "
            f"not {digits}"
        )
        raise NumberError(reason, text=text)
    if len(found.number) > _LONGEST:
        raise NumberError(f"no number has {len(found.number)} digits", text=text)


def _lost(found: Interpretation, after_answer: str, extensions: Extensions) -> tuple[str, ...]:
    """Warnings for what cannot be dialled: SIPTAPI sends no DTMF."""
    lost: tuple[str, ...] = ()
    if found.extension and extensions is Extensions.DROP:
        lost = (f"extension {found.extension} is not dialled: SIPTAPI sends no tones",)
    if after_answer and extensions is not Extensions.POSTD:
        lost = (*lost, f"{after_answer} after the pause is not dialled: SIPTAPI sends no tones")
    return lost


def _explain_sip(
    text: str, uri: SipUri, warnings: tuple[str, ...], rules: NumberRules
) -> Explanation:
    decision, rule = decide_address(uri, rules)
    return Explanation(
        input=text,
        kind=Kind.URI,
        e164=None,
        formatted=str(uri),
        dialled=uri,
        number=None,
        decision=decision,
        rule=rule,
        steps=(Step("read as", f"the address {uri}"),),
        warnings=warnings,
    )
