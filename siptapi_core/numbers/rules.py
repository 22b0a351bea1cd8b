"""The rules for numbers, as the settings give them: per installation, and per line over that."""

from __future__ import annotations

import enum
from collections.abc import Callable

from attrs import Attribute, field, frozen

from siptapi_core.numbers.emergency import known_regions
from siptapi_core.numbers.patterns import check_pattern, check_replacement
from siptapi_core.values import Compared

_Check = Callable[[object, "Attribute[str]", str], None]


class DialAs(enum.StrEnum):
    """How a number is written into the Refer-To."""

    DIGITS = "digits"
    """As a person keys it in: ``sip:01505641@domain``, abroad with the international prefix."""
    E164 = "e164"
    """``sip:+431505641@domain``."""
    USER_PHONE = "user-phone"
    """``sip:+431505641@domain;user=phone`` (RFC 3261 section 19.1.6)."""
    TEL = "tel"
    """``tel:+431505641`` (RFC 3966); many PBXs refuse it."""


class Extensions(enum.StrEnum):
    """What becomes of an extension, or of digits after a pause, that the number cannot hold."""

    DROP = "drop"
    """Left out, with a warning: SIPTAPI sends no DTMF."""
    EXT = "ext"
    """``;ext=12`` (RFC 3966 section 5.3)."""
    POSTD = "postd"
    """``;postd=pp12``: a pause of two seconds, then the digits (RFC 2806 section 2.2)."""


class Category(enum.StrEnum):
    """Kinds of number that `NumberRules.deny` and `NumberRules.confirm` know by name."""

    INTERNATIONAL = "international"
    """Not of the region, whatever its country code (Jamaica is not the US)."""
    PREMIUM = "premium"
    """Premium rate, directory enquiries (118...) among it."""
    SHARED_COST = "shared-cost"
    MOBILE = "mobile"
    SERVICE = "service"
    """Short codes of the network, such as 11833; and feature codes, such as ``*21#``."""
    URI = "uri"
    """A ``sip:`` or ``sips:`` address."""


def _at_most(longest: int, characters: str, expected: str) -> _Check:
    def check(_instance: object, _attribute: Attribute[str], value: str) -> None:
        if len(value) > longest or not set(value) <= set(characters):
            raise ValueError(f"expected at most {longest} {expected}, not {value!r}")

    return check


_check_digits = _at_most(8, "0123456789*#", "digits, * or #, or a +")


def _check_international_prefix(instance: object, attribute: Attribute[str], value: str) -> None:
    if value != "+":
        _check_digits(instance, attribute, value)


def _check_region(_instance: object, _attribute: Attribute[str], value: str) -> None:
    if value and value not in known_regions():
        instead = "; it is GB" if value == "UK" else ""
        raise ValueError(
            f"expected a country's two letters, as AT, DE or US, not {value!r}{instead}"
        )


def _check_lengths(
    _instance: object, _attribute: Attribute[tuple[int, ...]], value: tuple[int, ...]
) -> None:
    for length in value:
        if not 1 <= length <= _LONGEST_INTERNAL:
            raise ValueError(f"expected lengths from 1 to {_LONGEST_INTERNAL}, not {length}")


def _check_patterns(
    _instance: object, _attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]
) -> None:
    for pattern in value:
        check_pattern(pattern)


def _check_restrictions(
    _instance: object, _attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]
) -> None:
    for entry in value:
        if not entry.replace("-", "").isalpha():
            check_pattern(entry)
        elif entry not in set(Category):
            raise ValueError(f"{entry!r} is none of {', '.join(Category)}, and no pattern")


_LONGEST_INTERNAL = 8


