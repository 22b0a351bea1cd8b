"""From a text to what is dialled, each step told."""

from __future__ import annotations

import functools
from collections.abc import Callable

from siptapi_core.errors import NumberError
from siptapi_core.numbers.explanation import ALLOWED, Explanation, Kind, Step, Verdict
from siptapi_core.numbers.interpretation import Interpretation, interpret
from siptapi_core.numbers.reading import Reading, readings
from siptapi_core.numbers.refer_to import refer_to
from siptapi_core.numbers.rules import Extensions, NumberRules
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Number

_LONGEST_E164 = 15
_SHORTEST_E164 = 6
_LONGEST = 32

_Rewritten = tuple[Interpretation, tuple[Step, ...]]


def explain(text: str, rules: NumberRules, *, domain: str, line: str = "") -> Explanation:
    """Say what would be dialled for ``text`` on ``line``, whose domain is ``domain``.

    ``domain`` is a host with its port, if it has one, as in a URI: ``[2001:db8::1]:5080``.

    Raises:
        NumberError: ``text`` is no number; why, and where in it.
    """
    if "@" in text or "sip" in text.lower():
        from siptapi_core.numbers import links  # noqa: PLC0415  # as in `reading`

        sip = links.read_sip(text)
        if sip is not None:
            return _explain_sip(text, *sip, rules)
    reading, found = _understood(text, rules)
    steps = [Step("read as", found.number)]
    if reading.extension and not found.extension:
        steps.append(Step("extension", f"{reading.extension} is a part of the number"))
    if reading.left_out:
        steps.append(Step("left out", ", ".join(reading.left_out)))
    if rules.rewrites and found.kind is not Kind.EMERGENCY:
        found, rewritten = _rewrite()(found, rules, line)
        steps.extend(rewritten)
    _check_length(text, found)
    decision, rule = _decide()(found, rules) if rules.deny or rules.confirm else ALLOWED
    dialled = refer_to(found, rules, domain, reading.after_answer)
    e164, planned = found.e164, found.planned
    written = dialled.user_text if isinstance(dialled, SipUri) else dialled.number
    steps.append(Step("dialled as", written))
    return Explanation(
        input=text,
        kind=found.kind,
        e164=e164,
        formatted=found.number if planned is None else planned.international,
        country=None if planned is None else planned.country,
        dialled=dialled,
        number=Number(found.number, e164),
        decision=decision,
        rule=rule,
        steps=tuple(steps),
        warnings=(
            *reading.warnings,
            *found.warnings,
            *_lost(found, reading.after_answer, rules.extensions),
        ),
    )


@functools.cache
def _rewrite() -> Callable[[Interpretation, NumberRules, str], _Rewritten]:
    from siptapi_core.numbers.rewriting import rewrite  # noqa: PLC0415  # few have any

    return rewrite


@functools.cache
def _decide() -> Callable[[Interpretation, NumberRules], Verdict]:
    from siptapi_core.numbers.restrictions import decide  # noqa: PLC0415  # few have any

    return decide


def _understood(text: str, rules: NumberRules) -> tuple[Reading, Interpretation]:
    """The reading of ``text`` that is a number as it stands, else with an assumption, else any."""
    likely: dict[bool, tuple[Reading, Interpretation]] = {}
    for reading in readings(text):
        found = interpret(reading, rules)
        if found.sure and not found.assumed:
            return reading, found
        if not reading.doubtful:
            likely.setdefault(found.assumed, (reading, found))
    if not likely:
        raise NumberError("it holds digits, but no number that is known", text=text, position=0)
    return likely.get(True) or likely[False]


def _check_length(text: str, found: Interpretation) -> None:
    digits = len(found.number)
    if found.number.startswith("+"):
        digits -= 1
        if not _SHORTEST_E164 <= digits <= _LONGEST_E164:
            reason = (
                f"a number with its country code has {_SHORTEST_E164} to {_LONGEST_E164} digits, "
                f"not {digits}"
            )
            raise NumberError(reason, text=text)
    elif digits > _LONGEST:
        raise NumberError(f"no number has {digits} digits", text=text)


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
    decision, rule = ALLOWED
    if rules.deny or rules.confirm:
        from siptapi_core.numbers import restrictions  # noqa: PLC0415  # as above

        decision, rule = restrictions.decide_address(uri, rules)
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
