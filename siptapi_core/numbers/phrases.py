"""Numbers among words: ``Office 01 505641, Vienna``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from siptapi_core.errors import NumberError
from siptapi_core.numbers.reading import Reading
from siptapi_core.numbers.runs import Part, digits_of, is_certain, read_parts
from siptapi_core.numbers.vanity import is_freephone, vanity_readings
from siptapi_core.numbers.words import EXTENSION_WORDS, LABEL_WORDS

LETTER = r"[^\W\d_]"
_tone = re.compile(rf"(?<!{LETTER})[TPW](?!{LETTER})", re.IGNORECASE)
_ordinal = re.compile(rf"(?<=[0-9])\s+[0-9]\.\s+(?={LETTER})")  # 505641 2. Stock
_run = re.compile(r"[0-9\s()\[\]{}.\-/'\"_\\~+*#]+").match
_word = re.compile(rf"{LETTER}+").match
_stuck_digits = re.compile(r"[0-9]*").match
_SEPARATORS = ",;!@$?&"


class Phrase(NamedTuple):
    """A number between words, up to ``end``; ``strangers`` are unknown words before it."""

    parts: tuple[Part, ...]
    end: int
    strangers: bool

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.parts[0].start

    @property
    def digits(self) -> str:
        """All its digits."""
        return "".join(digits_of(part.text) for part in self.parts)

    @property
    def certain(self) -> bool:
        """Whether it can only be a number."""
        return is_certain("".join(part.text for part in self.parts))

    def after_strangers(self) -> Phrase:
        """What of it is the number where unknown words stand before it: ``Room 4, 505641``."""
        alone = (Phrase((part,), part.start + len(part.text), True) for part in self.parts)
        return next((phrase for phrase in alone if phrase.certain), self)


def read_phrases(text: str, line: str, extension: str) -> Iterator[Reading]:
    """Find the number in ``line`` and read it; ``extension`` was named after it.

    Raises:
        NumberError: there is none, or something stands in it that cannot.
    """
    spoken = _tone.sub(lambda tone: _read_tone(line, tone), line)
    spoken = _ordinal.sub(lambda ordinal: " " * len(ordinal[0]), spoken)
    phrases = list(_split(text, spoken))
    if not phrases:
        position = len(text) - len(text.lstrip())
        raise NumberError("there is no digit outside its words", text=text, position=position)
    phrase = next((phrase for phrase in phrases if phrase.certain), phrases[0])
    plain = read_parts(text, phrase.parts, extension)
    if phrase.strangers or phrase is not phrases[0]:
        phrase = phrase.after_strangers()
        readings = read_parts(text, phrase.parts, extension)
        plain = (each._replace(doubtful=True) for each in readings if not each.doubtful)
    before, after = line[: phrase.start].strip(), spoken[phrase.end :].strip()
    vanity = vanity_readings(line[phrase.start :]) if after else iter(())
    if is_freephone(phrase.digits):
        yield from vanity
    if after and spoken[phrase.end - 1].isdigit() and spoken[phrase.end].isalpha():  # 505641abc
        yield from vanity
        reason = f"{spoken[phrase.end]!r} cannot stand in a number"
        raise NumberError(reason, text=text, position=phrase.end)
    for reading in plain:
        yield reading._replace(
            doubtful=reading.doubtful or (after != "" and not phrase.certain),
            left_out=tuple(filter(None, (before, after))),
        )
    yield from vanity


def _read_tone(line: str, tone: re.Match[str]) -> str:
    """T and P (tone, pulse) dial nothing; W, and a p among digits, wait: TAPI, RFC 2806."""
    among_digits = re.search(r"[0-9]", line[: tone.start()]) is not None
    return "," if among_digits and tone[0] not in "Tt" else " "


def _split(text: str, line: str) -> Iterator[Phrase]:
    """Split ``line`` at its words; after a certain number and a word all else is comment."""
    parts: list[Part] = []
    strangers = False
    separator = ""
    position = end = 0
    while position < len(line):
        character = line[position]
        if (run := _run(line, position)) is not None:
            position = run.end()
            if any(digit in run[0] for digit in "0123456789"):
                parts.append(Part(separator, run[0], run.start()))
                separator, end = "", position
        elif character in _SEPARATORS:
            separator += character
            position += 1
        elif (word := _word(line, position)) is not None:
            position = word.end()
            if parts:
                phrase = Phrase(tuple(parts), end, strangers)
                yield phrase
                if phrase.certain:
                    return
                parts = []
            name = word[0].lower()
            if len(name) > 1 and name not in LABEL_WORDS and name not in EXTENSION_WORDS:
                strangers = True
                position = _stuck_digits(line, position).end()  # type: ignore[union-attr]
        else:
            raise NumberError(
                f"{character!r} cannot stand in a number", text=text, position=position
            )
    if parts:
        yield Phrase(tuple(parts), end, strangers)
