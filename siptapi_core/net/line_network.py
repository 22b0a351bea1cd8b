"""What a strategy gets: the network as one line may use it, and the attempts it makes there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from attrs import evolve

from siptapi_core.contracts import Capability
from siptapi_core.errors import (
    NetworkError,
    NotSupportedError,
    RefusedError,
    ResolveError,
    SiptapiError,
)
from siptapi_core.events import (
    CallEnded,
    CallFailed,
    Disturbed,
    Happening,
    Outcome,
    Stage,
)
from siptapi_core.machine.phone_leg import Located
from siptapi_core.machine.refer_call import ReferCall
from siptapi_core.machine.refer_plan import ReferPlan
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.sip.auth import Credentials
from siptapi_core.sip.uri import SipUri, Uri
from siptapi_core.targets import Address


class LineNetwork:
    """The network of one line: its resolvers, its credentials (which no strategy ever sees)."""

    def __init__(
        self,
        network: SipNetwork,
        chain: ResolverChain,
        credentials: Credentials | None,
        *,
        line: str = "",
    ) -> None:
        self._network = network
        self._chain = chain
        self._credentials = credentials
        self._line = line
        self._locating: set[asyncio.Task[None]] = set()

    def refer_call(self, plan: ReferPlan) -> ReferAttempt:
        """Execute ``plan``; returns at once."""
        return ReferAttempt(self, self._network, plan, self._credentials)

    async def next_hop(self, uri: SipUri) -> tuple[Address, ...]:
        """Resolve ``uri``, in the order to be tried; raises ResolveError."""
        addresses = await self._chain.next_hop(uri)
        return tuple(
            evolve(address, line=self._line) if address.transport.reliable else address
            for address in addresses
        )

    def locate(self, uri: SipUri, then: Located) -> None:
        """Resolve ``uri`` for a call under way; ``then`` gets nothing where there is nothing."""
        task = asyncio.get_running_loop().create_task(self._locate(uri, then))
        self._locating.add(task)
        task.add_done_callback(self._locating.discard)

    async def _locate(self, uri: SipUri, then: Located) -> None:
        try:
            addresses = self._network.reachable(await self.next_hop(uri))
        except (ResolveError, NetworkError):
            addresses = ()
        self._network.drive(partial(then, addresses))


class ReferAttempt:
    """An `Attempt` that is a `ReferCall`: resolves, calls, and queues what happens."""

    capabilities = frozenset({Capability.HANG_UP})

    def __init__(
        self,
        line: LineNetwork,
        network: SipNetwork,
        plan: ReferPlan,
        credentials: Credentials | None,
    ) -> None:
        self._line = line
        self._network = network
        self._plan = plan
        self._credentials = credentials
        self._happenings: asyncio.Queue[Happening] = asyncio.Queue()
        self._call: ReferCall | None = None
        self._starting = asyncio.get_running_loop().create_task(self._start())

    async def events(self) -> AsyncIterator[Happening]:
        """What happens; ends after `CallEnded`."""
        while True:
            happening = await self._happenings.get()
            yield happening
            if isinstance(happening, CallEnded):
                return

    async def hang_up(self) -> None:
        """End it; raises RefusedError after the hand-over."""
        if self._call is not None:
            self._network.drive(self._call.hang_up)
        elif self._starting.cancel():
            self._happenings.put_nowait(CallEnded(Outcome.CANCELLED, Stage.PROXY))
        else:
            raise RefusedError("the call has ended already")

    async def transfer(self, to: Uri) -> None:
        """Not before the phone can be told so."""
        raise NotSupportedError(f"a call by REFER cannot be transferred to {to} while it is set up")

    async def _start(self) -> None:
        stage = Stage.PHONE if self._plan.direct else Stage.PROXY
        try:
            found = await self._line.next_hop(self._plan.next_hop)
            addresses = self._network.reachable(found)
            call = ReferCall(
                self._plan,
                agent=self._network.agent,
                addresses=addresses,
                credentials=self._credentials,
                locate=self._line.locate,
                report=self._happenings.put_nowait,
            )
            self._network.drive(call.start)
        except SiptapiError as error:  # no address, or a plan that no message can be made of
            self._happenings.put_nowait(CallFailed(stage, None, str(error), Disturbed.NO))
            self._happenings.put_nowait(CallEnded(Outcome.FAILED, stage))
        else:
            self._call = call
