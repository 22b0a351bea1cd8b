"""A line as the dialer uses it, and where its calls would lead."""

from __future__ import annotations

import re
from collections.abc import Callable

from siptapi_core.contracts import LineIdentity, Logger, Network
from siptapi_core.errors import DeniedError, MessageError, NumberError, ResolveError, UsageError
from siptapi_core.events import CallId
from siptapi_core.locating import is_ip_address
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.numbers import Decision, Explanation, Kind, NumberRules, explain
from siptapi_core.resolution import Resolution, ResolutionStep, StepOutcome
from siptapi_core.sip.pattern import Pattern
from siptapi_core.sip.uri import SipUri, Uri
from siptapi_core.targets import Number
from siptapi_core.values import Value

_is_host = Pattern(
    r"(?:(?:[a-z0-9_\-]+\.)+[a-z][a-z0-9_\-]*\.?|\[[0-9a-f:.]+\]|[0-9]+(?:\.[0-9]+){3}|localhost)"
    r"(?::[0-9]+)?|[a-z][a-z0-9_\-]*",
    re.IGNORECASE,
)


class Line(Value, kw_only=True):
    """A line, ``account`` being its address of record. ``identity(number)`` is it for one call.

    ``network(call, logger)`` is what a strategy may use for a call, whose steps go to ``logger``.
    ``resolvers`` lead to its servers; ``callee_resolvers`` from a number to a SIP address, None
    where numbers are dialled as they are. One that is not ``active`` makes no calls.
    """

    name: str
    account: SipUri
    identity: Callable[[str], LineIdentity]
    rules: NumberRules
    strategies: tuple[str, ...]
    network: Callable[[CallId, Logger], Network]
    resolvers: ResolverChain
    callee_resolvers: ResolverChain | None = None
    active: bool = True

    def explain(self, text: str) -> Explanation:
        """Say what would be dialled for ``text``; raises NumberError."""
        domain = str(self.account).rpartition("@")[2]
        return explain(text, self.rules, domain=domain, line=self.name)

    def looks_up(self, explanation: Explanation) -> bool:
        """Whether `callee` must be asked: never for an emergency number, which no entry diverts."""
        return (
            self.callee_resolvers is not None
            and explanation.number is not None
            and explanation.kind is not Kind.EMERGENCY
        )

    async def callee(
        self, explanation: Explanation, logger: Logger, trace: list[ResolutionStep] | None = None
    ) -> Uri:
        """What the phone is asked to call: what was found for the number, else the number itself.

        What was found must pass the line's rules as if a person had given it, because anybody may
        have put it there: else the number is called as it is.
        """
        number = explanation.number
        if self.callee_resolvers is None or number is None or not self.looks_up(explanation):
            return explanation.dialled
        steps = [] if trace is None else trace
        found = await self.callee_resolvers.callee(number, steps)
        if found == number:
            return explanation.dialled
        try:
            dialled = self._dialled(found)
        except UsageError as error:
            logger.warning("not called", found=str(found), number=str(number), why=str(error))
            dropped = StepOutcome.DROPPED
            steps.append(ResolutionStep(target=found, outcome=dropped, why=f"not called: {error}"))
            return explanation.dialled
        logger.info("callee found", number=str(number), callee=str(dialled))
        return dialled

    async def resolve(self, text: str, logger: Logger) -> Resolution:
        """Carry out `siptapi_core.commands.Resolve`.

        Raises:
            NumberError: ``text`` is neither a SIP URI nor a host nor a number.
        """
        steps: list[ResolutionStep] = []
        callee: Uri | None = None
        target = _as_uri(text.strip())
        if target is None:
            explanation = self.explain(text)
            callee = await self.callee(explanation, logger, steps)
            identity = self.identity("")
            target = identity.outbound_proxy or identity.address_of_record
            if isinstance(callee, SipUri) and callee != explanation.dialled:
                target = callee
        problem = ""
        try:
            addresses = await self.resolvers.next_hop(target, steps)
        except ResolveError as error:
            addresses, problem = (), str(error)
        return Resolution(
            target=text,
            line=self.name,
            steps=tuple(steps),
            addresses=addresses,
            callee=callee,
            problem=problem,
        )

    def _dialled(self, found: Number | SipUri) -> Uri:
        explanation = self.explain(str(found))
        if isinstance(found, SipUri) and explanation.kind is not Kind.URI:
            raise NumberError("it names nobody", text=str(found))
        if explanation.decision is not Decision.ALLOW:
            verdict = f"{explanation.decision} ({explanation.rule})"
            raise DeniedError(f"the rules of line {self.name!r} say {verdict}")
        return explanation.dialled


def _as_uri(text: str) -> SipUri | None:
    """``text`` as the SIP URI that it is or, as a host or ``user@host``, means; None: a number."""
    if not text.lower().startswith(("sip:", "sips:")):
        if is_ip_address(text):
            text = f"[{text}]" if ":" in text else text
        elif not _is_host.fullmatch(text) and "@" not in text:
            return None
        text = f"sip:{text}"
    try:
        return SipUri.parse(text)
    except MessageError as error:
        raise NumberError(str(error)) from None
