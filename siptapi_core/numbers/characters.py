"""What people paste, character by character, as what it means: a full-width 4 is a 4."""

from __future__ import annotations

import unicodedata

_LOOK_ALIKES = {
    "+": "➕",  # noqa: RUF001
    "-": "−ーｰ〜～⁓∼˗⁻₋",  # noqa: RUF001  # dashes that Unicode does not class as such
    ".": "·•‧・･∙⋅。｡․٫",  # noqa: RUF001
    "/": "⁄∕⧸╱",  # noqa: RUF001
    "*": "∗✱✲⁎٭",  # noqa: RUF001
    "#": "♯",
    ",": "،、､٬",
    ";": "؛;",
    "'": "’‘‛′ʼ´`“”„‟″«»‹›",  # noqa: RUF001
}
_CATEGORIES = {
    "Pd": "-",
    "Ps": "(",
    "Pe": ")",
    "Zs": " ",
    "Zl": "\n",
    "Zp": "\n",
    "Cf": " ",  # bidi marks and other invisible characters
    "Mn": " ",  # accents and emoji selectors
    "Me": " ",  # the keycap of an emoji digit
    "Mc": " ",
    "So": " ",  # pictures of telephones
    "Sk": " ",
    "Co": " ",  # icon fonts
}


class _Folding(dict[int, str]):
    """A table for `str.translate` that works out what it does not hold."""

    def __missing__(self, codepoint: int) -> str:
        character = chr(codepoint)
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            return str(digit)
        category = unicodedata.category(character)
        if category in _CATEGORIES:
            return _CATEGORIES[category]
        if category != "No":  # a superscript 2 is a footnote, not a digit
            plain = unicodedata.normalize("NFKC", character)
            if len(plain) == 1 and plain.isascii():
                return plain
        return character


_folding = _Folding(
    {ord(look_alike): plain for plain, those in _LOOK_ALIKES.items() for look_alike in those}
    | {code: chr(code) for code in range(128)}
    | {ord("\t"): " ", ord("\v"): "\n", ord("\f"): "\n", 0x85: "\n"}
)


def fold(text: str) -> str:
    """``text`` in ASCII as far as it means digits and punctuation, each character in its place.

    Digits of every script, dashes, spaces, brackets, full-width forms and invisible marks are
    folded; letters of other scripts stay.
    """
    return text.translate(_folding)
