"""What a strategy gets: the network as one line may use it, and the attempts it makes there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial

from attrs import evolve

from siptapi_core.contracts import Capability, Logger, Planning
from siptapi_core.errors import (
    NetworkError,
    PluginError,
    RefusedError,
    ResolveError,
    SiptapiError,
)
from siptapi_core.events import (
    AttemptHappening,
    CallEnded,
    CallFailed,
    CallId,
    Disturbed,
    Outcome,
    Stage,
)
from siptapi_core.locating import stated_address
from siptapi_core.machine.phone_leg import Located
from siptapi_core.machine.refer_call import ReferCall
from siptapi_core.machine.refer_plan import ReferPlan
from siptapi_core.net.mailbox import Mailbox
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.uri import SipUri, Uri
from siptapi_core.targets import Address, HostPort, Transport

ReadCredentials = Callable[[], Awaitable[Credentials | None]]
"""Reads what a line answers challenges with, None where it has no password; SettingsError."""
Report = Callable[[AttemptHappening], None]
MAXIMUM_STUN_SERVERS = 4
"""Addresses that are asked at once: two show whether the mapping depends on the destination."""

_NO_TASKS: frozenset[asyncio.Task[None]] = frozenset()  # one for all calls: it takes 216 bytes


class LineNetwork:
    """The network of one line: its resolvers, its credentials (which no strategy ever sees).

    ``credentials`` are read when a call needs them, None where there are none; ``logger`` is that
    of ``call``, by default the network's.
    """

    __slots__ = (
        "_call",
        "_chain",
        "_credentials",
        "_line",
        "_locating",
        "_logger",
        "_network",
    )

    def __init__(
        self,
        network: SipNetwork,
        chain: ResolverChain,
        credentials: ReadCredentials | None,
        *,
        line: str = "",
        call: CallId = "",
        logger: Logger | None = None,
    ) -> None:
        self._network = network
        self._chain = chain
        self._credentials = credentials
        self._line = line
        self._call = call
        self._logger = logger or network.logger
        self._locating = _NO_TASKS

    def refer_call(self, plan: ReferPlan | Planning) -> ReferAttempt:
        """Execute ``plan``, or make and execute it; returns at once."""
        return ReferAttempt(self, self._network, plan, self._credentials)

    async def next_hop(self, uri: SipUri) -> tuple[Address, ...]:
        """Resolve ``uri``, in the order to be tried; raises ResolveError."""
        stated = stated_address(uri)
        try:
            found = (stated,) if stated is not None else await self._chain.next_hop(uri)
        except ResolveError as error:
            self._logger.debug("next hop not found", uri=uri, why=str(error))
            raise
        self._logger.debug("next hop found", uri=uri, addresses=found)
        if stated is not None:
            return found
        return tuple(
            evolve(address, line=self._line) if address.transport.reliable else address
            for address in found
        )

    async def mapped_address(
        self, towards: SipUri, servers: Sequence[HostPort], *, refresh: float
    ) -> Address:
        """Where STUN servers see our UDP socket; raises NetworkError, ResolveError."""
        way = (await self.next_hop(towards))[0]
        if way.transport is not Transport.UDP:
            raise NetworkError(
                f"{towards} is reached over {way.transport.upper()}, which needs no STUN: "
                "the other side answers on our connection"
            )
        problems: list[str] = []

        async def resolve(server: HostPort) -> tuple[Address, ...]:
            try:
                return await self._chain.next_hop(server)
            except ResolveError as error:
                problems.append(str(error))
                return ()

        found = await asyncio.gather(*map(resolve, servers))
        is_v6 = ":" in way.host
        usable = [each for some in found for each in some if (":" in each.host) is is_v6]
        if not usable:
            family = "IPv6" if is_v6 else "IPv4"
            why = "; ".join(problems) or f"none has an {family} address"
            raise NetworkError(f"no STUN server can be asked: {why}")
        few = tuple(dict.fromkeys(Address(each.host, each.port) for each in usable))
        return await self._network.mapped_address(way, few[:MAXIMUM_STUN_SERVERS], refresh)

    def name_call(self, call_id: str) -> None:
        """Let traces say whose messages those of that Call-ID are."""
        if self._call:
            self._network.name_call(call_id, self._call)

    def locate(self, uri: SipUri, then: Located) -> None:
        """Resolve ``uri`` for a call under way; ``then`` gets nothing where there is nothing."""
        stated = stated_address(uri)
        if stated is not None:
            self._go_on((stated,), then)
            return
        task = asyncio.get_running_loop().create_task(self._locate(uri, then))
        self._locating |= {task}
        task.add_done_callback(self._on_located)

    def _on_located(self, task: asyncio.Task[None]) -> None:
        self._locating -= {task}

    async def _locate(self, uri: SipUri, then: Located) -> None:
        try:
            found = await self.next_hop(uri)
        except ResolveError:
            found = ()
        self._go_on(found, then)

    def _go_on(self, found: tuple[Address, ...], then: Located) -> None:
        try:
            addresses = self._network.reachable(found)
        except NetworkError:
            addresses = ()
        self._network.drive(partial(then, addresses))


class _Happenings(Mailbox[AttemptHappening]):
    """Ends after `CallEnded`."""

    __slots__ = ()

    def put(self, happening: AttemptHappening) -> None:
        super().put(happening)
        if isinstance(happening, CallEnded):
            self.end()


class ReferAttempt:
    """An `Attempt` that is a `ReferCall`: resolves, calls, and reports what happens."""

    capabilities = frozenset(Capability)

    __slots__ = (
        "_call",
        "_credentials",
        "_happenings",
        "_line",
        "_network",
        "_plan",
        "_report",
        "_starting",
        "_transferred_to",
    )

    def __init__(
        self,
        line: LineNetwork,
        network: SipNetwork,
        plan: ReferPlan | Planning,
        credentials: ReadCredentials | None,
    ) -> None:
        self._line = line
        self._network = network
        self._plan = plan
        self._credentials = credentials
        self._happenings = _Happenings()
        self._report: Report = self._happenings.put
        self._transferred_to: Uri | None = None
        self._call: ReferCall | None = None
        starting = asyncio.get_running_loop().create_task(self._start())
        self._starting: asyncio.Task[None] | None = starting

    def report_to(self, report: Report) -> None:
        """Let ``report`` be called with what happens, instead of `events`.

        Before anything has happened, so in the same turn of the loop as `LineNetwork.refer_call`.
        """
        self._report = report

    def events(self) -> AsyncIterator[AttemptHappening]:
        """What happens; ends after `CallEnded`."""
        return self._happenings

    async def hang_up(self) -> None:
        """End it; raises RefusedError after the hand-over."""
        if self._call is not None:
            self._network.drive(self._call.hang_up)
        elif self._starting is not None:
            self._starting.cancel()
            self._starting = None
            self._report(CallEnded(Outcome.CANCELLED, Stage.PROXY))
        else:
            raise RefusedError("the call has ended already")

    async def transfer(self, to: Uri) -> None:
        """Refer whom we hold, or shall hold, to ``to``; raises RefusedError."""
        if self._call is not None:
            self._network.drive(partial(self._call.transfer, to))
        elif self._starting is None:
            raise RefusedError("the call has ended already")
        else:
            self._transferred_to = to

    async def _start(self) -> None:
        stage = Stage.PROXY
        try:
            plan = await _made(self._plan)
            credentials = None if self._credentials is None else await self._credentials()
            stage = Stage(plan.first) if plan.direct else Stage.PROXY
            found = await self._line.next_hop(plan.next_hop)
            addresses = self._network.reachable(found)
            call = ReferCall(
                plan,
                agent=self._network.agent,
                addresses=addresses,
                credentials=credentials,
                locate=self._line.locate,
                report=self._report,
            )
            self._line.name_call(call.call_id)
            if self._transferred_to is not None:
                self._network.drive(partial(call.transfer, self._transferred_to))
            self._network.drive(call.start)
        except SiptapiError as error:  # no address, no password, a plan that cannot be a message
            failed = CallFailed(stage, None, str(error), Disturbed.NO, code=error.code)
            self._report(failed)
            self._report(CallEnded(Outcome.FAILED, stage))
        else:
            self._call = call
        finally:
            self._starting = None  # with its coroutine it takes 700 bytes


async def _made(plan: ReferPlan | Planning) -> ReferPlan:
    """The plan, once it is made; what a strategy's own code raises becomes an error of ours."""
    if isinstance(plan, ReferPlan):
        return plan
    try:
        return await plan()
    except SiptapiError:
        raise
    except Exception as error:
        raise PluginError(f"the strategy broke while it made its plan: {error!r}") from error
