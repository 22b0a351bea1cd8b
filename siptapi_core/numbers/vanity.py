"""Numbers spelt in letters: ``1-800-FLOWERS``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from siptapi_core.numbers.reading import Reading
from siptapi_core.numbers.runs import digits_of
from siptapi_core.numbers.words import EXTENSION_WORDS, LABEL_WORDS, keyed

_spelt = re.compile(
    r"(?P<prefix>[0-9\s()\[\].+\-/]*[0-9](?P<link>[)\].\-/\s]*))(?P<letters>[A-Z][0-9A-Z\s()\-.']*)",
    re.IGNORECASE,
).match
_letters = re.compile(r"[A-Z]", re.IGNORECASE)
_FEWEST_LETTERS = 3
_FEWEST_DIGITS = 3
_freephone = re.compile(
    r"1?8(?:00|33|44|55|66|77|88)[0-9]{0,4}|0[89]00|1[38]00|[1-9][0-9]{0,2}[89]00"
).fullmatch
_from_north_america = re.compile(r"[\s(]*1[\s.\-/(]+8[0-9]{2}").match
_NORTH_AMERICAN_DIGITS = 11


def is_freephone(digits: str) -> bool:
    """Whether ``digits``, which stand before letters, are those that vanity numbers begin with."""
    return _freephone(digits) is not None


def vanity_readings(text: str) -> Iterator[Reading]:
    """What ``text``, digits and then letters, may mean as a number; nothing where it is prose.

    A North American number may be spelt longer than it is: what is too much is not dialled.
    """
    match = _spelt(text)
    if match is None or len(_letters.findall(match["letters"])) < _FEWEST_LETTERS:
        return
    if not (LABEL_WORDS | EXTENSION_WORDS).isdisjoint(match["letters"].lower().split()):
        return
    prefix = digits_of(match["prefix"])
    freephone = is_freephone(prefix)
    if len(prefix) < _FEWEST_DIGITS or not (freephone or match["link"].strip()):
        return
    international = "+" in match["prefix"]
    digits = digits_of(keyed(match[0]))
    length = _NORTH_AMERICAN_DIGITS if digits.startswith("1") else _NORTH_AMERICAN_DIGITS - 1
    for spelt in (digits, digits[:length]):
        yield Reading(spelt, international, doubtful=True)
    if freephone and _from_north_america(match["prefix"]):
        warning = "the 1 is taken for the country code of North America"
        yield Reading(digits[:length], True, warnings=(warning,), doubtful=True)
