"""From a run of digits and punctuation to the numbers that it may be, the most likely first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from siptapi_core.errors import NumberError
from siptapi_core.numbers.characters import fold
from siptapi_core.numbers.reading import COUNTRY_CODE, Reading


class Part(NamedTuple):
    """A run of number characters that begins at ``start``; ``separator`` stands before it."""

    separator: str
    text: str
    start: int


_CERTAIN_DIGITS = 5

_ACCESS_DIGITS = 2
"""Digits before a pause or a + that may dial an outside line."""

_trunk_zero = re.compile(r"[(\[{]\s*0\s*[)\]}]").search
_country_code = re.compile(rf"(?:00)?(?:{COUNTRY_CODE})").fullmatch
_two_endings = re.compile(
    r"(?<=[0-9])\s*-\s*(?:[0-9]{2}(\s*/\s*-?\s*[0-9]{2})|[0-9]{3}(\s*/\s*-?\s*[0-9]{3}))\s*$"
).search
_last_group = re.compile(r"[\-/]\s*([0-9]{1,5})\s*$").search
_operator = re.compile(r"(?<=[0-9])\s*[\-/]\s*0\s*$")
_hash_extension = re.compile(r"([^*#]*)#\s*([0-9]{0,6})\s*").fullmatch
_enough_digits = re.compile(rf"(?:[^0-9]*+[0-9]){{{_CERTAIN_DIGITS}}}").match
_no_digits = re.compile(r"[^0-9*#]")


def digits_of(run: str) -> str:
    """The digits, ``*`` and ``#`` of ``run``."""
    return _no_digits.sub("", run)


def is_certain(text: str) -> bool:
    """Whether there is a number in ``text`` for certain, and not a room, an age, a footnote."""
    return "+" in text or _enough_digits(text) is not None


def read_parts(text: str, parts: Sequence[Part], extension: str = "") -> Iterator[Reading]:
    """What ``parts``, with pauses between them, may mean: ``0,505641`` or ``505641,,12#``.

    ``extension`` was named after them; ``text`` is for the error.

    Raises:
        NumberError: there is a ``*`` or ``#`` inside an international number.
    """
    first = parts[0]
    if len(parts) == 1:
        yield from _read_run(text, first.text, first.start, extension)
        return

    second = parts[1]
    a_list = any(mark in second.separator for mark in "&;") or second.text[:1].isspace()

    def cut(count: int) -> Iterator[Reading]:
        head = " ".join(part.text for part in parts[:count])
        rest = "".join(part.separator + part.text for part in parts[count:])
        other = rest[1:].strip() if (a_list and is_certain(rest)) or "+" in rest else ""
        warnings = (f"{other} is another number and is left out",) if other else ()
        for reading in _read_run(text, head, first.start, extension):
            later = "" if other else digits_of(rest)
            yield reading._replace(after_answer=later, warnings=(*reading.warnings, *warnings))

    joined = _is_one_number(first, second, a_list=a_list)
    for count in range(1, len(parts) + joined):
        for reading in cut(count):
            yield reading._replace(doubtful=True)
    yield from cut(len(parts) if joined and "+" not in first.text else 1)


def _is_one_number(first: Part, second: Part, *, a_list: bool) -> bool:
    """Whether the pause between them may be one in dialling: ``0,505641``, but not ``305,,12``."""
    digits = digits_of(first.text)
    if "&" in second.separator or "+" in second.text:
        return False
    if "+" not in first.text and (len(digits) <= _ACCESS_DIGITS or digits.startswith("0")):
        return not is_certain(first.text)
    return not a_list and len(second.separator) == 1


def _read_run(text: str, run: str, start: int, extension: str) -> Iterator[Reading]:
    code = run.lstrip(" \t\n.-/'\"_\\~()[]{}")
    if code[:1] in {"*", "#"}:
        return iter([Reading(re.sub(r"[^0-9*#+]", "", code))])
    run, warnings = _with_one_plus(run)
    international = "+" in run
    ending = _hash_extension(run)
    if ending and (international or len(digits_of(ending[1])) > _CERTAIN_DIGITS):
        run, extension = ending[1], extension or ending[2]
    digits = digits_of(run)
    if digits.isdigit():
        return _endings(run, extension, warnings, international=international)
    if international:
        position = re.compile(r"[*#]").search(fold(text), start).start()  # type: ignore[union-attr]
        reason = f"{text[position]!r} cannot stand in an international number"
        raise NumberError(reason, text=text, position=position)
    return iter([Reading(digits)])


def _with_one_plus(run: str) -> tuple[str, tuple[str, ...]]:
    """``run`` with at most one ``+``, that before its number: ``0 +43 1``, ``+43 1 +43 2``."""
    head, plus, tail = run.partition("+")
    if not digits_of(tail):
        return head, ()
    if len(digits_of(head)) >= _CERTAIN_DIGITS:
        return head, (f"{plus}{tail.strip()} is another number and is left out",)
    warnings = (f"{head.strip()} before the + is left out",) if digits_of(head) else ()
    number, plus, others = tail.lstrip("+ ").partition("+")
    if plus:
        if len(digits_of(number)) < _CERTAIN_DIGITS:
            number = tail.replace("+", " ")
        else:
            warnings = (*warnings, f"+{others.strip()} is another number and is left out")
    return f"+{number}", warnings


def _endings(
    run: str, extension: str, warnings: tuple[str, ...], *, international: bool
) -> Iterator[Reading]:
    if extension:
        run = _operator.sub("", run)  # 505641-0 ext 12: the operator's 0 gives way to the 12
    digits = digits_of(run)
    if international and digits.startswith("00"):
        run, warnings = run.replace("0", "", 2), (*warnings, "the 00 after the + is left out")
        digits = digits[2:]
    reading = Reading(digits, international, extension, warnings=warnings)
    endings = _two_endings(run)
    if endings is not None:  # 505641-12/13
        other = endings[endings.lastindex or 1].strip()
        warning = f"{other} is another number's ending and is left out"
        kept = run[: endings.start(endings.lastindex or 1)]
        yield reading._replace(digits=digits_of(kept), warnings=(*warnings, warning))
    trunk = _trunk_zero(run) if international or digits.startswith("00") else None
    if trunk is not None and _country_code(digits_of(run[: trunk.start()])) is None:
        trunk = None
    if trunk is not None:
        yield reading._replace(digits=digits_of(run[: trunk.start()] + run[trunk.end() :]))
    yield reading._replace(doubtful=endings is not None or trunk is not None)
    pieces = run.split("/")
    for count in range(1, len(pieces)):
        left = "/".join(pieces[:count])
        if len(digits_of(left)) >= _CERTAIN_DIGITS:
            other = "/".join(pieces[count:]).strip()
            warning = f"{other} after the / is left out"
            yield reading._replace(
                digits=digits_of(left), warnings=(*warnings, warning), doubtful=True
            )
    group = _last_group(run)
    rest = "" if group is None else digits_of(run[: group.start()])
    if group is not None and rest and not extension:
        yield reading._replace(digits=rest, extension=group[1], doubtful=True)
