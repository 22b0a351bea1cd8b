"""The resolver ``enum``: the SIP address of a number in E.164, by NAPTR records (RFC 6116).

Anybody may hold a record, so nothing in it is trusted: its pattern runs in bounded time and
space, and it may lead to a ``sip:``, ``sips:`` or global ``tel:`` URI and nowhere else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from attrs import Attribute, field, frozen

from siptapi_core import (
    MessageError,
    Number,
    Offer,
    PassedOn,
    ResolveContext,
    Resolved,
    ResolveError,
    SipUri,
    Target,
    TelUri,
    check_pattern_size,
    hookimpl,
    parse_uri,
)

if TYPE_CHECKING:
    from siptapi_core import DnsClient, NaptrRecord

MAXIMUM_RULES = 5
"""How many non-terminal rules are followed for one number (RFC 6116 section 5.2.1)."""
MAXIMUM_RECORDS = 20
"""How many records of one name are looked at."""
PATTERN_SECONDS = 0.01

_SCHEMES = {
    "sip": ("sip", "sips"),
    "pstn:sip": ("sip", "sips"),
    "tel": ("tel",),
    "pstn:tel": ("tel",),
    "voice:tel": ("tel",),
}
# Compiled when first used: few calls ask for this resolver.
_E164 = r"\+[1-9][0-9]{1,14}"
_SUFFIX = r"(?i)[a-z0-9_\-]+(?:\.[a-z0-9_\-]+)*\.?"
_EXTENDED_EXPRESSION = (
    r"(?:[^\\{(]|\\[^A-Za-z0-9]|\\[dDsSwW]|\((?!\?)|\{[0-9]{1,3}(?:,[0-9]{0,3})?\})*+"
)


def _check_suffixes(_instance: Any, _attribute: Attribute[Any], value: tuple[str, ...]) -> None:
    if not value or not all(re.fullmatch(_SUFFIX, each) for each in value):
        raise ValueError("expected at least one domain name, such as e164.arpa")


@frozen(kw_only=True)
class EnumSettings:
    """The section ``[resolvers.enum]``."""

    suffixes: tuple[str, ...] = field(
        default=("e164.arpa",),
        validator=_check_suffixes,
        metadata={"help": "the trees to look numbers up in, in this order; private ones too"},
    )


class Unusable(Exception):  # noqa: N818  # no error: other records may do
    """A record leads nowhere; the words say why."""


class EnumResolver:
    """Looks a number up in each tree, until one has a record that can be used."""

    def __init__(self, settings: EnumSettings, dns: DnsClient) -> None:
        self._suffixes = settings.suffixes
        self._dns = dns

    async def resolve(self, target: Target, context: ResolveContext) -> Resolved | PassedOn | None:
        """Resolve a `Number` that has a form in E.164 to SIP URIs, or to another `Number`.

        Raises:
            ResolveError: no tree has an entry, and one could not be asked.
        """
        if not isinstance(target, Number) or not re.fullmatch(_E164, target.e164 or ""):
            return None
        walks = [_Walk(self._dns, target.e164 or "", context) for _ in self._suffixes]
        for walk, suffix in zip(walks, self._suffixes, strict=True):
            found = await walk.follow(f"{'.'.join(reversed(walk.number[1:]))}.{suffix}")
            if found is not None:
                own = isinstance(found, Number) and found.e164 == target.e164
                words = [*walk.words, "which is the number itself"] if own else walk.words
                targets = () if own else (found,)
                return Resolved(targets=targets, why="; ".join(words), ttl=walk.ttl)
        why = "; ".join(words for walk in walks for words in walk.words)
        if any(walk.failed for walk in walks):
            raise ResolveError(why, temporary=True)
        ttls = [walk.ttl for walk in walks if walk.ttl is not None]
        return PassedOn(why=why, ttl=min(ttls, default=None))


class _Walk:
    """The way through one tree, from rule to rule; ``words`` tell what was seen on it."""

    def __init__(self, dns: DnsClient, number: str, context: ResolveContext) -> None:
        self.number = number
        self.words: list[str] = []
        self.ttl: float | None = None
        self.failed = False
        self._dns = dns
        self._context = context
        self._seen: set[str] = set()

    async def follow(self, name: str) -> SipUri | Number | None:
        """What the records of ``name`` lead to, in their order."""
        self._seen.add(name.lower())
        try:
            answer = await self._dns.naptr(name, self._context.seconds_left)
        except ResolveError as error:
            self.failed = True
            self.words.append(str(error))
            return None
        if answer.ttl is not None:
            self.ttl = min(answer.ttl, math.inf if self.ttl is None else self.ttl)
        if not answer.records:
            self.words.append(answer.why)
        for record in answer.records[:MAXIMUM_RECORDS]:
            try:
                step = _apply(record, self.number)
                if isinstance(step, str):
                    self._check_rule(step)
            except Unusable as unusable:
                self.words.append(f"{record} (dropped: {unusable})")
                continue
            self.words.append(f"{name}: {record}")
            found = await self.follow(step) if isinstance(step, str) else step
            if found is not None:
                return found
        return None

    def _check_rule(self, name: str) -> None:
        if name.lower() in self._seen:
            raise Unusable("it leads back to where we were")
        if len(self._seen) > MAXIMUM_RULES:
            raise Unusable(f"after {MAXIMUM_RULES} rules that lead to others")


def _apply(record: NaptrRecord, number: str) -> SipUri | Number | str:
    """What ``record`` makes of ``number``; text is the name whose records come next.

    Raises:
        Unusable: nothing; the words say why.
    """
    if not record.flags:
        if record.regexp or not record.replacement:
            raise Unusable("it names no further records")
        return record.replacement
    if record.flags.lower() != "u":
        raise Unusable(f"its flag is {record.flags!r}, not u")
    schemes = [scheme for each in _services(record.services) for scheme in _SCHEMES.get(each, ())]
    if not schemes:
        raise Unusable("no service that we can call")
    text = _substitute(record.regexp, number)
    try:
        uri = parse_uri(text)
    except MessageError as error:
        raise Unusable(str(error)) from None
    scheme, _, _ = text.partition(":")
    if scheme.lower() not in schemes:
        raise Unusable(f"its service does not go with {scheme}:")
    if isinstance(uri, SipUri):
        return uri
    digits = re.sub(r"[\-.()]", "", uri.number) if isinstance(uri, TelUri) else ""
    if not re.fullmatch(_E164, digits):
        raise Unusable(f"{uri} is no number in E.164")
    return Number(digits, digits)


def _services(text: str) -> Iterator[str]:
    """The services of ``E2U+sip+voice:tel``, and of ``sip+E2U`` as RFC 2916 had it."""
    first, *rest = text.lower().split("+")
    if first == "e2u":
        yield from rest
    elif rest == ["e2u"]:
        yield first


def _substitute(rule: str, number: str) -> str:
    """Apply ``!pattern!replacement!flags`` to ``number`` (RFC 3402 section 3.2).

    The replacement is the whole result, as everybody reads it: patterns are anchored.
    """
    if not rule or rule[0] in "0123456789\\i" or "\ufffd" in rule:
        raise Unusable(f"{rule!r} is no substitution")
    delimiter = re.escape(rule[0])
    part = rf"((?:\\.|(?!{delimiter}|\\).)*+)"
    match = re.fullmatch(f"{delimiter}{part}{delimiter}{part}{delimiter}(i?)", rule, re.DOTALL)
    if match is None:
        raise Unusable(f"{rule!r} is no substitution")
    pattern, replacement = (
        # The delimiter stands for itself in either part once its backslash is gone.
        re.sub(rf"\\({delimiter})", r"\1", each)
        for each in match.group(1, 2)
    )
    groups = _match(pattern, number, ignore_case=bool(match[3]))
    try:
        return re.sub(
            r"\\(?:([1-9])|(.))",
            lambda each: (groups[int(each[1]) - 1] or "") if each[1] else each[2],
            replacement,
            flags=re.DOTALL,
        )
    except IndexError:
        raise Unusable(f"{rule!r} refers to a group that its pattern lacks") from None


def _match(pattern: str, number: str, *, ignore_case: bool) -> tuple[str | None, ...]:
    """The groups of ``pattern``, an extended regular expression of POSIX, in ``number``.

    `regex` matches within a time limit; what its patterns have beyond POSIX is refused.
    """
    import regex  # type: ignore[import-untyped]  # noqa: PLC0415  # 20 ms

    if re.fullmatch(_EXTENDED_EXPRESSION, pattern) is None:
        raise Unusable(f"{pattern!r} is no pattern for a number")
    try:
        check_pattern_size(pattern)
    except ValueError as error:
        raise Unusable(str(error)) from None
    flags = regex.POSIX | (regex.IGNORECASE if ignore_case else 0)
    try:
        match = regex.compile(pattern, flags).search(number, timeout=PATTERN_SECONDS)
    except (regex.error, TimeoutError, OverflowError, RecursionError) as error:
        words = "takes too long" if isinstance(error, TimeoutError) else str(error)
        raise Unusable(f"{pattern!r}: {words}") from None
    if match is None:
        raise Unusable(f"{pattern!r} does not match {number}")
    return tuple(match.groups())


@hookimpl
def siptapi_resolvers() -> Iterable[Offer[EnumSettings, EnumResolver]]:
    """Offer ``enum``."""
    return [
        Offer(
            name="enum",
            summary="ENUM: the SIP addresses that the holders of numbers published",
            settings=EnumSettings,
            create=lambda settings, context: EnumResolver(settings, context.dns),
        )
    ]
