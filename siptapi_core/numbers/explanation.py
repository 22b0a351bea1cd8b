"""What becomes of a number, and why: the values that `explain` gives."""

from __future__ import annotations

import enum
from typing import NamedTuple

from siptapi_core.sip.uri import Uri
from siptapi_core.targets import Number


class Kind(enum.StrEnum):
    """What a text was read as."""

    GLOBAL = "global"
    """It names its country: ``+43 1 505641``, ``0043 1 505641``."""
    NATIONAL = "national"
    """Of the region: ``01/505641``."""
    LOCAL = "local"
    """Of the area: ``505641``."""
    INTERNAL = "internal"
    """An extension of the PBX: ``305``."""
    SERVICE = "service"
    """A short code of the network, or a feature code of the PBX: ``11833``, ``*21#``."""
    EMERGENCY = "emergency"
    URI = "uri"
    """``sip:`` or ``sips:``."""


class Decision(enum.StrEnum):
    """Whether it may be dialled. Where nobody can be asked, ``confirm`` means ``deny``."""

    ALLOW = "allow"
    CONFIRM = "confirm"
    DENY = "deny"


Verdict = tuple[Decision, str | None]
"""What is decided, and by which entry of the deny or confirm list, None where by none."""

ALLOWED: Verdict = (Decision.ALLOW, None)


class Step(NamedTuple):
    """One step on the way from the text to the Refer-To: its name, and what came out of it."""

    name: str
    result: str


class Explanation(NamedTuple):
    """What would be dialled for ``input``, and each step that led there.

    ``dialled`` is the URI for the Refer-To, ``number`` what resolvers are asked about (None for
    a URI). ``rule`` is the entry of the deny or confirm list that decided, None where none did.
    """

    input: str
    kind: Kind
    e164: str | None
    formatted: str
    dialled: Uri
    number: Number | None
    decision: Decision = Decision.ALLOW
    rule: str | None = None
    country: str | None = None
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The explanation in plain values, for every front end that speaks JSON."""
        return {
            "input": self.input,
            "kind": str(self.kind),
            "e164": self.e164,
            "country": self.country,
            "formatted": self.formatted,
            "number": None if self.number is None else self.number.digits,
            "dialled": str(self.dialled),
            "decision": str(self.decision),
            "rule": self.rule,
            "steps": [{"name": step.name, "result": step.result} for step in self.steps],
            "warnings": list(self.warnings),
        }
