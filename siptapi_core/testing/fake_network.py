"""A network that sends nothing: it keeps the plans, and tells a story about each call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from functools import partial

from siptapi_core.contracts import Attempt, Capability, Planning
from siptapi_core.errors import (
    NetworkError,
    RefusedError,
    ResolveError,
    SiptapiError,
)
from siptapi_core.events import (
    AttemptHappening,
    CalleeAnswered,
    CalleeTrying,
    CallEnded,
    CallFailed,
    Disturbed,
    HandedOver,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    ReferAccepted,
    Stage,
)
from siptapi_core.machine.refer_plan import ReferPlan
from siptapi_core.sip.uri import SipUri, Uri
from siptapi_core.targets import Address, HostPort

ANSWERED: tuple[AttemptHappening, ...] = (
    PhoneCalling(),
    PhoneRinging(),
    PhoneAnswered(),
    ReferAccepted(),
    CalleeTrying(),
    CalleeAnswered(),
    HandedOver(),
    CallEnded(Outcome.ANSWERED, Stage.CALLEE),
)
"""The story of a call that went well."""

PHONE_BUSY: tuple[AttemptHappening, ...] = (
    PhoneCalling(),
    CallFailed(Stage.PHONE, 486, "Busy Here", Disturbed.NO),
    CallEnded(Outcome.BUSY, Stage.PHONE),
)
"""The story of a call that ended before anything rang."""

MAPPED = Address("198.51.100.1", 40000)
"""Where a NAT shows us."""


class FakeNetwork:
    """`siptapi_core.Network` for tests of strategies.

    ``plans`` are those that were executed, in order; each call goes as ``story`` tells. Every
    name leads to ``addresses``; without any, there is no such name. STUN servers see us at
    ``mapped``, None: they do not answer.
    """

    def __init__(
        self,
        story: Iterable[AttemptHappening] = ANSWERED,
        *,
        addresses: Iterable[Address] = (Address("192.0.2.1", 5060),),
        mapped: Address | None = MAPPED,
    ) -> None:
        self.plans: list[ReferPlan] = []
        self._story = tuple(story)
        self._addresses = tuple(addresses)
        self._mapped = mapped

    def refer_call(self, plan: ReferPlan | Planning) -> Attempt:
        """Keep the plan, once it is made, and begin the story."""
        if isinstance(plan, ReferPlan):
            self.plans.append(plan)
            return FakeAttempt(self._story)
        return FakeAttempt(self._story, before=partial(self._keep, plan))

    async def _keep(self, planning: Planning) -> None:
        self.plans.append(await planning())

    async def next_hop(self, uri: SipUri) -> tuple[Address, ...]:
        """The addresses that the test gave.

        Raises:
            ResolveError: it gave none.
        """
        if not self._addresses:
            raise ResolveError(f"there is no {uri.host}")
        return self._addresses

    async def mapped_address(
        self,
        towards: SipUri,  # noqa: ARG002  # as the contract has it
        servers: Sequence[HostPort],
        *,
        refresh: float,  # noqa: ARG002
    ) -> Address:
        """The address that the test gave.

        Raises:
            NetworkError: it gave none.
        """
        if self._mapped is None:
            raise NetworkError(f"no answer from {', '.join(map(str, servers))}")
        return self._mapped


class FakeAttempt:
    """`siptapi_core.Attempt` that tells a story, one happening each time the loop comes round.

    ``before`` is waited for first; a `SiptapiError` of its is the attempt's failure. A transfer
    is kept in ``transfers`` and changes nothing.
    """

    capabilities = frozenset(Capability)

    def __init__(
        self,
        story: Iterable[AttemptHappening] = ANSWERED,
        *,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._rest = list(story)
        self.transfers: list[Uri] = []
        self._before = before
        self._handed_over = False

    async def events(self) -> AsyncIterator[AttemptHappening]:
        """The rest of the story; after a hang-up only that it was cancelled."""
        if self._before is not None:
            try:
                await self._before()
            except SiptapiError as error:
                self._rest = [
                    CallFailed(Stage.PROXY, None, str(error), Disturbed.NO),
                    CallEnded(Outcome.FAILED, Stage.PROXY),
                ]
        while self._rest:
            happening = self._rest.pop(0)
            self._handed_over |= isinstance(happening, HandedOver)
            yield happening
            await asyncio.sleep(0)

    async def hang_up(self) -> None:
        """Cut the story short.

        Raises:
            RefusedError: it is past the hand-over.
        """
        if self._handed_over:
            raise RefusedError("the call was handed over; the phones hold it")
        self._before = None
        if self._rest:
            self._rest = [CallEnded(Outcome.CANCELLED, Stage.PHONE)]

    async def transfer(self, to: Uri) -> None:
        """Keep it.

        Raises:
            RefusedError: it is past the hand-over, or its end.
        """
        if self._handed_over or not self._rest:
            raise RefusedError("nobody is held any more")
        self.transfers.append(to)
