"""From a pasted text to the numbers that it may mean, the most likely first.

Only the text is looked at here, no numbering plan: where a text can be read in several ways
(``-12`` may be an extension or a part of the number) there are several `Reading` values, and
`siptapi_core.numbers.interpretation` tells which of them is a number.

What is only a number is read at once. Links and words around a number take modules that are
imported when the first such text comes, so that dialling a number need not wait for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from siptapi_core.errors import NumberError
from siptapi_core.sip.pattern import Pattern


class Reading(NamedTuple):
    """A number as it stands in a text.

    ``digits`` are 0 to 9, ``*`` and ``#``; ``international`` says that a ``+`` stood before them.
    ``extension`` was named as one; ``after_answer`` is to be keyed in once somebody answered.
    ``doubtful``: it is meant only if the numbering plan knows the number. A named tuple, as is
    all that each number makes a few of: it takes a third of the time of a `Value`.
    """

    digits: str
    international: bool = False
    extension: str = ""
    after_answer: str = ""
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    doubtful: bool = False


MAXIMUM_LENGTH = 512
"""Characters of a text that may be a number; a page pasted by mistake is longer."""

COUNTRY_CODE = "1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9][0-9]{2}"
"""Which country codes have one and two digits is settled for good (ITU-T E.164 annex D)."""

_DATE_DIGITS = 8
_only_number = Pattern(r" {0,9}\(?(\+)?\s?\(?([0-9][0-9 ().]{0,12}/?[0-9 ().\-]{0,50})", re.ASCII)
_trunk_zero = Pattern(rf" {{0,9}}\(?\+(?:{COUNTRY_CODE})[ .\-/]?(\(0\))")
_PUNCTUATION = b" ().-/"


def readings(text: str) -> Iterator[Reading]:
    """What ``text``, a number or a link to one, may mean, the most likely first.

    Raises:
        NumberError: it holds no number; why, and where in it.
    """
    if len(text) > MAXIMUM_LENGTH:
        reason = f"it is longer than {MAXIMUM_LENGTH} characters; select the number alone"
        raise NumberError(reason, text=f"{text[:20]}...")
    if ":" not in text and "%" not in text:
        return read_text(text)
    from siptapi_core.numbers import links  # noqa: PLC0415  # see above

    return links.read_link(text)


def read_text(text: str) -> Iterator[Reading]:
    """What ``text``, which is no link, may mean, the most likely first.

    Raises:
        NumberError: it holds no number; why, and where in it.
    """
    plain = text
    if not text.isascii():
        from siptapi_core.numbers import characters  # noqa: PLC0415  # see above

        plain = characters.fold(text)
    if plain.isascii() and plain.isdigit():
        yield Reading(plain)
        return
    trunk = _trunk_zero.match(plain) if "(0)" in plain else None
    if trunk is not None:
        plain = plain[: trunk.start(1)] + plain[trunk.end(1) :]
    found = _only_number.fullmatch(plain)
    if found is not None and "(0)" not in found[2]:
        digits = (
            found[2].encode().translate(None, _PUNCTUATION).decode()
        )  # text takes twice as long
        if found[1] or (len(digits) > _DATE_DIGITS and ".0" not in text[-4:]):
            yield Reading(digits, found[1] is not None)
    from siptapi_core.numbers import surroundings  # noqa: PLC0415  # see above

    yield from surroundings.read_surrounded(text)
