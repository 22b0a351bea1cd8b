"""Asks a line's resolvers, step by step, until a name has become addresses or a number a URI.

Each resolver knows one kind of step (NAPTR, SRV, A, ENUM) and nothing of the others; the chain
asks them in the order of the settings, follows what they answer, and makes sure that it ends::

    sip:example.net ──naptr──> SrvName ──srv──┬──> HostPort ──a──> Address, Address
                                              └──> HostPort ──a──> (failed: the others count)
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from attrs import evolve

from siptapi_core.contracts import Clock, PassedOn, ResolveContext, Resolved, Resolver
from siptapi_core.errors import ResolveError
from siptapi_core.resolution import ResolutionStep, StepOutcome
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, HostPort, Number, Target, Transport

LIMIT_SECONDS = 10.0
MAXIMUM_DEPTH = 8
"""RFC 3263 needs three steps, ENUM with non-terminal rules a few more."""
MAXIMUM_STEPS = 50
MAXIMUM_REASONS = 3
"""How many failures an error names; the trace has them all."""


class ResolverChain:
    """The resolvers of one line, by name, in the order they are asked.

    The first that answers neither None nor `PassedOn` has taken the step: its failure is the
    step's failure. A resolver that breaks its contract fails the step too, and nothing else.
    ``transports`` are those that we speak, the preferred first. ``limit_seconds`` is for all steps
    together; when it is over, what was found until then is the result.
    """

    def __init__(
        self,
        resolvers: Sequence[tuple[str, Resolver]],
        *,
        line: str,
        clock: Clock,
        transports: tuple[Transport, ...] = tuple(Transport),
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        self._resolvers = tuple(resolvers)
        self._line = line
        self._clock = clock
        self._transports = transports
        self._limit_seconds = limit_seconds

    async def next_hop(
        self, uri: SipUri | HostPort, trace: list[ResolutionStep] | None = None
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
                found[_spelt(target)] = None
                continue
            step = _reached_limit(target, depth, seen)
            if step is None:
                seen.add(target)
                step = await self._step(target, deadline, steps)
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
                step = await self._step(callee, deadline, steps)
            steps.append(step)
            if step.outcome is StepOutcome.DROPPED:
                return number
            further = [target for target in step.targets if isinstance(target, Number | SipUri)]
            if not further:
                break
            callee = further[0]
        return callee

    async def _step(
        self, target: Target, deadline: float, trace: list[ResolutionStep]
    ) -> ResolutionStep:
        """The step that was taken; those that were passed on before it are put into ``trace``."""
        passed_on: list[ResolutionStep] = []
        for name, resolver in self._resolvers:
            step = await self._asked(name, resolver, target, deadline)
            if step is None:
                continue
            if step.outcome is not StepOutcome.PASSED_ON:
                trace.extend(passed_on)
                return step
            passed_on.append(step)
        if passed_on:
            trace.extend(passed_on[:-1])
            return passed_on[-1].evolve(outcome=StepOutcome.NOTHING)
        names = ", ".join(name for name, _ in self._resolvers) or "none"
        return ResolutionStep(
            target=target,
            outcome=StepOutcome.UNCLAIMED,
            why=f"no resolver of line {self._line!r} can resolve {target} (it has {names})",
        )

    async def _asked(
        self, name: str, resolver: Resolver, target: Target, deadline: float
    ) -> ResolutionStep | None:
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
        if resolved is None:
            return None
        targets = () if isinstance(resolved, PassedOn) else resolved.targets
        outcome = StepOutcome.RESOLVED if targets else StepOutcome.NOTHING
        return ResolutionStep(
            target=target,
            outcome=StepOutcome.PASSED_ON if isinstance(resolved, PassedOn) else outcome,
            why=resolved.why,
            resolver=name,
            targets=targets,
            ttl=resolved.ttl,
        )

    async def _ask(
        self, name: str, resolver: Resolver, target: Target, deadline: float
    ) -> Resolved | PassedOn | None:
        seconds_left = deadline - self._clock.monotonic()
        if seconds_left <= 0:
            raise self._too_late(target)
        context = ResolveContext(
            line=self._line, seconds_left=seconds_left, transports=self._transports
        )
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


def _spelt(address: Address) -> Address:
    """``address`` as the system spells it where a packet comes from there."""
    if ":" in address.host:
        from ipaddress import ip_address  # noqa: PLC0415  # most addresses are IPv4

        with suppress(ValueError):
            return evolve(address, host=str(ip_address(address.host)))
    return address


def _check(resolved: object) -> None:
    if resolved is None or isinstance(resolved, PassedOn):
        return
    if not isinstance(resolved, Resolved):
        raise TypeError(f"it answered {resolved!r}, neither Resolved nor PassedOn nor None")
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
