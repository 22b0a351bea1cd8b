"""The registrations of all lines over one network: who registers when, and how all of them end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from siptapi_core.errors import SiptapiError
from siptapi_core.events import RegistrationChanged, RegistrationState
from siptapi_core.machine.flows import Flows
from siptapi_core.machine.registration import Registration, RegistrationPhase
from siptapi_core.machine.registration_plan import RegistrationPlan
from siptapi_core.net.line_network import LineNetwork, ReadCredentials
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.net.turns import Turns
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.targets import Address

AT_ONCE = 100
"""REGISTERs under way at a time: a start or a stop of ten thousand lines is no flood."""
PATIENCE = 1.0
"""Seconds after which one that is not answered does not hold the others up any more."""

Report = Callable[[str, RegistrationChanged], None]


class Registrations:
    """The lines of one network that register, by name.

    ``report(line, change)`` is called, in the loop, when the state of a line is another one, and
    after each failure; a refresh that goes well is not told. A line that waits for calls has no
    task; its password is read for each of its REGISTERs, and not kept.
    """

    def __init__(self, network: SipNetwork, report: Report, *, at_once: int = AT_ONCE) -> None:
        self.network = network
        self.report = report
        self.flows = Flows(network.agent.transactions)
        network.agent.on_refused.append(self.flows.on_refused)
        self._turns = Turns(at_once, PATIENCE)
        self._lines: dict[str, _Line] = {}
        self._leaving: dict[str, _Line] = {}
        self._all_gone = asyncio.Event()

    def register(
        self,
        line: str,
        plan: RegistrationPlan,
        chain: Callable[[str], ResolverChain],
        credentials: ReadCredentials | None,
    ) -> None:
        """Register ``line``, and keep it registered.

        ``chain(line)`` leads to the next hop, asked for each time. Where a line of that name is
        being unregistered, this one begins when that one is gone.

        Raises:
            ValueError: a line of that name registers already.
        """
        if line in self._lines:
            raise ValueError(f"line {line!r} registers already")
        made = self._lines[line] = _Line(self, line, plan, chain, credentials)
        if line not in self._leaving:
            self.network.drive(made.registration.start)

    def unregister(self, line: str, seconds: float | None = None) -> None:
        """Take ``line`` off, within ``seconds``, by default those of one transaction.

        What follows is reported; one that does not register is left alone.
        """
        made = self._lines.pop(line, None)
        if made is None or line in self._leaving:  # in the latter case it has not begun
            return
        self._leaving[line] = made
        limit = self.network.agent.timers.transaction_timeout if seconds is None else seconds
        self.network.drive(lambda now: made.registration.unregister(now, limit))

    def status(self, line: str) -> RegistrationChanged:
        """How ``line`` is now."""
        made = self._leaving.get(line) or self._lines.get(line)
        if made is None:
            return RegistrationChanged(RegistrationState.UNREGISTERED)
        return made.registration.status(asyncio.get_running_loop().time())

    def renew(self, ways: Iterable[Address]) -> None:
        """Register again by each of ``ways``; so do subscriptions, which share them."""
        for way in ways:
            self.network.drive(partial(self.flows.on_refused, way))

    def service_route(self, line: str) -> tuple[NameAddr, ...]:
        """The route for requests of ``line`` outside dialogs (RFC 3608); empty: none."""
        made = self._lines.get(line)
        return () if made is None else made.registration.service_route

    async def close(self, seconds: float) -> None:
        """Take all lines off; return when all are gone, after ``seconds`` at the latest."""
        for line in tuple(self._lines):
            self.unregister(line, seconds)
        if self._leaving:
            self._all_gone.clear()
            try:
                await asyncio.wait_for(self._all_gone.wait(), seconds)
            except TimeoutError:
                for made in tuple(self._leaving.values()):
                    self.network.drive(made.registration.give_up)
        await self._turns.close()

    def prepare(self, line: _Line) -> None:
        """A line wants to send a REGISTER: find out to whom, when it is its turn."""
        self._turns.ask(line, partial(self._find_way, line))

    def on_changed(self, line: _Line, now: float) -> None:
        """The phase of a line is another one."""
        registration = line.registration
        if not registration.is_busy:
            self._turns.finish(line)
        if registration.phase is RegistrationPhase.GONE:
            self._leaving.pop(line.name, None)
        change = registration.status(now)
        if change.state is not line.reported or change.state is RegistrationState.FAILED:
            line.reported = change.state
            self.report(line.name, change)
        if registration.phase is RegistrationPhase.GONE:
            self._follow(line.name, now)

    def _follow(self, name: str, now: float) -> None:
        """A line is gone: the one of the same name may begin."""
        successor = self._lines.get(name)
        if successor is not None and successor.registration.phase is RegistrationPhase.IDLE:
            successor.registration.start(now)
        if not self._leaving:
            self._all_gone.set()

    async def _find_way(self, line: _Line) -> None:
        registration = line.registration
        try:
            credentials = None if line.credentials is None else await line.credentials()
            way = LineNetwork(self.network, line.chain(line.name), None, line=line.name)
            found = await way.next_hop(line.next_hop)
            self.network.expect_calls(line.next_hop, found)
            addresses = self.network.reachable(found)
        except SiptapiError as error:
            self.network.drive(partial(registration.cannot_proceed, error))
        else:
            self.network.drive(partial(registration.proceed, addresses, credentials))


class _Line:
    """One line: what its registration is made with, and its owner."""

    __slots__ = (*("_all", "chain", "credentials", "name", "next_hop", "registration", "reported"),)

    def __init__(
        self,
        all_lines: Registrations,
        name: str,
        plan: RegistrationPlan,
        chain: Callable[[str], ResolverChain],
        credentials: ReadCredentials | None,
    ) -> None:
        self._all = all_lines
        self.name = name
        self.chain = chain
        self.credentials = credentials
        self.next_hop = plan.next_hop
        self.reported = RegistrationState.UNREGISTERED
        self.registration = Registration(
            plan, agent=all_lines.network.agent, flows=all_lines.flows, owner=self
        )

    def prepare(self, now: float) -> None:  # noqa: ARG002  # its turn may come later
        self._all.prepare(self)

    def on_changed(self, now: float) -> None:
        self._all.on_changed(self, now)