@frozen(kw_only=True, eq=False, repr=False)
class Rewrite(Compared):
    r"""One rewrite: what ``match`` finds first in the number becomes ``replace``.

    The number is ``+431505641`` where it is known internationally, else its digits. ``replace``
    may refer to groups as ``\1`` or ``\g<name>``.
    """

    match: str = field(metadata={"help": "a regular expression, searched in +431505641 or 305"})
    replace: str = field(metadata={"help": r"what it becomes; \1 is the first group"})
    line: str = field(default="", metadata={"help": "only on the line of this name"})
    stop: bool = field(default=False, metadata={"help": "no further rewrite after this one"})

    @match.validator
    def _check_match(self, _attribute: Attribute[str], value: str) -> None:
        check_pattern(value)

    @replace.validator
    def _check_replace(self, _attribute: Attribute[str], value: str) -> None:
        check_replacement(self.match, value)


@frozen(kw_only=True, repr=False, cache_hash=True)
class NumberRules(Compared):
    """How numbers are read, rewritten, judged and dialled.

    Raises:
        ValueError: a value cannot be; the words say what was expected.
    """

    region: str = field(
        default="",
        validator=_check_region,
        metadata={"help": "the country whose national numbers are meant, as AT, DE or US"},
    )
    area_code: str = field(
        default="",
        validator=_at_most(8, "0123456789", "digits"),
        metadata={"help": "put before local numbers, as 1 or 01 for Vienna"},
    )
    outside_prefix: str = field(
        default="",
        validator=_at_most(4, "0123456789*#", "digits, * or #"),
        metadata={
            "help": "dialled before every number that is not internal, an emergency or a * code"
        },
    )
    international_prefix: str = field(
        default="",
        validator=_check_international_prefix,
        metadata={
            "help": 'what "digits" dials for the + of other countries; '
            "left out: the region's own, as 00 or 011"
        },
    )
    internal_lengths: tuple[int, ...] = field(
        default=(),
        validator=_check_lengths,
        metadata={
            "help": "how many digits internal extensions have; left out, with no "
            "internal_patterns: up to 4 digits that are no short code of the region"
        },
    )
    internal_patterns: tuple[str, ...] = field(
        default=(),
        validator=_check_patterns,
        metadata={"help": "regular expressions that internal extensions match as a whole"},
    )
    rewrites: tuple[Rewrite, ...] = field(
        default=(),
        metadata={"help": "applied in order, each once; never to emergency numbers"},
    )
    deny: tuple[str, ...] = field(
        default=(),
        validator=_check_restrictions,
        metadata={
            "help": f"never dialled: {', '.join(Category)}, or regular expressions searched "
            "in +431505641 or in the digits"
        },
    )
    confirm: tuple[str, ...] = field(
        default=(),
        validator=_check_restrictions,
        metadata={"help": "dialled only when the user says yes; entries as in deny"},
    )
    dial_as: DialAs | None = field(
        default=None,
        metadata={
            "help": "digits, e164 (+431505641), user-phone (the same with ;user=phone) or tel; "
            "left out: digits where a prefix is set, else e164"
        },
    )
    extensions: Extensions = field(
        default=Extensions.DROP,
        metadata={
            "help": "an extension where the country's numbers do not hold it: drop, ext "
            "(;ext=12) or postd (;postd=pp12)"
        },
    )

    def __attrs_post_init__(self) -> None:
        """Refuse what can only be judged together."""
        categories = {Category.INTERNATIONAL, Category.PREMIUM, Category.SHARED_COST}
        judged = (categories | {Category.MOBILE}).intersection((*self.deny, *self.confirm))
        if judged and not self.region:
            raise ValueError(f"{', '.join(sorted(judged))} cannot be told without a region: set it")

    @property
    def says_what_is_internal(self) -> bool:
        """Whether extensions are known by these rules, and need not be guessed."""
        return bool(self.internal_lengths or self.internal_patterns)

    @property
    def form(self) -> DialAs:
        """``dial_as``, or what stands for it where it is left out."""
        if self.dial_as is not None:
            return self.dial_as
        prefixed = self.outside_prefix or self.international_prefix not in {"", "+"}
        return DialAs.DIGITS if prefixed else DialAs.E164
