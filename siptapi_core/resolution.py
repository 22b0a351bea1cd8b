"""How a name became addresses, or a number a URI: each step, for people who ask why."""

from __future__ import annotations

import enum

from siptapi_core.sip.uri import Uri
from siptapi_core.targets import Address, Target
from siptapi_core.values import Value


class StepOutcome(enum.StrEnum):
    """What became of one step of a chain."""

    RESOLVED = "resolved"
    NOTHING = "nothing"
    """A resolver knows for sure that there is nothing."""
    PASSED_ON = "passed_on"
    """A resolver looked, and left the step to the next one."""
    FAILED = "failed"
    UNCLAIMED = "unclaimed"
    """No resolver of the line does this kind of step."""
    DROPPED = "dropped"
    """Not followed: it was followed before, or a limit was reached."""


class ResolutionStep(Value, kw_only=True):
    """One step. ``resolver`` is the name of the one that took it, "" where none did.

    ``ttl`` is seconds; ``temporary`` says of a failure that the same step may work later.
    """

    target: Target
    outcome: StepOutcome
    why: str
    resolver: str = ""
    targets: tuple[Target, ...] = ()
    ttl: float | None = None
    temporary: bool = False


class Resolution(Value, kw_only=True):
    """Where requests for ``target`` would be sent: ``addresses``, in the order to be tried.

    For a number, ``callee`` is what the phone would be asked to call. ``addresses`` lead there
    where a resolver found it, else to the line's own proxy. ``problem`` is why there is no
    address, "" where there is one.
    """

    target: str
    line: str
    steps: tuple[ResolutionStep, ...]
    addresses: tuple[Address, ...] = ()
    callee: Uri | None = None
    problem: str = ""

    def to_json(self) -> dict[str, object]:
        """The resolution in plain values, for every front end that speaks JSON."""
        return {
            "target": self.target,
            "line": self.line,
            "callee": None if self.callee is None else str(self.callee),
            "steps": [
                {
                    "target": str(step.target),
                    "resolver": step.resolver,
                    "outcome": str(step.outcome),
                    "why": step.why,
                    "targets": [str(target) for target in step.targets],
                    "ttl": step.ttl,
                }
                for step in self.steps
            ],
            "addresses": [
                {
                    "host": address.host,
                    "port": address.port,
                    "transport": str(address.transport),
                    "verify_name": address.verify_name,
                }
                for address in self.addresses
            ],
            "problem": self.problem,
        }
