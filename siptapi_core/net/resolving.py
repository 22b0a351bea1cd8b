"""Asks a line's resolvers, step by step, until a name has become addresses or a number a URI.

Each resolver knows one kind of step (NAPTR, SRV, A, ENUM) and nothing of the others; the chain
asks them in the order of the settings, follows what they answer, and makes sure that it ends::

    sip:example.net ──naptr──> SrvName ──srv──┬──> HostPort ──a──> Address, Address
                                              └──> HostPort ──a──> (failed: the others count)
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence

from attrs import frozen

from siptapi_core.contracts import Clock, ResolveContext, Resolved, Resolver
from siptapi_core.errors import ResolveError
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Number, Target

LIMIT_SECONDS = 10.0
MAXIMUM_DEPTH = 8
"""RFC 3263 needs three steps, ENUM with non-terminal rules a few more."""
MAXIMUM_STEPS = 50
MAXIMUM_REASONS = 3
"""How many failures an error names; the trace has them all."""


class StepOutcome(enum.StrEnum):
    """What became of one step of a chain."""

    RESOLVED = "resolved"
    NOTHING = "nothing"
    """A resolver knows for sure that there is nothing."""
    FAILED = "failed"
    UNCLAIMED = "unclaimed"
    """No resolver of the line does this kind of step."""
    DROPPED = "dropped"
    """Not followed: it was followed before, or a limit was reached."""


@frozen(kw_only=True)
class ResolutionStep:
    """One step, for people who ask why a call goes where it goes.

    ``resolver`` is the name of the one that took the step, "" where none did; ``ttl`` seconds;
    ``temporary`` says of a failure that the same step may work later.
    """

    target: Target
    outcome: StepOutcome
    why: str
    resolver: str = ""
    targets: tuple[Target, ...] = ()
    ttl: float | None = None
    temporary: bool = False


class ResolverChain:
    """The resolvers of one line, by name, in the order they are asked.

    The first that does not answer None has taken the step: its failure is the step's failure.
    A resolver that breaks its contract fails the step too, and nothing else. ``limit_seconds`` is
    for all steps together; when it is over, what was found until then is the result.
    """

    def __init__(
        self,
        resolvers: Sequence[tuple[str, Resolver]],
        *,
        line: str,
        clock: Clock,
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        self._resolvers = tuple(resolvers)
        self._line = line
        self._clock = clock
        self._limit_seconds = limit_seconds

    async def next_hop(
        self, uri: SipUri, trace: list[ResolutionStep] | None = None
    ) -> tuple[Address, ...]:
        """Where to send what is for ``uri``, in the order to be tried (RFC 3263 section 4).

        One branch that fails does not keep the others from being tried. Each step is appended to
        ``trace`` as it is made.

        Raises:
            ResolveError: no address was found; ``temporary`` where any step may work later.
        """
        deadline = self._clock.monotonic() + self._limit_seconds
        steps = [] if trace is None else trace
        missed: list[ResolutionStep] = []
        found: dict[Address, None] = {}
        seen: set[Target] = set()
        pending: list[tuple[Target, int]] = [(uri, 0)]
        while pending:
            target, depth = pending.pop()
            if isinstance(target, Address):
                found[target] = None
                continue
            step = _reached_limit(target, depth, seen)
            if step is None:
                seen.add(target)
                step = await self._step(target, deadline)
            steps.append(step)
            if not step.targets:
                missed.append(step)
            pending.extend((further, depth + 1) for further in reversed(step.targets))
        if not found:
            reasons = list(dict.fromkeys(step.why for step in missed))
            raise ResolveError(
                f"{uri}: {'; '.join(reasons[:MAXIMUM_REASONS])}",
                temporary=any(step.temporary for step in missed),
            )
        return tuple(found)

    async def callee(
        self, number: Number, trace: list[ResolutionStep] | None = None
    ) -> Number | SipUri:
        """What the phone is asked to call for ``number``: a SIP URI, or a number.

        A number that no resolver knows, or whose look-up fails, is called as it is: the look-up
        is a short cut, and the way without it is still there. ``trace`` says what happened.
        """
        deadline = self._clock.monotonic() + self._limit_seconds
        steps = [] if trace is None else trace
        callee: Number | SipUri = number
        seen: set[Target] = set()
        while isinstance(callee, Number):
            step = _reached_limit(callee, len(seen), seen)
            if step is None:
                seen.add(callee)
                step = await self._step(callee, deadline)
            steps.append(step)
            if step.outcome is StepOutcome.DROPPED:
                return number
            further = [target for target in step.targets if isinstance(target, Number | SipUri)]
            if not further:
                break
            callee = further[0]
        return callee

    async def _step(self, target: Target, deadline: float) -> ResolutionStep:
        for name, resolver in self._resolvers:
            try:
                resolved = await self._ask(name, resolver, target, deadline)
            except ResolveError as error:
                return ResolutionStep(
                    target=target,
                    outcome=StepOutcome.FAILED,
                    why=str(error),
                    resolver=name,
                    temporary=error.temporary,
                )
            if resolved is not None:
                return ResolutionStep(
                    target=target,
                    outcome=StepOutcome.RESOLVED if resolved.targets else StepOutcome.NOTHING,
                    why=resolved.why,
                    resolver=name,
                    targets=resolved.targets,
                    ttl=resolved.ttl,
                )
        names = ", ".join(name for name, _ in self._resolvers) or "none"
        return ResolutionStep(
            target=target,
            outcome=StepOutcome.UNCLAIMED,
            why=f"no resolver of line {self._line!r} can resolve {target} (it has {names})",
        )

    async def _ask(
        self, name: str, resolver: Resolver, target: Target, deadline: float
    ) -> Resolved | None:
        seconds_left = deadline - self._clock.monotonic()
        if seconds_left <= 0:
            raise self._too_late(target)
        context = ResolveContext(line=self._line, seconds_left=seconds_left)
        limit = asyncio.timeout(seconds_left)
        try:
            async with limit:
                resolved = await resolver.resolve(target, context)
            _check(resolved)
        except ResolveError:
            raise
        except Exception as error:
            if limit.expired():
                raise self._too_late(target) from error
            raise ResolveError(f"resolver {name!r} is broken: {error!r}") from error
        return resolved

    def _too_late(self, target: Target) -> ResolveError:
        return ResolveError(
            f"{target} was not resolved within {self._limit_seconds:g} s", temporary=True
        )


def _check(resolved: object) -> None:
    if resolved is None:
        return
    if not isinstance(resolved, Resolved):
        raise TypeError(f"it answered {resolved!r}, neither Resolved nor None")
    for target in resolved.targets:
        if not isinstance(target, Target):
            raise TypeError(f"{target!r} is no target")


def _reached_limit(target: Target, depth: int, seen: set[Target]) -> ResolutionStep | None:
    if target in seen:
        why = f"{target} was followed before"
    elif depth >= MAXIMUM_DEPTH:
        why = f"{target} is more than {MAXIMUM_DEPTH} steps away"
    elif len(seen) >= MAXIMUM_STEPS:
        why = f"{target} is left out after {MAXIMUM_STEPS} steps"
    else:
        return None
    return ResolutionStep(target=target, outcome=StepOutcome.DROPPED, why=why)
